"""The fixed effects: estimate, interval and test of each, and what each means in the words of the study."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup
from scipy.special import ndtr, ndtri

from lmm import numbers
from lmm.report.case import Case
from lmm.report.markup import listing, name, say

INTERCEPT = "(Intercept)"
_QUANTILE = float(ndtri(0.975))


@dataclass(frozen=True)
class Coefficient:
    """One fixed effect with its Wald interval (95 %) and z test, which take the variances as known.

    `meaning` says in words what a difference of one in it stands for; empty where no short sentence is true.
    """

    name: str
    estimate: float
    se: float
    meaning: Markup

    @property
    def lower(self) -> float:
        """Lower end of the 95 % Wald interval."""
        return self.estimate - _QUANTILE * self.se

    @property
    def upper(self) -> float:
        """Upper end of the 95 % Wald interval."""
        return self.estimate + _QUANTILE * self.se

    @property
    def z(self) -> float | None:
        """Estimate over standard error."""
        return self.estimate / self.se if self.se > 0 else None

    @property
    def p(self) -> float | None:
        """Two-sided p-value of z in the standard normal distribution."""
        return None if self.z is None or math.isnan(self.z) else float(2 * ndtr(-abs(self.z)))

    @property
    def places(self) -> int:
        """Decimals for the estimate, its standard error and its interval alike."""
        return numbers.places_for(self.se)

    @property
    def estimate_text(self) -> str:
        """The estimate, rounded to what its standard error supports."""
        return numbers.estimate(self.estimate, self.se)

    @property
    def se_text(self) -> str:
        """The standard error with the decimals of the estimate."""
        return numbers.estimate(self.se, self.se)

    @property
    def interval_text(self) -> str:
        """The interval in brackets."""
        return numbers.interval(self.lower, self.upper, self.places)


def coefficients(case: Case) -> list[Coefficient]:
    """All fixed effects of the final model, in its order."""
    fit = case.fit
    return [
        Coefficient(label, float(estimate), float(se), meaning(case, label))
        for label, estimate, se in zip(case.coefficients, fit.beta, fit.se, strict=True)
    ]


def level_of(case: Case, label: str) -> tuple[str, str, str] | None:
    """The column, level and reference level that a treatment contrast stands for; None for other coefficients."""
    for variable in case.audit["variables"]:
        levels = variable.get("levels") or []
        if variable["type"] == "categorical" and len(levels) > 1:
            for level in levels[1:]:
                if label == f"{variable['name']}{level}":
                    return variable["name"], level, levels[0]
    return None


def is_plain_slope(case: Case, label: str) -> bool:
    """Is the coefficient that of a numeric column as it stands?"""
    variable = case.variable(label)
    return variable is not None and variable["type"] == "numeric"


def conditions(case: Case, label: str) -> Markup:
    """Where an effect that others modify holds: " where lowinc is 0", " where sex is Female"; empty without such."""
    partners: dict[str, Markup] = {}
    for other in case.coefficients:
        parts = other.split(":")
        if len(parts) > 1 and label in parts:
            for part in parts:
                if part != label:
                    contrast = level_of(case, part)
                    column = contrast[0] if contrast else part
                    at = name(contrast[2]) if contrast else "0"
                    partners[column] = say("{} is {}", name(column), at)
    return say(" where {}", listing(partners.values())) if partners else Markup("")


def meaning(case: Case, label: str) -> Markup:
    """What a coefficient stands for, where a short sentence is true of it."""
    outcome = name(case.outcome)
    if label == INTERCEPT:
        if len(case.coefficients) == 1:
            return say("mean {}", outcome)
        return say("expected {} where every predictor is 0 or at its reference level", outcome)
    where = conditions(case, label)
    if is_plain_slope(case, label):
        return say("change of {} per unit of {}{}", outcome, name(label), where)
    contrast = level_of(case, label)
    if contrast:
        column, level, reference = map(name, contrast)
        return say("{}: {} rather than {}{}", column, level, reference, where)
    first, _, second = label.partition(":")
    if is_plain_slope(case, first) and is_plain_slope(case, second):
        return say("change of the slope of {} per unit of {}", name(first), name(second))
    if is_plain_slope(case, first) and level_of(case, second):
        column, level, reference = map(name, level_of(case, second))
        return say("slope of {} for {}: {} rather than {}", name(first), column, level, reference)
    return Markup("")
