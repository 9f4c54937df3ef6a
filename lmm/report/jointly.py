"""Several coefficients in one sentence: a factor with its levels, a curve over time, an interaction of factors.

What each coefficient of a spline is, or how every level of a factor differs from the first, is for the table: whether
there is an effect at all is a joint test, and how it looks are means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from lmm import numbers
from lmm.infer.linearfunctions import level_text
from lmm.report.case import Case
from lmm.report.markup import listing, name, say
from lmm.report.parts import CURVE, CURVE_BY, FACTOR, INTERACTION, Part
from lmm.report.selection import tested

_SYMBOL = 8
_MOST_LEVELS = 4
_MADE_FACTOR = re.compile(r"(?:factor|ordered|C)\(\s*`?([^`,()]+?)`?\s*[,)].*")


def with_unit(case: Case, number: str) -> Markup:
    """A number with the outcome's unit; a unit too long for a symbol is a description and stays with the outcome."""
    return say("{} {}", number, case.unit) if 0 < len(case.unit) <= _SYMBOL else say("{}", number)


def f_test(case: Case, test: Mapping[str, Any]) -> Markup:
    """A joint test as prose has it: "F(3, 138) = 2.83, p = .041"."""
    degrees = f"{numbers.count(test['numerator'])}, {numbers.degrees(test['denominator'])}"
    return say("<i>F</i>({}) = {}, {}", degrees, numbers.decimal(test["statistic"]), tested(case, test["p"]))


def part_sentence(case: Case, part: Part) -> Markup:
    """A part of several coefficients as a sentence: whether there is an effect by its joint test, and how it looks."""
    if part.test is None:
        text = "The effect of {} has {}, which have no joint test."
        return say(text, listing(map(name, part.terms)), numbers.counted(len(part.coefficients), "coefficient"))
    known = part.test["p"] < case.study.ladder.alpha_fixed
    return {CURVE: _curve, CURVE_BY: _curve_by, FACTOR: _factor, INTERACTION: _interaction}.get(part.kind, _other)(
        case, part, known, f_test(case, part.test)
    )


def _curve(case: Case, part: Part, known: bool, test: Markup) -> Markup:
    time = name(part.columns[0])
    if not known:
        return say("No clear change of {} with {} was found (joint test {}).", name(case.outcome), time, test)
    path = _path(case, part.columns[0])
    text = "{} changes with {} along a curve (joint test {}){}."
    return say(text, name(case.outcome), time, test, say(": {}", path) if path else "")


def _path(case: Case, time: str) -> Markup:
    """Where the mean starts and ends, for each group of a few."""
    found = case.inference["prediction"]
    if not found or found["over"] != time:
        return Markup("")
    by = found["by"]
    groups: dict[tuple, list[tuple[float, float, float]]] = {}
    for row, estimate, se in zip(found["rows"], found["mean"]["estimate"], found["mean"]["se"], strict=True):
        groups.setdefault(tuple(row[one] for one in by), []).append((row[time], estimate, se))
    if len(groups) > _MOST_LEVELS:
        return Markup("")
    told = []
    for levels, points in groups.items():
        first, last = min(points), max(points)
        of = listing([say("{} = {}", name(one), _level(level)) for one, level in zip(by, levels, strict=True)])
        start, end = (with_unit(case, numbers.estimate(one[1], one[2])) for one in (first, last))
        told.append(say("from {} to {}{}", start, end, say(" for {}", of) if of else ""))
    ends = [numbers.plain(pick(row[time] for row in found["rows"])) for pick in (min, max)]
    return say("between {} = {} and {} its mean goes {}", name(time), *ends, listing(told))


def _curve_by(case: Case, part: Part, known: bool, test: Markup) -> Markup:
    time, by = name(part.columns[0]), listing(map(name, part.columns[1:]))
    if not known:
        return say("No clear difference of the curve of {} with {} was found (joint test {}).", time, by, test)
    return say("The curve of {} differs with {} (joint test {}).", time, by, test)


def _factor(case: Case, part: Part, known: bool, test: Markup) -> Markup:
    column = factor_column(part.terms[0])
    levels = numbers.count(len(part.coefficients) + 1)
    outcome = name(case.outcome)
    if not known:
        return say(
            "No clear difference in {} between the {} levels of {} was found ({}).", outcome, levels, column, test
        )
    means = _means(case, column)
    text = "{} differs between the {} levels of {} ({}){}."
    return say(text, outcome, levels, name(column), test, say(": {}", means) if means else "")


def _means(case: Case, column: str) -> Markup:
    """The marginal means of a factor: all of a few levels, the lowest and the highest of many."""
    found = next((one for one in case.inference["means"] or [] if one["over"] == column and not one["by"]), None)
    known = [one for one in found["estimates"] if one["estimate"] is not None] if found else []
    if not known:
        return Markup("")
    several = len(known) > _MOST_LEVELS
    shown = sorted(known, key=lambda one: one["estimate"]) if several else known
    shown = [shown[0], shown[-1]] if several else shown
    each = [
        say("{} for {}", with_unit(case, numbers.estimate(one["estimate"], one["se"])), _level(one["levels"][column]))
        for one in shown
    ]
    return say("from a mean of {} to {}", *each) if several else say("its mean is {}", listing(each))


def _interaction(case: Case, part: Part, known: bool, test: Markup) -> Markup:
    names = [name(factor_column(one)) for one in part.columns]
    if len(names) == 2:
        first, second = names
        if not known:
            return say("No clear change of the effect of {} with {} was found ({}).", first, second, test)
        return say("The effect of {} differs with {} ({}).", first, second, test)
    verdict = "modify one another’s effects" if known else "do not clearly modify one another’s effects"
    return say("{} {} ({}).", listing(names), verdict, test)


def _other(case: Case, part: Part, known: bool, test: Markup) -> Markup:
    verdict = "differs" if known else "does not clearly differ"
    return say("The effect of {} {} from zero (joint test {}).", listing(map(name, part.terms)), verdict, test)


def factor_column(label: str) -> str:
    """The column of a factor: of factor(nitro) nitro."""
    made = _MADE_FACTOR.fullmatch(label)
    return made[1] if made else label


def is_basis(label: str) -> bool:
    """Whether a term holds a basis of several columns, a spline or poly(x, 2), whose coefficients mean little."""
    return any("(" in one and not _MADE_FACTOR.fullmatch(one) for one in label.split(":"))


def _level(level: str | float | bool) -> Markup:
    return name(numbers.plain(level) if isinstance(level, float) else level_text(level))
