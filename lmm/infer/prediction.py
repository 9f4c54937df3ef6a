"""Predictions with intervals: of the mean, of an observation in a new group, and of one in a known group.

| question | variance V of the error | degrees of freedom |
|---|---|---|
| the mean at x | x'Φx | of the `SmallSample` given |
| an observation in new groups | x'Φx + Σ z'Σz + σ²/w | Satterthwaite's for V, 2V²/(g'Ag) |
| the mean in known groups | H, that of Henderson's equations | the same, H as a multiple of σ² |
| an observation in known groups | H + σ²/w | likewise |

A new group is a person, school or plate that the study has not seen, all its random effects drawn anew. Known groups
enter by the conditional modes of the levels that the model knows; any other level is a new one. As in lme4, nlme and
SAS, H takes the ratios of the variances as known, which with few levels makes the interval of a group's mean too short
(Kackar & Harville 1984), and `note` says so. Measured at nominal 95 %, 600 samples each, a one-way design of 6 groups
of 5 or 18 of 4, intraclass correlation 0.1 to 0.5: new groups 95–96 %, an observation in a known group 94–97 %, the
mean of a known group 87–92 %.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmm.engine.leverage import prediction_variance
from lmm.errors import InputError
from lmm.infer.hypothesis import SmallSample, t_quantile
from lmm.infer.interval import check_level
from lmm.infer.linearfunctions import estimable
from lmm.infer.live import information_of, optimum_of
from lmm.infer.referencegrid import cell_functions
from lmm.infer.satterthwaite import covariance_of_variances, doubts
from lmm.infer.smallsample import small_sample

if TYPE_CHECKING:
    from lmm.engine.information import VarianceInformation
    from lmm.model import Fit


_RATIOS_KNOWN = "The ratios of the variances are taken as known: with few levels these intervals are too short."


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of m rows, on the scale of the formula's left side; NaN where a row cannot be predicted.

    Attributes:
        target: what is predicted, in words.
        estimate, se, df, lower, upper: (m,); se is that of the error of prediction.
        level: of the intervals, each row by itself. method: of the degrees of freedom.
        note: what a reader has to know, or None.
    """

    target: str
    estimate: np.ndarray
    se: np.ndarray
    df: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    level: float
    method: str
    note: str | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: None where there is no value, and where df is infinite."""
        columns = {name: getattr(self, name) for name in ("estimate", "se", "df", "lower", "upper")}
        listed = {
            name: [value if np.isfinite(value) else None for value in column.tolist()]
            for name, column in columns.items()
        }
        return {"target": self.target, **listed, "level": self.level, "method": self.method, "note": self.note}


def predict_mean(fit: Fit, newdata: pd.DataFrame, degrees: SmallSample, level: float = 0.95) -> Predictions:
    """The mean outcome of new rows, random effects at zero, with confidence intervals.

    Raises:
        InputError: as `Fit.predict`.
    """
    estimate, X, beyond = fixed_part(fit, newdata)
    estimate = estimate + X @ (degrees.beta - fit.beta)
    variance = np.einsum("mp,pq,mq->m", X, degrees.vcov, X)
    df = np.array([degrees.degrees_of_freedom(x) if v > 0 else np.nan for x, v in zip(X, variance, strict=True)])
    target = f"mean of {fit.outcome}"
    return _predictions(target, estimate, variance, df, level, degrees.method, degrees.note, beyond)


def predict_in_new_groups(
    fit: Fit, newdata: pd.DataFrame, level: float = 0.95, weights: str | np.ndarray | None = None
) -> Predictions:
    """An observation of each new row in levels of the grouping factors that the study has not seen.

    `newdata` needs the columns left of the bars and those of the fixed part; the grouping factors are not looked at.
    weights: prior weights of the new observations, a column's name or an array; one each by default.

    Raises:
        InputError: as `Fit.predict`, or the weights are not positive, or the fit was read from a file.
    """
    estimate, X, beyond = fixed_part(fit, newdata)
    residual = 1.0 / _weights(newdata, weights)
    if not fit.random:
        degrees = small_sample(fit, "residual")
        variance = np.einsum("mp,pq,mq->m", X, degrees.vcov, X) + residual * degrees.sigma**2
        df = np.full(len(X), float(fit.n - len(fit.beta)))
        target = f"{fit.outcome} of an observation"
        return _predictions(target, estimate, variance, df, level, "residual", None, beyond)
    of_mean = np.einsum("mp,pq,mq->m", X, fit.vcov_beta, X)
    information = information_of(fit)
    random = _random_gradient([columns for columns, _ in fit.recipe.random(_with_groups(fit, newdata))])
    gradient = np.column_stack([random, residual]) @ information.to_data
    variance = of_mean + gradient @ information.values
    gradient += np.einsum("mp,vpq,mq->mv", X, information.vcov_slopes, X)
    target = f"{fit.outcome} of an observation in a new group"
    return _with_satterthwaite(fit, information, target, estimate, variance, gradient, level, beyond)


def predict_in_known_groups(
    fit: Fit, newdata: pd.DataFrame, level: float = 0.95, weights: str | np.ndarray | None = None
) -> Predictions:
    """An observation of each new row in its own levels of the grouping factors, by their conditional modes.

    A level that the model does not know, or a missing one, is a new one: its effects are zero and their whole variance
    counts. Other arguments and errors are those of `predict_in_new_groups`.
    """
    target = f"{fit.outcome} of an observation in its groups"
    return _in_known_groups(fit, newdata, 1.0 / _weights(newdata, weights), target, level)


def predict_mean_in_known_groups(fit: Fit, newdata: pd.DataFrame, level: float = 0.95) -> Predictions:
    """The mean of each new row in its own levels of the grouping factors: the same without the residual."""
    found = _in_known_groups(fit, newdata, np.zeros(len(newdata)), f"mean of {fit.outcome} in its groups", level)
    return replace(found, note=" ".join(one for one in (_RATIOS_KNOWN, found.note) if one))


def _in_known_groups(fit: Fit, newdata: pd.DataFrame, residual: np.ndarray, target: str, level: float) -> Predictions:
    from lmm.model import one_thread

    optimum = optimum_of(fit)
    _, X, beyond = fixed_part(fit, newdata)
    estimate = np.where(np.isnan(X).any(1), np.nan, fit.predict(newdata))
    terms = list(zip(fit.random, fit.recipe.random(newdata), strict=True))
    codes = {term.group: _codes(fit, term.group, labels) for term, (_, labels) in terms}
    rows = [
        (mine, np.column_stack([z for term, (z, _) in terms if term.group == group])) for group, mine in codes.items()
    ]
    with one_thread():
        known = prediction_variance(optimum, rows, X)
    unseen = _random_gradient([np.where(codes[term.group][:, None] < 0, z, 0.0) for term, (z, _) in terms])
    information = information_of(fit)
    gradient = np.column_stack([unseen, known / information.values[-1] + residual]) @ information.to_data
    variance = gradient @ information.values
    return _with_satterthwaite(fit, information, target, estimate, variance, gradient, level, beyond)


def fixed_part(fit: Fit, newdata: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions (m,) and kept columns (m, p), both NaN for rows that the fit cannot predict, and (m,) whether that is
    because the rows used say nothing of them."""
    estimate = fit.predict(newdata, random=False).copy()
    columns = fit.recipe.fixed(newdata)
    X = columns[:, fit.kept].copy()
    unestimable = cell_functions(fit, np.nan_to_num(columns), np.zeros(len(columns))).unestimable
    lost = np.array([not estimable(row) for row in unestimable], dtype=bool) & ~np.isnan(estimate)
    estimate[lost] = np.nan
    X[lost] = np.nan
    return estimate, X, lost


