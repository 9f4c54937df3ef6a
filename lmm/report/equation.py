"""The final model as an equation with its estimates, in words of the study, and as a call of lme4."""

from __future__ import annotations

import re

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose.labels import bare
from lmm.formula import parse
from lmm.report.case import Case
from lmm.report.coefficients import INTERCEPT, coefficients, level_of
from lmm.report.markup import listing, name, say


def equation(case: Case) -> Markup:
    """Outcome = estimates × predictors + a deviation per level of each factor + error."""
    parts = []
    for effect in coefficients(case):
        sign = Markup("") if not parts and effect.estimate >= 0 else Markup(" − " if effect.estimate < 0 else " + ")
        size = numbers.estimate(abs(effect.estimate), effect.se)
        factor = Markup("") if effect.name == INTERCEPT else say(" × {}", name(effect.name))
        parts.append(say('<span class="part">{}{}{}</span>', sign, size, factor))
    if not parts:
        parts = [Markup("0")]
    for component in case.fit.random:
        for effect in component.names:
            factor = Markup("") if effect == INTERCEPT else say(" × {}", name(effect))
            text = '<span class="part"> + <i>u</i><sub>{}</sub>[{}]{}</span>'
            parts.append(say(text, "0" if effect == INTERCEPT else name(effect), name(component.group), factor))
    return say('{} = {}<span class="part"> + <i>e</i></span>', name(case.outcome), Markup("").join(parts))


def distributions(case: Case) -> list[Markup]:
    """How the random parts of the equation are distributed, a sentence each."""
    parts = []
    for component in case.fit.random:
        text = "<i>u</i>[{}]: normal with mean 0, {}{}."
        sds = listing(
            [
                say(
                    "SD {} ({})",
                    numbers.significant(sd),
                    "intercept" if effect == INTERCEPT else name(effect),
                )
                for effect, sd in zip(component.names, component.sd, strict=True)
            ]
        )
        correlated = ", correlated as in the table below" if len(component.names) > 1 else ""
        parts.append(say(text, name(component.group), sds, correlated))
    weights = case.study.weights
    by_weight = say(" divided by the root of {}", name(weights)) if weights else ""
    parts.append(say("<i>e</i>: normal with mean 0, SD {}{}.", numbers.significant(case.fit.sigma), by_weight))
    return parts


def lme4_call(case: Case) -> str:
    """The same model in R: `lmer(...)`, or `lm(...)` where nothing is random, after the libraries that it needs."""
    weights = f", weights = {_r_name(case.study.weights)}" if case.study.weights else ""
    formula = case.fit.formula
    call = f"{_without_double_bars_of_factors(case)}, data = data{weights}"
    splines = "library(splines)\n" if re.search(r"\b(?:ns|bs)\(", formula) else ""
    if not case.fit.random:
        return f"{splines}lm({call})"
    return f"{splines}lmer({call}, REML = {'TRUE' if case.fit.reml else 'FALSE'})"


def _without_double_bars_of_factors(case: Case) -> str:
    """The formula with a term for each dummy of a factor before ||, which lme4 1.x would leave correlated."""
    formula = case.fit.formula
    for part in parse(formula).random:
        terms, group = re.escape(str(part.terms).removeprefix("1 + ")), re.escape(part.group_label)
        written = re.compile(rf"\((?:1 \+ )?{terms} \|\| {group}\)")
        effects = [
            bare(component.names[0])
            for component in case.fit.random
            if len(component.names) == 1 and component.group == part.group_label.replace("`", "")
        ]
        if part.independent and any(level_of(case, piece) for one in effects for piece in one.split(":")):
            apart = " + ".join(_r_term(case, one, part.group_label) for one in effects)
            formula = written.sub(lambda _, apart=apart: apart, formula)
    return formula


def _r_term(case: Case, effect: str, group: str) -> str:
    if effect == INTERCEPT:
        return f"(1 | {group})"
    contrasts = [(piece, level_of(case, piece)) for piece in effect.split(":")]
    dummies = [f'dummy({_r_name(one[0])}, "{one[1]}")' if one else _r_name(piece) for piece, one in contrasts]
    return f"(0 + {':'.join(dummies)} | {group})"


def _r_name(column: str) -> str:
    is_call = column.endswith(")") and "(" in column
    return column if is_call or re.fullmatch(r"[A-Za-z.][A-Za-z0-9._]*", column) else f"`{column}`"
