"""Models of the fixed effects' reference numbers, fitted once, and what R says of them."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pandas as pd

import lmm
from lmm.infer.smallsample import small_sample
from tests.reference.tables import fitting_arguments, read_table, reference_cases

FIXTURES = Path(__file__).parents[1] / "data" / "fixed_effects_fixtures.json"


@functools.cache
def fitted(id: str) -> lmm.Fit:
    """The model of a case of public.json."""
    case = reference_cases()[id]
    arguments = fitting_arguments(case, read_table(case))
    return lmm.fit(arguments.pop("formula"), arguments.pop("data"), **arguments)


@functools.cache
def small_sample_of(id: str, method: str):
    """Degrees of freedom of such a model."""
    return small_sample(fitted(id), method)


@functools.cache
def from_r() -> dict:
    """All of fixed_effects_fixtures.json; its models by their names."""
    read = json.loads(FIXTURES.read_text(encoding="utf-8"))
    return {**read, "models": {model["name"]: model for model in read["models"]}}


@functools.cache
def table_of(name: str) -> pd.DataFrame:
    """The table of a model of fixed_effects_fixtures.json, whose script says what was left out or added."""
    model = from_r()["models"][name]
    table = read_table(reference_cases()[model["case"]])
    if model["cycle"]:
        table["h"] = [str(row % model["cycle"]) for row in range(len(table))]
    return table.drop(index=table.index[model["without"]])


@functools.cache
def model_of(name: str) -> lmm.Fit:
    """A model of fixed_effects_fixtures.json, fitted here."""
    model = from_r()["models"][name]
    return lmm.fit(model["formula"], table_of(name), reml=model["reml"])


def assert_rows(rows, reference: dict, *, df: float, F: float, p: float) -> None:
    """Compare rows with columns as lmerTest's anova() has them, to relative tolerances; None where it has none."""
    by_term = {row.term: row for row in rows}
    assert set(by_term) == set(reference["term"])
    for i, term in enumerate(reference["term"]):
        row, expected = by_term[term], {key: column[i] for key, column in reference.items() if key != "term"}
        if expected["F"] is None:
            assert row.test is None and "nothing to test" in row.reason
            continue
        assert row.test.numerator == expected["numdf"]
        np.testing.assert_allclose(row.test.denominator, expected["dendf"], rtol=df, err_msg=term)
        np.testing.assert_allclose(row.test.statistic, expected["F"], rtol=F, err_msg=term)
        np.testing.assert_allclose(row.sum_of_squares, expected["sumsq"], rtol=F, err_msg=term)
        np.testing.assert_allclose(row.test.p, expected["p"], rtol=p, err_msg=term)
