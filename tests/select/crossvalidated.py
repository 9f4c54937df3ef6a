"""What the tests of cross-validation share: R's numbers, tables, and all folds of a model at once."""

import functools
import json
from pathlib import Path

import numpy as np
import pandas as pd

from lmm.select.crossvalidation.folds import KNOWN_GROUPS, SOME_ROWS, Folds
from lmm.select.crossvalidation.model import formula_model
from lmm.select.crossvalidation.score import score_folds
from lmm.select.crossvalidation.scores import Scores
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


def given_folds(table, group, fold) -> Folds:
    """Return folds of known groups that hold out given rows."""
    codes, levels = pd.factorize(table[group], sort=True)
    fold = np.asarray(fold)
    return Folds("s", KNOWN_GROUPS, SOME_ROWS, group, tuple(map(str, levels)), codes, int(fold.max()) + 1, fold, None)
