"""Held-out rows as the training rows see them, and what is predicted of them for each target.

Both log scores are of the held-out rows with the estimates β̂, θ̂, σ̂ of the training rows put in. In new groups all
random effects are drawn anew, those of crossed factors too, y ~ N(Xβ̂, V̂) jointly for the rows of one group. In known
groups a row has the effects of its groups, y ~ N(Xβ̂ + Zb̂, Z Var(b | y) Z' + σ̂²/w), Var(b | y) that of all grouping
factors together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmm.engine.estimates import conditional_modes
from lmm.engine.leverage import conditional_variance
from lmm.errors import InputError
from lmm.formula import parse
from lmm.formula.columns import Table
from lmm.formula.evaluate import Evaluation, parts
from lmm.formula.functions import STATEFUL, plain_name
from lmm.formula.syntax import Call
from lmm.infer.prediction import fixed_part
from lmm.infer.simulate import relative_factors
from lmm.select.crossvalidation.density import RandomColumns, marginal_log_density, normal_log_density

if TYPE_CHECKING:
    from lmm.engine import Optimum
    from lmm.model import Fit

UNKNOWN_LEVEL = "a category that no training row has"
NOT_ESTIMABLE = "a combination of predictors of which the training rows say nothing"
NO_VALUE = "no value of a variable of the model"
UNKNOWN_GROUP = "a level of a grouping factor that no training row has"


@dataclass(frozen=True, eq=False)
class HeldOut:
    """m held-out rows under the estimates of their training rows.

    Attributes:
        outcome: (m,) left side of the formula. fixed: (m,) Xβ̂ + offset, NaN where a row cannot be predicted.
        variance: (m,) σ̂²/weight. terms: the random terms, levels numbered over these rows or any others.
        reasons: (m,) why a row cannot be predicted, or None.
    """

    outcome: np.ndarray
    fixed: np.ndarray
    variance: np.ndarray
    terms: tuple[RandomColumns, ...]
    reasons: np.ndarray


@dataclass(frozen=True, eq=False)
class Predicted:
    """What was predicted of m held-out rows.

    Attributes:
        observed, predicted: (m,) outcome and prediction, NaN where there is none. reasons: (m,) why, or None.
        log_density: (c,) of every case: a group for new groups, a row for known ones. cases: (c,) the position of the
            case's first row among the m.
    """

    observed: np.ndarray
    predicted: np.ndarray
    reasons: np.ndarray
    log_density: np.ndarray
    cases: np.ndarray


def predict_in_new_groups(rows: HeldOut, unit: np.ndarray) -> Predicted:
    """The population prediction of each row and the joint density of the rows of each group; unit: (m,) the group."""
    able = np.flatnonzero(without_reason(rows.reasons))
    groups, first, sizes = np.unique(unit[able], return_index=True, return_counts=True)
    residual = rows.outcome - rows.fixed
    density = np.empty(len(groups))
    ordered, ends = able[np.argsort(unit[able], kind="stable")], np.cumsum(sizes)
    for i, mine in enumerate(np.split(ordered, ends)[: len(groups)]):
        density[i] = marginal_log_density(residual[mine], [t.rows(mine) for t in rows.terms], rows.variance[mine])
    return Predicted(rows.outcome, rows.fixed, rows.reasons, density, able[first])


def predict_in_known_groups(rows: HeldOut, effects: np.ndarray, effects_variance: np.ndarray) -> Predicted:
    """The prediction of each row with the modes of its groups, and its density; both arrays (m,), NaN if unknown."""
    reasons = np.where(without_reason(rows.reasons) & np.isnan(effects), UNKNOWN_GROUP, rows.reasons)
    able = np.flatnonzero(without_reason(reasons))
    predicted = np.full(len(reasons), np.nan)
    predicted[able] = (rows.fixed + effects)[able]
    residual = (rows.outcome - predicted)[able]
    density = normal_log_density(residual, (rows.variance + effects_variance)[able])
    return Predicted(rows.outcome, predicted, reasons, density, able)


def effects_of_known_groups(
    optimum: Optimum, factors: Sequence[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Zb̂ (m,) and Z Var(b | y) Z' (m,) at m rows; NaN where a row has a level that the optimum does not know.

    Args:
        optimum: of the training rows.
        factors: per grouping factor, in the caller's order, the levels (m,), −1 if unknown, and columns (m, q).
    """
    modes = conditional_modes(optimum)
    effects = sum(
        (columns * mode[np.maximum(codes, 0)]).sum(1) for (codes, columns), mode in zip(factors, modes, strict=True)
    )
    variance = np.maximum(conditional_variance(optimum, factors), 0.0)
    known = np.all([codes >= 0 for codes, _ in factors], axis=0)
    return np.where(known, effects, np.nan), np.where(known, variance, np.nan)


