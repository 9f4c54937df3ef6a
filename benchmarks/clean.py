#!/usr/bin/env python3
"""Measure `lmm.clean` on a large table beside pandas' own reader; prints time and memory, and fails beyond the limits.

    .venv/bin/python benchmarks/clean.py                            # 10 million rows × 12 columns
    .venv/bin/python benchmarks/clean.py --rows 1000000 --dry-run   # print only

The limits: 4 GB of memory, and three times the time that `pandas.read_csv` takes for the CSV file. Each measurement has
a process of its own; the three take turns, so that whatever slows the machine slows them alike. The tables are made
from a seed, in a temporary folder. Writes clean.json and docs/benchmark.md.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from engine import PAGE, RESULTS, commit, machine
from page import CLEAN, cleaning_table, page

from lmm.files import read_json, write_json, write_text

SEED = 20261122
PART = 500_000
ROUNDS = 5
GIGABYTES, TIMES = 4.0, 3.0
PANDAS = "pandas.read_csv, CSV"
BLOCK = {
    "name": "large",
    "outcome": "score",
    "fixed": "age + income * sex",
    "groups": ["school", "pupil"],
    "slopes": {"school": "age"},
    "time": "wave",
    "weights": "weight",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--dry-run", action="store_true", help="print the table, write nothing")
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measured(options.measure[0], Path(options.measure[1]))))
        return 0
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        write_tables(Path(folder), options.rows)
        figures = in_turns(Path(folder, "large.csv"), Path(folder, "large.parquet"), options.rounds)
    results = {
        "machine": machine().replace(" (one used)", ""),
        "software": f"lmm {commit()}, pandas {pd.__version__}, pyarrow {pa.__version__}, numpy {np.__version__}",
        "command": ".venv/bin/python benchmarks/clean.py",
        "rows": options.rows,
        "load": load,
        "figures": figures,
    }
    print(cleaning_table(results))
    if not options.dry_run:
        write_json(CLEAN, results)
        write_text(PAGE, page(read_json(RESULTS)))
    return within_limits(figures)


def within_limits(figures: dict[str, dict]) -> int:
    """Say what is beyond the limits; 0 where nothing is."""
    allowed = TIMES * median(figures[PANDAS]["seconds"])
    beyond = [
        name
        for name, found in figures.items()
        if name != PANDAS and (max(found["gigabytes"]) > GIGABYTES or median(found["seconds"]) > allowed)
    ]
    print(f"beyond the limits: {', '.join(beyond)}" if beyond else "within the limits of 4 GB and 3 × pandas.read_csv")
    return 1 if beyond else 0


def measured(what: str, path: Path) -> dict[str, float]:
    """Read or clean one file in this process; the peak is that of the whole process, Python and libraries included."""
    if what == "clean":
        from lmm import study
        from lmm.clean import clean

        chosen = study.load({"studies": [BLOCK | {"data": path.name}]})[0]
        start, cpu = time.perf_counter(), time.process_time()
        rows = len(clean(chosen, path.parent).table)
    else:
        start, cpu = time.perf_counter(), time.process_time()
        rows = len(pd.read_csv(path))
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "gigabytes": peak, "rows": rows}


def in_turns(csv: Path, parquet: Path, rounds: int) -> dict[str, dict]:
    """Return what each round found, by what was measured; each time in a process of its own."""
    kinds = {PANDAS: ("pandas", csv), "lmm.clean, CSV": ("clean", csv), "lmm.clean, Parquet": ("clean", parquet)}
    found = {name: {"file_megabytes": path.stat().st_size / 2**20} for name, (_, path) in kinds.items()}
    for _ in range(rounds):
        for name, (what, path) in kinds.items():
            command = [sys.executable, __file__, "--measure", what, str(path)]
            done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            for key, value in done.items():
                found[name].setdefault(key, []).append(value)
    return found


def write_tables(folder: Path, rows: int) -> None:
    """Write the same rows as CSV and as Parquet, part by part."""
    random = np.random.default_rng(SEED)
    writer = None
    with (folder / "large.csv").open("w", encoding="utf-8", newline="") as text:
        for start in range(0, rows, PART):
            part = rows_from(random, start, min(PART, rows - start), rows)
            part.to_csv(text, index=False, header=start == 0, lineterminator="\n")
            table = pa.Table.from_pandas(part, preserve_index=False)
            writer = writer or pq.ParquetWriter(folder / "large.parquet", table.schema)
            writer.write_table(table)
    writer.close()


def rows_from(random: np.random.Generator, start: int, count: int, rows: int) -> pd.DataFrame:
    """Pupils of schools at four waves, with a few missing cells and columns that no model needs."""
    row = np.arange(start, start + count)
    pupil = row // 4
    table = pd.DataFrame(
        {
            "school": np.char.add("school ", (pupil // 50).astype(str)),
            "pupil": pupil,
            "wave": row % 4,
            "score": random.normal(500, 100, count).round(3),
            "age": random.uniform(6, 12, count).round(2),
            "income": random.normal(size=count),
            "sex": random.choice(["female", "male"], count),
            "weight": random.uniform(0.5, 2, count).round(4),
            "height": random.normal(140, 10, count).round(1),
            "region": random.choice(["north", "east", "south", "west"], count),
            "income2": random.normal(size=count),
            "books": random.integers(0, 500, count),
        }
    )
    return table.assign(income=table["income"].mask(random.random(count) < 0.01))


if __name__ == "__main__":
    sys.exit(main())
