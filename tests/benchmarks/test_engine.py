"""The benchmark runs, with lmm alone: its numbers are for a quiet machine, not for a test."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(*arguments: str) -> str:
    """Return what the benchmark prints."""
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "engine.py"), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_benchmark_measures_a_case_and_writes_nothing_on_a_dry_run():
    written = [BENCHMARKS / "results.json", BENCHMARKS.parent / "docs" / "benchmark.md"]
    before = [file.read_bytes() if file.exists() else None for file in written]
    printed = run("--cases", "a", "c", "--tools", "lmm", "--rounds", "1", "--dry-run")
    assert [file.read_bytes() if file.exists() else None for file in written] == before
    assert "| a    | `Reaction ~ Days + (Days \\| Subject)` |" in printed
    assert "## Milliseconds per fit" in printed
    assert "Not fitted" not in printed
