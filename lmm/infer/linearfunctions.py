"""Labelled linear functions of the fixed effects, such as marginal means and slopes, and their estimates."""

from __future__ import annotations

from dataclasses import dataclass
from math import isinf
from typing import Any

import numpy as np

from lmm.infer.hypothesis import SmallSample, t_quantile
from lmm.infer.interval import check_level

# What the fixed effects that were left out contribute, relative to their size, below which a function has none.
_ESTIMABLE = 1e-6

Level = str | float | bool


@dataclass(frozen=True)
class Estimate:
    """The estimate of one linear function.

    Attributes:
        levels: what it is the mean or slope of: {"Treatment": "Low"}.
        estimate, se, df, lower, upper: on the scale of the formula's left side; all None where `reason` says why the
            rows do not determine it; df is None too where the normal distribution was taken.
        level: of the interval, for this function by itself.
        method: of the standard error and the degrees of freedom.
    """

    levels: dict[str, Level]
    estimate: float | None
    se: float | None
    df: float | None
    lower: float | None
    upper: float | None
    level: float
    method: str
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return dict(vars(self))


@dataclass(frozen=True, eq=False)
class LinearFunctions:
    """m linear functions cᵢ'β + kᵢ of the kept fixed effects.

    Attributes:
        quantity: what they are, "mean of log(y)" or "slope of y in Days".
        over, by: the variables whose levels they belong to; contrasts are formed over the first within the second.
        levels: per function, the level of every variable of `over` and `by`.
        coefficients: (m, p). constants: (m,), what offsets add.
        unestimable: (m, d) what each function has of the d fixed effects that were left out, beyond what the kept
            ones say of them, relative to its size; the function can be estimated only if all are zero.
        reasons: per function, a sentence why it cannot be estimated, or None.
    """

    quantity: str
    over: tuple[str, ...]
    by: tuple[str, ...]
    levels: tuple[dict[str, Level], ...]
    coefficients: np.ndarray
    constants: np.ndarray
    unestimable: np.ndarray
    reasons: tuple[str | None, ...]

    def estimates(self, small_sample: SmallSample, level: float = 0.95) -> tuple[Estimate, ...]:
        """Each function's estimate with its confidence interval, not adjusted for their number.

        Raises InputError where `level` is no probability.
        """
        check_level(level)
        return tuple(self._estimate(i, small_sample, level) for i in range(len(self.levels)))

    def _estimate(self, i: int, small_sample: SmallSample, level: float) -> Estimate:
        labels, method = self.levels[i], small_sample.method
        if self.reasons[i] is not None:
            return Estimate(labels, None, None, None, None, None, level, method, self.reasons[i])
        coefficients, constant = self.coefficients[i], float(self.constants[i])
        if not coefficients.any():
            reason = f"The fixed effects do not enter this {self.quantity.split(' ')[0]}: it is {constant:g} for sure."
            return Estimate(labels, constant, None, None, None, None, level, method, reason)
        test = small_sample.t_test(coefficients)
        half = t_quantile(0.5 + level / 2, test.df) * test.se
        estimate = test.estimate + constant
        df = None if isinf(test.df) else test.df
        return Estimate(labels, estimate, test.se, df, estimate - half, estimate + half, level, method)

    def groups(self) -> list[tuple[dict[str, Level], list[int]]]:
        """The functions that share a level of every `by` variable: those levels, and the functions' positions."""
        found: dict[tuple, tuple[dict[str, Level], list[int]]] = {}
        for i, labels in enumerate(self.levels):
            shared = {name: labels[name] for name in self.by}
            found.setdefault(tuple(shared.values()), (shared, []))[1].append(i)
        return list(found.values())

    def name(self, i: int) -> str:
        """The levels of the i-th function of the variables in `over`: "Female, Low"."""
        return ", ".join(level_text(self.levels[i][name]) for name in self.over)


def estimable(unestimable: np.ndarray) -> bool:
    """Whether a linear function with this row of `LinearFunctions.unestimable` can be estimated."""
    return not len(unestimable) or float(np.abs(unestimable).max()) <= _ESTIMABLE


def level_text(level: Level) -> str:
    """A level or a covariate's value, as it is read: 0.5, "Low", TRUE."""
    if isinstance(level, bool):
        return "TRUE" if level else "FALSE"
    return f"{level:.6g}" if isinstance(level, float) else str(level)
