"""The benchmark of inference runs, with lmm alone, and its page has the section."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_benchmark_asks_a_question_and_writes_nothing_on_a_dry_run():
    written = [BENCHMARKS / "inference.json", BENCHMARKS.parent / "docs" / "benchmark.md"]
    before = [file.read_bytes() if file.exists() else None for file in written]
    command = [sys.executable, str(BENCHMARKS / "inference.py"), "--questions", "profile", "--tools", "lmm"]
    done = subprocess.run([*command, "--rounds", "1", "--dry-run"], capture_output=True, text=True, check=True)
    assert [file.read_bytes() if file.exists() else None for file in written] == before
    # R: confint(lmer(Reaction ~ Days + (Days | Subject), sleepstudy)), 14.3814 as Bates et al. (2015) print it
    assert "lower limit of the first standard deviation: 14.381" in done.stdout


def test_the_page_holds_what_was_measured():
    measured = json.loads((BENCHMARKS / "inference.json").read_text(encoding="utf-8"))
    page = (BENCHMARKS.parent / "docs" / "benchmark.md").read_text(encoding="utf-8")
    assert "## Inference" in page and measured["command"] in page
    for question in measured["questions"].values():
        assert question["what"] in page
