"""How much work a profile takes: counted and not timed, so that the same parts result on every machine.

An evaluation of the deviance takes about b³/3 operations for the dense part, b random coefficients beside the largest
factor, and 10 L q² b for the L levels of that one with q effects each. A limit takes some four evaluations on either
side, with several factors each with a gradient per variance parameter; a curve takes fourteen points a side. By these
counts InstEval (b = 1142) has 10¹¹ operations for its profile intervals, which take 20 s on one core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmm.model import Fit

MOST_OPERATIONS = 2e11
"""Some forty seconds on one core."""

_EVALUATIONS_OF_A_LIMIT = 4
_POINTS_OF_A_CURVE = 14


def operations_of_intervals(fit: Fit, parameters: int) -> float:
    """Operations for the profile intervals of so many parameters of a fit."""
    return 2.0 * _EVALUATIONS_OF_A_LIMIT * parameters * _operations_of_an_evaluation(fit)


def operations_of_curves(fit: Fit, parameters: int) -> float:
    """Operations for the zeta curves of so many parameters of a fit."""
    return _POINTS_OF_A_CURVE * operations_of_intervals(fit, parameters)


def _operations_of_an_evaluation(fit: Fit) -> float:
    effects = dict.fromkeys(fit.groups, 0)
    variances = 1
    for term in fit.random:
        q = len(term.names)
        effects[term.group] += q
        variances += q * (q + 1) // 2
    if not effects:
        return 0.0
    largest = max(effects, key=lambda group: fit.groups[group] * effects[group])
    beside = sum(fit.groups[group] * effects[group] for group in effects if group != largest)
    dense = beside**3 / 3.0 + 10.0 * fit.groups[largest] * effects[largest] ** 2 * max(beside, 1)
    return dense * (variances if len(effects) > 1 else 1)
