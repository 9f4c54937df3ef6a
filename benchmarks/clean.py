#!/usr/bin/env python3
"""Measure `lmm.clean` on a large table beside pandas' own reader; prints time and memory, and fails beyond the limits.

    .venv/bin/python benchmarks/clean.py                   # 10 million rows × 12 columns
    .venv/bin/python benchmarks/clean.py --rows 1000000

The limits: 4 GB of memory, and three times the time that `pandas.read_csv` takes for the CSV file. Each time is
the median of three processes; the tables are made from a seed, in a temporary folder.
"""

import argparse
import json
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

SEED = 20261122
PART = 500_000
ROUNDS = 3
GIGABYTES, TIMES = 4.0, 3.0
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
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measured(options.measure[0], Path(options.measure[1]))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write_tables(Path(folder), options.rows)
        csv, parquet = Path(folder, "large.csv"), Path(folder, "large.parquet")
        print(f"{options.rows:,} rows × 12 columns: CSV {size(csv)}, Parquet {size(parquet)}")
        figures = {
            "pandas.read_csv": apart("pandas", csv),
            "lmm.clean, CSV": apart("clean", csv),
            "lmm.clean, Parquet": apart("clean", parquet),
        }
    reference = figures["pandas.read_csv"]["seconds"]
    print(f"{'':20} {'seconds':>8} {'× pandas':>8} {'peak GB':>8} {'rows kept':>12}")
    for name, found in figures.items():
        times = found["seconds"] / reference
        print(f"{name:20} {found['seconds']:8.1f} {times:8.2f} {found['gigabytes']:8.2f} {found['rows']:12,}")
    kept = [name for name in figures if name.startswith("lmm")]
    beyond = [n for n in kept if figures[n]["gigabytes"] > GIGABYTES or figures[n]["seconds"] > TIMES * reference]
    print(f"beyond the limits: {', '.join(beyond)}" if beyond else "within the limits of 4 GB and 3 × pandas.read_csv")
    return 1 if beyond else 0


def measured(what: str, path: Path) -> dict[str, float]:
    """Read or clean one file in this process; the peak is that of the whole process, Python and libraries included."""
    if what == "clean":
        from lmm import study
        from lmm.clean import clean

        chosen = study.load({"studies": [BLOCK | {"data": path.name}]})[0]
        start = time.perf_counter()
        rows = len(clean(chosen, path.parent).table)
    else:
        start = time.perf_counter()
        rows = len(pd.read_csv(path))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": seconds, "gigabytes": peak, "rows": rows}


def apart(what: str, path: Path) -> dict[str, float]:
    """Return the median time and the highest peak of some processes that do the same."""
    command = [sys.executable, __file__, "--measure", what, str(path)]
    done = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(ROUNDS)]
    found = [json.loads(text) for text in done]
    return {
        "seconds": median(one["seconds"] for one in found),
        "gigabytes": max(one["gigabytes"] for one in found),
        "rows": found[0]["rows"],
    }


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


def size(path: Path) -> str:
    return f"{path.stat().st_size / 2**20:,.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
