"""The coefficient table: estimate, standard error, test and interval of every fixed effect.

Example:
    >>> coefficient_table(fit)["Days"].p
    >>> coefficient_table(fit, "satterthwaite", level=0.9).to_dict()
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isinf
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.infer.aliases import alias_note, dropped_places, dropped_reason
from lmm.infer.hypothesis import SmallSample, t_quantile
from lmm.infer.interval import check_level
from lmm.infer.smallsample import chosen_small_sample

if TYPE_CHECKING:
    from lmm.model import Fit


@dataclass(frozen=True)
class Coefficient:
    """One fixed effect.

    Attributes:
        name: as R names it.
        estimate, se, statistic, p: estimate, its standard error, their ratio and its two-sided p.
        df: degrees of freedom of t; None for the normal distribution, whose statistic is z.
        lower, upper: the confidence interval.
        note: what a reader has to know; for a column that was left out, why, all numbers being None.
    """

    name: str
    estimate: float | None
    se: float | None
    df: float | None
    statistic: float | None
    p: float | None
    lower: float | None
    upper: float | None
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return dict(vars(self))


@dataclass(frozen=True)
class CoefficientTable:
    """The fixed effects of a fit in the order of its columns, those left out among them.

    Attributes:
        formula: of the model. method: of the standard errors and degrees of freedom. statistic: "t" or "z".
        level: of the intervals. note: what a reader has to know of the method, or None.
    """

    formula: str
    method: str
    statistic: str
    level: float
    rows: tuple[Coefficient, ...]
    note: str | None

    def __getitem__(self, name: str) -> Coefficient:
        """The row of a coefficient, by its name."""
        return next(row for row in self.rows if row.name == name)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**vars(self), "rows": [row.to_dict() for row in self.rows]}


def coefficient_table(fit: Fit, method: str | SmallSample = "kenward-roger", level: float = 0.95) -> CoefficientTable:
    """Test every fixed effect against zero and give its interval.

    Args:
        fit: the model.
        method: of the standard errors and degrees of freedom, see `small_sample`; or what that returned for this fit.
        level: of the intervals.

    Raises:
        InputError: there is no such method or level; or the fit was read from a file and the method needs its data.
    """
    check_level(level)
    chosen = chosen_small_sample(fit, method)
    names = dict(zip(fit.kept.tolist(), fit.coefficients, strict=True))
    names |= dict(zip(dropped_places(fit).tolist(), fit.dropped_columns, strict=True))
    contrasts = dict(zip(fit.coefficients, np.eye(len(fit.coefficients)), strict=True))
    rows = tuple(
        _estimated(fit, name, contrasts[name], chosen, level)
        if name in contrasts
        else Coefficient(name, *[None] * 7, dropped_reason(fit, name))
        for _, name in sorted(names.items())
    )
    statistic = "z" if chosen.method == "normal" else "t"
    return CoefficientTable(fit.formula, chosen.method, statistic, level, rows, chosen.note)


def _estimated(fit: Fit, name: str, contrast: np.ndarray, small_sample: SmallSample, level: float) -> Coefficient:
    test = small_sample.t_test(contrast)
    half = t_quantile(0.5 + level / 2, test.df) * test.se
    return Coefficient(
        name=name,
        estimate=test.estimate,
        se=test.se,
        df=None if isinf(test.df) else test.df,
        statistic=test.t,
        p=test.p,
        lower=test.estimate - half,
        upper=test.estimate + half,
        note=alias_note(fit, contrast),
    )
