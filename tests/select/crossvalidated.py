"""What the tests of cross-validation share: R's numbers, tables, and all folds of a model at once."""

import functools
import json
from pathlib import Path

import pandas as pd

from lmm.select.crossvalidation import Scores, formula_model, score_folds
from tests.reference.tables import read_table, reference_cases


@functools.cache
def numbers_of_r() -> dict:
    """Return what crossvalidation_fixtures.R wrote."""
    path = Path(__file__).parents[1] / "data" / "crossvalidation_fixtures.json"
    return json.loads(path.read_text(encoding="utf-8"))


@functools.cache
def table_of(case: str) -> pd.DataFrame:
    """Return the table of a reference case."""
    return read_table(reference_cases()[case])


def scored(formula, table, folds, *, reml=True, weights=None, preparation=None) -> Scores:
    """Return the scores of a formula on all folds."""
    return score_folds(formula_model(formula, formula, weights, reml), table, folds, 0, folds.number, preparation)
