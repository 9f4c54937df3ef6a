"""What the tests of marginal means, contrasts and slopes share: R's numbers, and how close ours must come."""

import functools
import json
from pathlib import Path

import pandas as pd
import pytest

import lmm
from tests.reference.tables import read_table, reference_cases


@functools.cache
def numbers_of_r() -> dict:
    """Return what effects_fixtures.R wrote."""
    path = Path(__file__).parents[1] / "data" / "effects_fixtures.json"
    return json.loads(path.read_text(encoding="utf-8"))


@functools.cache
def table_of(case: str) -> pd.DataFrame:
    """Return the table of a reference case."""
    return read_table(reference_cases()[case])


@functools.cache
def fitted(formula: str, case: str, reml: bool = True) -> lmm.Fit:
    """Return the model fitted to the table of a reference case."""
    return lmm.fit(formula, table_of(case), reml=reml)


def assert_agree(found, expected: dict, **names: str) -> None:
    """Hold estimates to R's table: numbers within a thousandth of a percent, p and df likewise.

    names: our attribute for each of R's columns.
    """
    columns = {"SE": "se", "df": "df", "lower.CL": "lower", "upper.CL": "upper", "t.ratio": "t", "p.value": "p"} | names
    for column, attribute in columns.items():
        if column in expected:
            ours = [getattr(one, attribute) for one in found]
            size = expected["SE"][0] if column in ("lower.CL", "upper.CL", "estimate", "emmean") else 0.0
            # R's ptukey has some seven digits after the point.
            absolute = 5e-7 if column == "p.value" else 1e-5 * size
            assert ours == pytest.approx(expected[column], rel=2e-5, abs=absolute), column