def _with_groups(fit: Fit, newdata: pd.DataFrame) -> pd.DataFrame:
    """The new rows with every column that a grouping factor needs, missing where they have none."""
    from lmm.formula import parse
    from lmm.formula.evaluate import names_used

    needed = {name for part in parse(fit.formula).random for node in part.group for name in names_used(node)}
    absent = [name for name in needed if name not in newdata.columns]
    return newdata.assign(**{name: None for name in absent}) if absent else newdata


def _codes(fit: Fit, group: str, labels: np.ndarray) -> np.ndarray:
    return pd.Index(fit.modes[group].levels).get_indexer(pd.Index(labels))


def _random_gradient(columns: list[np.ndarray]) -> np.ndarray:
    """(m, v − 1) derivative of Σ z'Σz of each row in the elements of the covariances, in the order of `fit.random`."""
    found = []
    for z in columns:
        q = z.shape[1]
        pairs = [(row, column) for column in range(q) for row in range(column, q)]
        found += [z[:, i] * z[:, j] * (1.0 if i == j else 2.0) for i, j in pairs]
    return np.column_stack(found)


def _weights(newdata: pd.DataFrame, weights: str | np.ndarray | None) -> np.ndarray:
    if weights is None:
        return np.ones(len(newdata))
    if isinstance(weights, str):
        if weights not in newdata.columns:
            raise InputError(f"The new rows have no column '{weights}' of weights.")
        weights = newdata[weights]
    values = np.asarray(weights, dtype=float)
    if values.shape != (len(newdata),) or not (values > 0).all():
        raise InputError(f"The weights of new rows must be {len(newdata)} positive numbers, one for each.")
    return values


def _with_satterthwaite(
    fit: Fit,
    information: VarianceInformation,
    target: str,
    estimate: np.ndarray,
    variance: np.ndarray,
    gradient: np.ndarray,
    level: float,
    beyond: np.ndarray,
) -> Predictions:
    """Intervals with 2V²/(g'Ag) degrees of freedom, g (m, v) the derivative of the variance V (m,) of the error."""
    spread, informed = covariance_of_variances(fit, information)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = 2.0 * variance**2 / np.einsum("mv,vw,mw->m", gradient, spread, gradient)
    note = doubts(fit, informed)
    return _predictions(target, estimate, variance, df, level, "satterthwaite", note, beyond)


def _predictions(
    target: str,
    estimate: np.ndarray,
    variance: np.ndarray,
    df: np.ndarray,
    level: float,
    method: str,
    note: str | None,
    beyond: np.ndarray,
) -> Predictions:
    check_level(level)
    se = np.sqrt(variance)
    half = se * np.array([np.nan if np.isnan(one) else t_quantile(0.5 + level / 2, one) for one in df])
    half[variance == 0.0] = 0.0  # a mean that no coefficient enters
    no_estimate, no_error = np.isnan(estimate) & ~beyond, np.isnan(variance) & ~np.isnan(estimate)
    reasons = [
        (beyond, "cannot be predicted: the rows used say nothing of them."),
        (no_estimate, "cannot be predicted: a covariate is missing there."),
        (no_error, "have no interval: a covariate of the random effects is missing there."),
    ]
    notes = [f"{int(of.sum())} of {len(of)} rows {reason}" for of, reason in reasons if of.any()]
    notes = " ".join([note, *notes] if note else notes) or None
    return Predictions(target, estimate, se, df, estimate - half, estimate + half, level, method, notes)