def held_out_by_fit(fit: Fit, table: pd.DataFrame, weights: str | None) -> tuple[HeldOut, list]:
    """Rows of a table that a fit has not seen, laid out by what its own rows taught: knots, means, levels.

    Returns:
        The rows, and per grouping factor what `effects_of_known_groups` takes.

    Raises:
        InputError: the left side of the formula uses statistics of its rows, or a column is missing.
    """
    _refuse_learnt_outcome(fit)
    m = len(table)
    reasons = np.full(m, None, dtype=object)
    reasons[fit.recipe.unknown_levels(table)] = UNKNOWN_LEVEL
    able = np.flatnonzero(without_reason(reasons))
    laid_out = table.iloc[able]
    outcome, fixed = np.full(m, np.nan), np.full(m, np.nan)
    outcome[able] = Evaluation(Table(laid_out), fit.recipe.states).numbers(parse(fit.formula).outcome_expression)
    q = [len(term.names) for term in fit.random]
    columns = [np.full((m, size), np.nan) for size in q]
    labels = [np.full(m, None, dtype=object) for _ in q]
    if len(able):
        fixed[able], _, beyond = fixed_part(fit, laid_out)
        missing = np.isnan(fixed[able]) & ~beyond | np.isnan(outcome[able])
        for k, (Z, of_rows) in enumerate(fit.recipe.random(laid_out)):
            columns[k][able], labels[k][able] = Z, of_rows
            missing |= np.isnan(Z).any(1) | pd.isna(of_rows)
        reasons[able[beyond]] = NOT_ESTIMABLE
        reasons[able[missing]] = NO_VALUE
    fixed = np.where(without_reason(reasons), fixed, np.nan)
    weight = np.ones(m) if weights is None else table[weights].to_numpy(dtype=float)
    roots = relative_factors(fit)
    terms = tuple(
        RandomColumns(Z, pd.factorize(of_rows)[0], fit.sigma * root)
        for Z, of_rows, root in zip(columns, labels, roots, strict=True)
    )
    return HeldOut(outcome, fixed, fit.sigma**2 / weight, terms, reasons), _factors(fit, columns, labels)


def without_reason(reasons: np.ndarray) -> np.ndarray:
    """(m,) whether there is no reason against a row."""
    return np.array([reason is None for reason in reasons], dtype=bool)


def _factors(fit: Fit, columns: list[np.ndarray], labels: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    found = []
    for group, modes in fit.modes.items():
        mine = [k for k, term in enumerate(fit.random) if term.group == group]
        codes = pd.Index(modes.levels).get_indexer(pd.Index(labels[mine[0]]))
        found.append((codes, np.nan_to_num(np.column_stack([columns[k] for k in mine]))))
    return found


def _refuse_learnt_outcome(fit: Fit) -> None:
    node = parse(fit.formula).outcome_expression
    if any(isinstance(part, Call) and plain_name(part.function) in STATEFUL for part in parts(node)):
        raise InputError(
            f"The outcome '{fit.outcome}' uses statistics of the rows, so that its unit would differ between folds: "
            "standardise it in a step of the study, or not at all."
        )
