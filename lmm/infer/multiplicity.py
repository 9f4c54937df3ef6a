"""Several contrasts tested together: p-values and intervals that hold for the family.

| adjustment | what it holds for | p-value |
|---|---|---|
| none | each contrast by itself | that of its t |
| bonferroni | any family | m p |
| holm | any family; never larger than Bonferroni's | step-down (Holm 1979) |
| tukey | all differences of k means | studentised range; exact for equal standard errors, conservative for others \
(Tukey–Kramer; Hayter 1984), as emmeans has it |
| dunnett | any family, made for comparisons with a control | largest of m |t| with the contrasts' own correlations \
(Dunnett 1955; single-step, Hothorn et al. 2008) |

Where the degrees of freedom differ between contrasts, each p-value and each critical value uses those of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from lmm.errors import InputError
from lmm.infer.hypothesis import t_quantile, t_tail
from lmm.infer.maximumt import (
    FEW_LATTICE_POINTS,
    LATTICE_POINTS,
    critical_value,
    largest_t_tail,
    studentised_range_tail,
)

ADJUSTMENTS = ("none", "bonferroni", "holm", "tukey", "dunnett")


def adjusted_p_values(
    statistics: np.ndarray, df: np.ndarray, adjustment: str, correlation: np.ndarray, means: int | None
) -> np.ndarray:
    """Adjust the p-values of a family of m contrasts.

    Args:
        statistics: (m,) t. df: (m,) degrees of freedom, infinite for the normal distribution.
        adjustment: one of `ADJUSTMENTS`.
        correlation: (m, m) of the estimates.
        means: the number of means whose differences these are, or None for other families.

    Returns:
        (m,) two-sided p-values, none below its unadjusted one.

    Raises:
        InputError: there is no such adjustment, or it is Tukey's and the family is not all differences.
    """
    check_adjustment(adjustment, means)
    single = np.array([t_tail(t, d) for t, d in zip(statistics, df, strict=True)])
    m = len(single)
    bound = np.minimum(m * single, 1.0)
    if adjustment == "none" or m == 0:
        return single
    if adjustment == "bonferroni":
        return bound
    if adjustment == "holm":
        return _step_down(single)
    tail = _family_tail(adjustment, correlation, means)
    joint = np.array([tail(abs(t), d) for t, d in zip(statistics, df, strict=True)])
    # Both hold exactly; far out, where quadrature leaves no digits, they decide.
    return np.clip(joint, single, bound) if adjustment == "dunnett" else np.maximum(joint, single)


def adjust(p_values: np.ndarray, adjustment: str) -> np.ndarray:
    """Adjust p-values of which nothing else is known, those of several studies, as R's p.adjust does.

    Args:
        p_values: (m,), NaN for a test that could not be made; it counts among the m as if its p were 1.
        adjustment: "holm" (1979), "bonferroni", "benjamini-hochberg" (1995) or "none".

    Returns:
        (m,), none below its unadjusted one, NaN where that is.
    """
    single, m = np.where(np.isnan(p_values), 1.0, p_values), len(p_values)
    if adjustment == "holm":
        adjusted = _step_down(single)
    elif adjustment == "bonferroni":
        adjusted = np.minimum(m * single, 1.0)
    elif adjustment == "benjamini-hochberg":
        adjusted = _step_up(single)
    elif adjustment == "none":
        adjusted = single
    else:
        raise InputError(
            f"There is no adjustment '{adjustment}' of p-values: choose holm, bonferroni, benjamini-hochberg or none."
        )
    return np.where(np.isnan(p_values), np.nan, adjusted)


def critical_values(
    df: np.ndarray, adjustment: str, correlation: np.ndarray, means: int | None, level: float
) -> np.ndarray:
    """Multipliers (m,) of the standard errors for confidence intervals that hold for the whole family at `level`.

    Holm's method has no such intervals of its own: Bonferroni's are given for it, as emmeans does.
    """
    check_adjustment(adjustment, means)
    m, alpha = len(df), 1.0 - level
    if adjustment == "none" or m == 0:
        return np.array([t_quantile(1.0 - alpha / 2, d) for d in df])
    if adjustment in ("bonferroni", "holm"):
        return np.array([t_quantile(1.0 - alpha / (2 * m), d) for d in df])
    tail = _family_tail(adjustment, correlation, means, FEW_LATTICE_POINTS)
    found: dict[float, float] = {}
    for d in df.tolist():
        if d not in found:
            found[d] = critical_value(lambda c, d=d: tail(c, d), alpha, t_quantile(1.0 - alpha / 2, d))
    return np.array([found[d] for d in df.tolist()])


def check_adjustment(adjustment: str, means: int | None) -> None:
    """Raise InputError for an adjustment that is unknown, or that is Tukey's for other than all differences."""
    if adjustment not in ADJUSTMENTS:
        raise InputError(f"There is no adjustment '{adjustment}': choose one of {', '.join(ADJUSTMENTS)}.")
    if adjustment == "tukey" and means is None:
        raise InputError("Tukey's adjustment is for all pairwise differences only: choose dunnett or holm instead.")


def interval_adjustment(adjustment: str) -> str:
    """The adjustment that the intervals have, which is not that of the p-values for Holm's method."""
    return "bonferroni" if adjustment == "holm" else adjustment


def _step_down(single: np.ndarray) -> np.ndarray:
    order = np.argsort(single, kind="stable")
    stepped = np.maximum.accumulate(single[order] * np.arange(len(single), 0, -1))
    out = np.empty_like(single)
    out[order] = np.minimum(stepped, 1.0)
    return out


def _step_up(single: np.ndarray) -> np.ndarray:
    m, order = len(single), np.argsort(single, kind="stable")
    shares = single[order] * m / np.arange(1, m + 1)
    out = np.empty_like(single)
    out[order] = np.minimum(np.minimum.accumulate(shares[::-1])[::-1], 1.0)
    return out


def _family_tail(
    adjustment: str, correlation: np.ndarray, means: int | None, lattice_points: int = LATTICE_POINTS
) -> Callable[[float, float], float]:
    if adjustment == "tukey":
        return lambda t, df: studentised_range_tail(sqrt(2.0) * t, means, df)
    return lambda t, df: largest_t_tail(t, correlation, df, lattice_points)
