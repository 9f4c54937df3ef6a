"""How much work a profile takes: counted and not timed, so that the same parts result on every machine.

An evaluation of the deviance takes about b³/3 operations for the dense part, b random coefficients beside the largest
factor, and 10 L q² b for the L levels of that one with q effects each; with several factors its gradient takes twice as
many again. A limit takes some four evaluations on either side, each of a curve's fourteen points a side some two. By
these counts InstEval (b = 1142) has 8 · 10¹⁰ operations for its profile intervals, which take 10 s on one core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmm.model import Fit

MOST_OPERATIONS = 2e11
"""Some twenty-five seconds on one core."""

_EVALUATIONS_OF_A_LIMIT = 4
_EVALUATIONS_OF_A_CURVE = 28


def operations_of_intervals(fit: Fit, parameters: int) -> float:
    """Operations for the profile intervals of so many parameters of a fit."""
    return 2.0 * _EVALUATIONS_OF_A_LIMIT * parameters * _operations_of_an_evaluation(fit)


def operations_of_curves(fit: Fit, parameters: int) -> float:
    """Operations for the zeta curves of so many parameters of a fit."""
    return 2.0 * _EVALUATIONS_OF_A_CURVE * parameters * _operations_of_an_evaluation(fit)


def _operations_of_an_evaluation(fit: Fit) -> float:
    effects = dict.fromkeys(fit.groups, 0)
    for term in fit.random:
        effects[term.group] += len(term.names)
    if not effects:
        return 0.0
    largest = max(effects, key=lambda group: fit.groups[group] * effects[group])
    beside = sum(fit.groups[group] * effects[group] for group in effects if group != largest)
    dense = beside**3 / 3.0 + 10.0 * fit.groups[largest] * effects[largest] ** 2 * max(beside, 1)
    return dense * (3.0 if len(effects) > 1 else 1.0)
