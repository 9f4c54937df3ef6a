"""What the fixed part predicts along a covariate: the mean with its interval, and where a new group's observation lies.

The covariate is the study's time, or the main numeric covariate of a study without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.formula.columns import Table, as_factor, label
from lmm.formula.evaluate import names_used
from lmm.formula.syntax import parse_expression
from lmm.infer.meanssections import interactions
from lmm.infer.prediction import predict_in_new_groups, predict_mean
from lmm.infer.referencegrid import reference_grid, rows_used

if TYPE_CHECKING:
    import pandas

    from lmm.infer.hypothesis import SmallSample
    from lmm.infer.linearfunctions import Level
    from lmm.infer.referencegrid import ReferenceGrid
    from lmm.model import Fit
    from lmm.study import Study

MOST_POINTS = 60
MOST_LINES = 6
FEWEST_VALUES = 3
"""A covariate with fewer values than this is two groups, and no axis."""


def main_covariate(study: Study, fit: Fit, table: pandas.DataFrame, grid: ReferenceGrid) -> str | None:
    """The covariate of the fixed part that its mean is shown along: time, else the first of the hypotheses, else the
    first of the formula; None without any that is a number of three values or more.
    """
    covariates = [name for name in grid.values if name not in grid.factors]
    if study.time in covariates:
        return study.time
    asked = [name for term in study.hypotheses for name in names_used(parse_expression(term))]
    rows = rows_used(fit, table)
    ordered = [name for name in dict.fromkeys([*asked, *covariates]) if name in covariates]
    return next((name for name in ordered if len(np.unique(rows[name])) >= FEWEST_VALUES), None)


def mean_band(
    fit: Fit, table: pandas.DataFrame, grid: ReferenceGrid, over: str, small_sample: SmallSample, level: float
) -> dict[str, Any]:
    """Predictions over the values seen of a covariate, a line for each level of the factors that interact with it.

    Other covariates are at their means, other factors at their most frequent level; "at" says so. `over` is a
    covariate of the fixed part.
    """
    rows = rows_used(fit, table)
    values = _points(np.asarray(rows[over], dtype=float))
    together = interactions(fit)
    by = _lines(grid, [name for name in grid.factors if frozenset((over, name)) in together])
    fixed = {name: _most_frequent(rows, name, grid) for name in grid.factors if name not in by}
    cells = reference_grid(fit, table, {over: values, **fixed}).cells
    means = {name: values[0] for name, values in grid.values.items() if name not in grid.factors and name != over}
    return {
        "over": over,
        "by": by,
        "at": {**means, **fixed},
        "rows": [{name: _plain(cells[name].iloc[i]) for name in (over, *by)} for i in range(len(cells))],
        "mean": predict_mean(fit, cells, small_sample, level).to_dict(),
        "new_group": predict_in_new_groups(fit, cells, level).to_dict(),
    }


def _points(values: np.ndarray) -> list[float]:
    seen = np.unique(values)
    return (seen if len(seen) <= MOST_POINTS else np.linspace(seen[0], seen[-1], MOST_POINTS)).tolist()


def _lines(grid: ReferenceGrid, factors: list[str]) -> list[str]:
    """As many of the factors as leave the lines few enough to tell apart."""
    kept, lines = [], 1
    for name in factors:
        if lines * len(grid.values[name]) <= MOST_LINES:
            kept.append(name)
            lines *= len(grid.values[name])
    return kept


def _most_frequent(rows: pandas.DataFrame, name: str, grid: ReferenceGrid) -> Level:
    """The most frequent level of a factor, the first of several."""
    factor = as_factor(Table(rows)[name])
    most = factor.levels[int(np.bincount(factor.codes, minlength=len(factor.levels)).argmax())]
    return next(value for value in grid.values[name] if label(value) == most)


def _plain(value: object) -> Level:
    return value.item() if isinstance(value, np.generic) else value
