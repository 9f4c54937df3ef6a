"""Whether a conclusion about a coefficient hangs on one level of a grouping factor: its sign, and its p against alpha.

Every level is judged by the estimate and standard error without it, the latter times what the small-sample method
makes of it with all levels, on the degrees of freedom with all levels. Where p then comes near alpha or crosses it, the
test is done anew by that method without the level, so that no verdict turns on the shortcut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, stdtr

from lmm.infer.groupinfluence import GroupInfluence
from lmm.infer.leftout import LevelsLeftOut
from lmm.infer.smallsample import chosen_degrees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmm.infer.hypothesis import SmallSample
    from lmm.model import Fit

_NEAR = 2.0
_TESTED_ANEW = 8
"""Levels, nearest to alpha first: each takes another fit."""


@dataclass(frozen=True, eq=False)
class CoefficientVerdicts:
    """One coefficient with all levels and without each of them.

    Attributes:
        name: of the coefficient.
        estimate, se, p: with all levels.
        without: (J,) estimates; p_without: (J,) p-values; NaN where there are none.
        tested_anew: (J,) whether the p-value is by the method itself.
        turns: levels without which p is on the other side of alpha, those that change p most first.
        reverses: levels without which the sign is another, while p is below alpha with all levels or without this one.
    """

    name: str
    estimate: float
    se: float
    p: float
    without: np.ndarray
    p_without: np.ndarray
    tested_anew: np.ndarray
    turns: tuple[int, ...]
    reverses: tuple[int, ...]

    def at(self, level: int) -> dict[str, Any]:
        """Estimate and p without a level, as JSON has it."""
        return {"estimate": float(self.without[level]), "p": float(self.p_without[level])}


def group_verdicts(
    fit: Fit, influence: GroupInfluence, small_sample: SmallSample, names: Sequence[str], alpha: float
) -> tuple[CoefficientVerdicts, ...]:
    """The verdict on some coefficients without each level.

    Args:
        fit: fitted in this process. influence: of one of its factors.
        small_sample: the tests of `fit`, whose method serves without a level too.
        names: of the coefficients. alpha: the level at which p is judged.
    """
    places = [fit.coefficients.index(name) for name in names]
    if not places:
        return ()
    tests = [small_sample.t_test(np.eye(len(fit.beta))[place]) for place in places]
    inflation = np.array([test.se for test in tests]) / fit.se[places]
    estimates = influence.beta[:, places]
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(estimates / (influence.se[:, places] * inflation))
    degrees = np.array([test.df for test in tests])
    p = np.where(np.isinf(degrees), 2.0 * ndtr(-t), 2.0 * stdtr(np.where(np.isinf(degrees), 1.0, degrees), -t))
    anew = _test_anew(fit, influence, small_sample.method, names, alpha, p, np.array([test.p for test in tests]))
    return tuple(
        _verdicts(name, tests[c], fit.se[places[c]], estimates[:, c], p[:, c], anew, alpha)
        for c, name in enumerate(names)
    )


def _test_anew(
    fit: Fit,
    influence: GroupInfluence,
    method: str,
    names: Sequence[str],
    alpha: float,
    p: np.ndarray,
    p_with_all: np.ndarray,
) -> np.ndarray:
    """Put the method's own p-values in the place of those that are near alpha; (J,) for which levels."""
    anew = np.zeros(len(p), dtype=bool)
    with np.errstate(divide="ignore"):
        far = np.abs(np.log(p / alpha))
    open_to_doubt = ((far < np.log(_NEAR)) | ((p < alpha) != (p_with_all < alpha))) & np.isfinite(p)
    levels = np.flatnonzero(open_to_doubt.any(1) & influence.refitted)
    if not len(levels):
        return anew
    nearest = np.where(open_to_doubt, far, np.inf).min(1)[levels]
    left_out = LevelsLeftOut(fit, influence.group)
    for level in levels[np.argsort(nearest, kind="stable")[:_TESTED_ANEW]]:
        without = left_out.fit_without(int(level))
        if without is None or without.coefficients != fit.coefficients:
            continue
        tests = chosen_degrees(without, method, {})
        anew[level] = True
        for c, name in enumerate(names):
            p[level, c] = tests.t_test(np.eye(len(fit.beta))[fit.coefficients.index(name)]).p
    return anew


def _verdicts(
    name: str, test: Any, se: float, without: np.ndarray, p: np.ndarray, anew: np.ndarray, alpha: float
) -> CoefficientVerdicts:
    known = np.isfinite(p)
    turns = np.flatnonzero(known & ((p < alpha) != (test.p < alpha)))
    with np.errstate(divide="ignore"):
        size = np.abs(np.log(p[turns] / max(test.p, 1e-300)))
    reverses = np.flatnonzero(known & (without * test.estimate < 0) & ((p < alpha) | (test.p < alpha)))
    return CoefficientVerdicts(
        name,
        test.estimate,
        float(se),
        test.p,
        without,
        p,
        anew,
        tuple(int(level) for level in turns[np.argsort(-size, kind="stable")]),
        tuple(int(level) for level in reverses),
    )
