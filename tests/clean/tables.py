"""Small raw tables and the study that reads them."""

from pathlib import Path

import pandas as pd

from lmm import study
from lmm.clean import Cleaned, clean

BLOCK = {"name": "trial", "data": "t.csv", "outcome": "y", "fixed": "x", "groups": ["g"]}


def a_study(**changes):
    return study.load({"studies": [BLOCK | changes]})[0]


def cleaned(folder: Path, text: str, **changes) -> Cleaned:
    """Write `text` as the raw table and clean it."""
    chosen = a_study(**changes)
    (folder / chosen.data).write_text(text, encoding="utf-8")
    return clean(chosen, folder)


def raw_table(rows: int = 12, **columns) -> pd.DataFrame:
    """Return a table that is fit to be analysed: y varies, x varies within g, g has four levels a to d."""
    plain = {
        "y": [float(3 * i % 7) for i in range(rows)],
        "x": [float(i % 3) for i in range(rows)],
        "g": ["abcd"[i * 4 // rows] for i in range(rows)],
    }
    return pd.DataFrame(plain | columns)


def csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n")
