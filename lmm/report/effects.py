"""Marginal means, simple slopes and their differences, row by row, as text ready to print."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from lmm import numbers
from lmm.infer.linearfunctions import level_text
from lmm.report.case import Case
from lmm.report.markup import listing, name, say

ADJUSTMENTS = {
    "tukey": "Tukey’s method",
    "holm": "Holm’s method",
    "bonferroni": "Bonferroni’s method",
}


@dataclass(frozen=True)
class EffectSection:
    """A family of means or slopes: heading, estimates, differences, and what has to be said of them.

    `levels` are the names of the columns that tell the rows apart. `folded` marks what is shown only when asked for.
    """

    title: Markup
    levels: list[str]
    estimates: list[dict]
    differences: list[dict]
    by: list[str]
    caption: Markup
    notes: list[str]
    folded: bool


def effect_sections(case: Case) -> list[EffectSection]:
    """Every family of marginal means, then of slopes, in the order of the inference."""
    means = [_section(case, one, _means_title(case, one)) for one in case.inference["means"] or []]
    return means + [_section(case, one, _slopes_title(case, one)) for one in case.inference["slopes"] or []]


def _means_title(case: Case, section: dict) -> Markup:
    return say("Means of {} by {}{}", name(case.outcome), name(section["over"]), _within(section))


def _slopes_title(case: Case, section: dict) -> Markup:
    return say("Slope of {} by {}{}", name(section["of"]), name(section["over"]), _within(section))


def _within(section: dict) -> Markup:
    return say(", at each {}", listing([name(one) for one in section["by"]])) if section["by"] else Markup("")


def _section(case: Case, section: dict, title: Markup) -> EffectSection:
    levels = [section["over"], *section["by"]]
    notes = [section["note"], section["differences_reason"]]
    notes += dict.fromkeys(one["reason"] for one in section["estimates"])
    return EffectSection(
        title=title,
        levels=levels,
        estimates=[_estimate(one, levels) for one in section["estimates"]],
        differences=[_difference(one, section["by"]) for one in section["differences"] or []],
        by=section["by"],
        caption=_caption(case, section),
        notes=[note for note in notes if note],
        folded=bool(section["note"]) and section in (case.inference["means"] or []),
    )


def _estimate(one: dict, levels: list[str]) -> dict:
    return {
        "levels": [_level(one["levels"][level]) for level in levels],
        "estimate": numbers.estimate(one["estimate"], one["se"]),
        "se": numbers.estimate(one["se"], one["se"]),
        "df": numbers.MISSING if one["estimate"] is None else numbers.degrees(one["df"]),
        "interval": _interval(one),
    }


def _difference(one: dict, by: list[str]) -> dict:
    return {
        "name": one["name"].replace(" - ", f" {numbers.MINUS} "),
        "by": [_level(one["by"][level]) for level in by],
        "estimate": numbers.estimate(one["estimate"], one["se"]),
        "se": numbers.estimate(one["se"], one["se"]),
        "df": numbers.MISSING if one["estimate"] is None else numbers.degrees(one["df"]),
        "t": numbers.decimal(one["t"]),
        "p": numbers.p_number(one["p"]),
        "interval": _interval(one),
    }


def _interval(one: dict) -> str:
    if one["lower"] is None:
        return numbers.MISSING
    return numbers.interval(one["lower"], one["upper"], numbers.places_for(one["se"]))


def _level(level: str | float | bool) -> str:
    return numbers.plain(level) if isinstance(level, float) else level_text(level)


def _caption(case: Case, section: dict) -> Markup:
    """How many differences a family has, and how their p-values and intervals allow for it."""
    found = section["differences"]
    sizes = {one["family"] for one in found or []}
    if not sizes or max(sizes) < 2:
        return Markup("")
    if section["adjustment"] == "none":
        return say("<i>p</i>-values and intervals hold for each difference by itself.")
    counts = numbers.listing([numbers.count(size) for size in sorted(sizes)], "or")
    holm = ", the intervals by Bonferroni’s" if section["adjustment"] == "holm" else ""
    each = " at each level" if section["by"] else ""
    text = "<i>p</i>-values and intervals are adjusted for {} differences{} by {}{}."
    return say(text, counts, each, ADJUSTMENTS[section["adjustment"]], holm)
