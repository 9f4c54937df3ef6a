"""Confidence intervals of the parameters of a fit, by whichever method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.errors import InputError
from lmm.infer.profile import profile_intervals
from lmm.infer.wald import wald_intervals

if TYPE_CHECKING:
    from lmm.infer.interval import Interval
    from lmm.model import Fit

METHODS = ("profile", "wald")


def intervals(fit: Fit, method: str = "profile", level: float = 0.95) -> tuple[Interval, ...]:
    """Confidence intervals of standard deviations, correlations, sigma and fixed effects.

    Args:
        fit: a fit in memory.
        method: "profile" (`profile_intervals`), or "wald" (`wald_intervals`, variances included). Bootstrap
            intervals need draws: see `lmm.infer.bootstrapintervals`.
        level: nominal coverage.

    Raises:
        InputError: there is no such method, the level is not between 0 and 1, or the fit was read from a file.
    """
    if method not in METHODS:
        raise InputError(f"There are no intervals by '{method}': choose one of {', '.join(METHODS)}.")
    if method == "wald":
        return wald_intervals(fit, level, variances=True)
    return profile_intervals(fit, level)
