#!/usr/bin/env python3
"""Measure everything and write docs/benchmark.md: one command for each part, one after the other.

    .venv/bin/python benchmarks/all.py                          # engine inference pipeline: some fifteen minutes
    .venv/bin/python benchmarks/all.py growth many clean large  # these parts; `large` takes lme4 a quarter of an hour

What was measured before on the same machine is kept, so that the parts can be run at different times. A part that
fails is told at the end and does not stop the others. Run `sh benchmarks/setup.sh` once before, and leave the machine
alone.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
LARGE = ["e2", "h2", "g2", "i"]
WITH_LARGE = ["lmm", "lme4", "mixedlm", "mixedlm-rs", "gpboost"]
PARTS = {
    "engine": ["engine.py"],
    "inference": ["inference.py"],
    "pipeline": ["pipeline.py", "--rounds", "1"],
    "growth": ["growth.py"],
    "many": ["many.py"],
    "clean": ["clean.py"],
    "large": ["engine.py", "--cases", *LARGE, "--tools", *WITH_LARGE, "--patience", "600", "--rounds", "3"],
}
DEFAULT = ["engine", "inference", "pipeline"]


def main() -> int:
    """Run the parts asked for; returns how many failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=DEFAULT, help=f"of {', '.join(PARTS)}")
    parts = parser.parse_args().parts
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"no part is called {unknown[0]}: the parts are {', '.join(PARTS)}")
    failed = []
    for part in parts:
        script, *arguments = PARTS[part]
        print(f"== {part} ({time.strftime('%H:%M')})", file=sys.stderr, flush=True)
        if subprocess.run([sys.executable, str(HERE / script), *arguments], check=False).returncode:
            failed.append(part)
    print(f"== done ({time.strftime('%H:%M')}); failed: {', '.join(failed) or 'none'}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
