"""Standardised coefficients, without a refit: what a predictor does in units of spread instead of its own.

Every version multiplies by a spread of the column of X and divides by one of the outcome.

- `by_standard_deviation`: both standard deviations, of dummies and products of predictors too; "basic" in R's
  effectsize.
- `by_two_standard_deviations`: twice that of a numeric predictor and 1 for a column with two values, so that numbers
  compare with groups (Gelman 2008).
- `within_and_between`: for a predictor that varies within the levels of a grouping factor both of the deviations from
  the levels' means, so that the coefficient of a single predictor is the correlation within levels; for one that does
  not, both of the levels' means (Hoffman 2015). R's effectsize ("pseudo") takes the outcome's spreads from
  a mixed model of the outcome alone and the predictor's from all rows, and differs by factors such as √(1 − J/n).

Standard deviations are those of the rows used, divisor n − 1, not weighted. They are taken as known: standard errors
are those of the coefficients times the same factor. Columns that are products of predictors are standardised as they
stand, which is not the product of standardised predictors: centre predictors first where a product is to be read so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmm.errors import InputError
from lmm.formula.columns import listing
from lmm.infer.referencegrid import rows_used

if TYPE_CHECKING:
    from lmm.infer.hypothesis import SmallSample
    from lmm.model import Fit

# A column that varies by less than this share of its spread within levels does not vary there.
_CONSTANT = 1e-8


@dataclass(frozen=True)
class StandardisedCoefficient:
    """A fixed effect in units of spread.

    Attributes:
        name: of the fixed effect. estimate, lower, upper: standardised; se likewise.
        factor: what the coefficient was multiplied by.
        basis: "standard deviation", "two standard deviations", "as it is", "within" or "between".
        level: of the interval.
    """

    name: str
    estimate: float
    se: float
    lower: float
    upper: float
    factor: float
    basis: str
    level: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return dict(vars(self))


def by_standard_deviation(
    fit: Fit, data: pd.DataFrame, small_sample: SmallSample, level: float = 0.95
) -> tuple[StandardisedCoefficient, ...]:
    """β sd(x)/sd(y) of every fixed effect but the intercept.

    data: the table the model was fitted to. The outcome is that of the formula's left side, less any offset.
    """
    X, y = _columns(fit, data)
    spread = X.std(0, ddof=1)
    factors = {j: (spread[j] / y.std(ddof=1), "standard deviation") for j in _varying(X)}
    return _standardised(fit, factors, small_sample, level)


def by_two_standard_deviations(
    fit: Fit, data: pd.DataFrame, small_sample: SmallSample, level: float = 0.95
) -> tuple[StandardisedCoefficient, ...]:
    """2β sd(x)/sd(y) of numeric columns, β/sd(y) of columns with two values, such as the dummies of a factor.

    Gelman (2008, Statistics in Medicine 27: 2865–2873) leaves the outcome as it is: multiply by its standard deviation.
    """
    X, y = _columns(fit, data)
    spread, outcome = X.std(0, ddof=1), y.std(ddof=1)
    factors = {
        j: (1.0 / outcome, "as it is")
        if len(np.unique(X[:, j])) == 2
        else (2.0 * spread[j] / outcome, "two standard deviations")
        for j in _varying(X)
    }
    return _standardised(fit, factors, small_sample, level)


def within_and_between(
    fit: Fit, data: pd.DataFrame, group: str, small_sample: SmallSample, level: float = 0.95
) -> tuple[StandardisedCoefficient, ...]:
    """β sd(x)/sd(y), both within the levels of `group` where x varies there, else both of the levels' means.

    Within: the standard deviation of deviations from the levels' means. Between: of the means, one per level.

    Raises:
        InputError: `group` is no grouping factor of the model.
    """
    if group not in fit.groups:
        raise InputError(
            f"'{group}' is not among the model's grouping factors, {listing(tuple(fit.groups)) or 'none'}."
        )
    X, y = _columns(fit, data)
    random = fit.recipe.random(rows_used(fit, data))
    labels = next(labels for term, (_, labels) in zip(fit.random, random, strict=True) if term.group == group)
    codes = pd.factorize(labels)[0]
    size = np.bincount(codes)
    means = np.column_stack([np.bincount(codes, column) / size for column in np.column_stack([X, y]).T])
    deviations = np.column_stack([X, y]) - means[codes]
    within, between = deviations.std(0, ddof=1), means.std(0, ddof=1)
    factors = {}
    for j in _varying(X):
        inside = within[j] > _CONSTANT * X[:, j].std()
        factors[j] = (within[j] / within[-1], "within") if inside else (between[j] / between[-1], "between")
    return _standardised(fit, factors, small_sample, level)


def _columns(fit: Fit, data: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    X = fit.recipe.fixed(rows_used(fit, data))[:, fit.kept]
    y = fit.fitted + fit.residuals
    return X, y if fit.offset is None else y - fit.offset


def _varying(X: np.ndarray) -> list[int]:
    return [j for j in range(X.shape[1]) if np.ptp(X[:, j]) > 0]


def _standardised(
    fit: Fit, factors: dict[int, tuple[float, str]], small_sample: SmallSample, level: float
) -> tuple[StandardisedCoefficient, ...]:
    found = []
    for j, (factor, basis) in factors.items():
        unit = np.eye(len(fit.beta))[j]
        test, (lower, upper) = small_sample.t_test(unit), small_sample.interval(unit, level)
        found.append(
            StandardisedCoefficient(
                fit.coefficients[j],
                test.estimate * float(factor),
                test.se * float(factor),
                lower * float(factor),
                upper * float(factor),
                float(factor),
                basis,
                level,
            )
        )
    return tuple(found)
