"""The benchmark of cleaning runs on a small table, and its page has the section."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_benchmark_measures_a_small_table_and_writes_nothing_on_a_dry_run():
    written = [BENCHMARKS / "clean.json", BENCHMARKS.parent / "docs" / "benchmark.md"]
    before = [file.read_bytes() for file in written]
    command = [sys.executable, str(BENCHMARKS / "clean.py"), "--rows", "2000", "--rounds", "1", "--dry-run"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert [file.read_bytes() for file in written] == before
    rows = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| lmm.clean")]
    assert [row[1].strip() for row in rows] == ["lmm.clean, CSV", "lmm.clean, Parquet"], done.stderr
    assert len({row[-2] for row in rows}) == 1  # the same rows are kept of both files


def test_the_page_holds_what_was_measured():
    measured = json.loads((BENCHMARKS / "clean.json").read_text(encoding="utf-8"))
    page = (BENCHMARKS.parent / "docs" / "benchmark.md").read_text(encoding="utf-8")
    assert "## Cleaning" in page and measured["command"] in page
    for name in measured["figures"]:
        assert f"| {name} " in page
