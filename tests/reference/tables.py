"""The reference tables and cases, as R read them."""

import functools
import json
from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent


@functools.cache
def reference_cases() -> dict[str, dict]:
    """Return the 45 cases of public.json by their id."""
    published = json.loads((FOLDER / "public.json").read_text(encoding="utf-8"))
    return {case["id"]: case for case in published["cases"]}


@functools.cache
def reference_ladders() -> dict[str, dict]:
    """Return the 8 ladders of ladders_public.json by their id."""
    published = json.loads((FOLDER / "ladders_public.json").read_text(encoding="utf-8"))
    return {ladder["id"]: ladder for ladder in published["ladders"]}


def read_table(case: dict) -> pd.DataFrame:
    """Read the table of a case or ladder with the column types and the order of levels R had.

    Everything is read as text first: level names such as "NaN", " lead" or "007" must survive, and only an
    empty cell is missing.
    """
    table = pd.read_csv(FOLDER / "data" / case["data"], dtype=str, keep_default_na=False)
    for column, kind in case["types"].items():
        text = table[column].where(table[column] != "")
        if kind["type"] == "numeric":
            table[column] = pd.to_numeric(text)
        else:
            levels = kind.get("levels") or sorted(text.dropna().unique())
            table[column] = pd.Categorical(text, categories=levels, ordered=kind["type"] == "ordered")
    return table


def fitting_arguments(case: dict, table: pd.DataFrame) -> dict:
    """Return the keyword arguments with which `adapter.fit` meets a case."""
    return {
        "formula": case["formula"],
        "data": table,
        "reml": case["REML"],
        "weights": table[case["weights"]].to_numpy() if case["weights"] else None,
        "offset": table[case["offset"]].to_numpy() if case["offset"] else None,
    }
