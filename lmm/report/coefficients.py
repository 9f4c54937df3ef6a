"""The fixed effects: estimate, interval and test of each, and what each means in the words of the study."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose.labels import bare
from lmm.report.markup import listing, name, say

if TYPE_CHECKING:
    from lmm.report.case import Case

INTERCEPT = "(Intercept)"


@dataclass(frozen=True)
class Coefficient:
    """One fixed effect with its test and interval, by the degrees of freedom that the study chose.

    `df` is None for the normal distribution, whose statistic is z; `statistic` and `p` are None where there is no
    standard error. `meaning` says in words what a difference of one in it stands for; empty where no short sentence is
    true. `standardised` is the estimate in standard deviations of predictor and outcome, None for a constant.
    """

    name: str
    estimate: float
    se: float
    df: float | None
    statistic: float | None
    p: float | None
    lower: float
    upper: float
    meaning: Markup
    standardised: float | None

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

    @property
    def df_text(self) -> str:
        """The degrees of freedom; an infinity sign for the normal distribution."""
        return numbers.degrees(self.df)

    @property
    def statistic_text(self) -> Markup:
        """The test as prose has it: "t(17) = 6.77" or "z = 6.77"."""
        symbol = say("<i>z</i>") if self.df is None else say("<i>t</i>({})", self.df_text)
        return say("{} = {}", symbol, numbers.decimal(self.statistic))


def coefficients(case: Case) -> list[Coefficient]:
    """The fixed effects of the final model that could be estimated, in its order."""
    spread = {one["name"]: one["estimate"] for one in case.inference["standardised"] or []}
    return [
        Coefficient(
            name=bare(row["name"]),
            **{key: row[key] for key in ("estimate", "se", "df", "statistic", "p", "lower", "upper")},
            meaning=meaning(case, bare(row["name"])),
            standardised=spread.get(row["name"]),
        )
        for row in case.inference["coefficients"]["rows"]
        if row["estimate"] is not None
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
                    column = contrast[0] if contrast else _base_of(case, part)
                    at = name(contrast[2]) if contrast else "lowest" if _SPLINE.match(part) else "0"
                    partners[column] = say("{} is {}", name(column), at)
    return say(" where {}", listing(partners.values())) if partners else Markup("")


_SPLINE = re.compile(r"(?:ns|bs)\(")
_OF_A_COLUMN = re.compile(r"(?:(?:ns|bs)\(`?(\w+)`?,.*|I\(`?(\w+)`?\^\d+\)|pmax\(`?(\w+)`? - .*)")


def _base_of(case: Case, label: str) -> str:
    """The column whose zero, or start, is that of a spline, a power or a segment; the label itself of anything else.

    A power or a segment beside its own column is zero where that is; a spline is zero where its column is lowest.
    """
    made = _OF_A_COLUMN.fullmatch(label)
    column = next((one for one in made.groups() if one), label) if made else label
    return column if _SPLINE.match(label) or is_plain_slope(case, column) else label


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
