"""Observed against cross-validated predictions of one model: their calibration slope, and what a figure needs of them.

The calibration slope is that of the least-squares line of the observed on the predicted values (Cox 1958, Biometrika
45: 562–565): 1 where predictions differ as far as they should, below 1 where they differ too far, so that they would
have to be shrunk towards their mean by 1 − slope (van Houwelingen & le Cessie 1990, Statistics in Medicine 9:
1303–1325), above 1 where they are too close to it. Its standard error is robust to whatever rows of one unit share
(Liang & Zeger 1986, Biometrika 73: 13–22), times √(U / (U − 1)) for U units.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.formula.random_part import split_bars
from lmm.formula.syntax import parse_expression
from lmm.formula.terms import expand
from lmm.select.crossvalidation.folds import NEW_GROUPS

if TYPE_CHECKING:
    from lmm.select.crossvalidation.scores import Scores

MOST_POINTS = 2_000
"""With more rows than this the figure has bins instead of points."""
BINS = 40
# Predictions that spread by a smaller share of the observations' spread are one number but for the noise of the folds.
_LEAST_SPREAD = 0.1
_TAIL = 0.05


@dataclass(frozen=True)
class Bin:
    """Rows with neighbouring predictions: how many, mean predicted and observed, 5% and 95% quantiles observed."""

    rows: int
    predicted: float
    observed: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Calibration:
    """How the held-out rows of one model lie about its predictions of them.

    Attributes:
        model: its name. rows, units: those it predicted.
        slope, standard_error: of observed on predicted; None where the predictions hardly differ, the latter also with
            a single unit.
        spread_of_predicted, spread_of_observed: standard deviations over the rows.
        points: "predicted" and "observed" of every row in the order of the table; None where there are too many.
        bins: by predicted value, in place of too many points, else None.
    """

    model: str
    rows: int
    units: int
    slope: float | None
    standard_error: float | None
    spread_of_predicted: float
    spread_of_observed: float
    points: dict[str, list[float]] | None
    bins: tuple[Bin, ...] | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def calibration(scores: Scores) -> Calibration | None:
    """Set the observed values of all rows that a model predicted beside its predictions; None with fewer than two."""
    order = np.argsort(scores.rows, kind="stable")
    order = order[scores.scored[order]]
    if len(order) < 2:
        return None
    observed, predicted, unit = scores.observed[order], scores.predicted[order], scores.unit[order]
    spreads = float(predicted.std(ddof=1)), float(observed.std(ddof=1))
    slope = error = None
    if spreads[0] > _LEAST_SPREAD * spreads[1] and not _predicts_one_number(scores):
        slope, error = calibration_slope(observed, predicted, unit)
    few = len(order) <= MOST_POINTS
    return Calibration(
        model=scores.model,
        rows=len(order),
        units=len(np.unique(unit)),
        slope=slope,
        standard_error=error,
        spread_of_predicted=spreads[0],
        spread_of_observed=spreads[1],
        points={"predicted": predicted.tolist(), "observed": observed.tolist()} if few else None,
        bins=None if few else _bins(observed, predicted),
    )


def _predicts_one_number(scores: Scores) -> bool:
    """Whether every new group is predicted by a mean without terms.

    Left out in turn, a group that is high has others with a low mean, and the slope would be −(U − 1) of nothing.
    """
    formula = next(formula for formula in scores.formulas if formula is not None)
    fixed, _ = split_bars(parse_expression(formula).right, formula)
    return scores.folds["target"] == NEW_GROUPS and not expand(fixed, formula).terms


def calibration_slope(observed: np.ndarray, predicted: np.ndarray, unit: np.ndarray) -> tuple[float, float | None]:
    """Slope of observed on predicted (n,), and its standard error robust to what rows of a unit (n,) share."""
    x = predicted - predicted.mean()
    slope = float(x @ observed / (x @ x))
    residual = observed - observed.mean() - slope * x
    units, place = np.unique(unit, return_inverse=True)
    number = len(units)
    if number < 2:
        return slope, None
    score = np.bincount(place, x * residual, number)
    return slope, float(np.sqrt(number / (number - 1) * (score @ score)) / (x @ x))


def _bins(observed: np.ndarray, predicted: np.ndarray) -> tuple[Bin, ...]:
    """As many rows in each, the lowest predictions first."""
    return tuple(
        Bin(
            len(rows),
            float(predicted[rows].mean()),
            float(observed[rows].mean()),
            *(float(limit) for limit in np.quantile(observed[rows], [_TAIL, 1 - _TAIL])),
        )
        for rows in np.array_split(np.argsort(predicted, kind="stable"), BINS)
    )
