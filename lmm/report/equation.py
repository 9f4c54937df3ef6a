"""The final model as an equation with its estimates, in words of the study, and as a call of lme4."""

from __future__ import annotations

import re

from markupsafe import Markup

from lmm import numbers
from lmm.report.case import Case
from lmm.report.coefficients import INTERCEPT, coefficients
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
    """The same model in R: `lmer(...)`, or `lm(...)` where nothing is random."""
    weights = f", weights = {_r_name(case.study.weights)}" if case.study.weights else ""
    call = f"{case.fit.formula}, data = data{weights}"
    return f"lmer({call}, REML = {'TRUE' if case.fit.reml else 'FALSE'})" if case.fit.random else f"lm({call})"


def _r_name(column: str) -> str:
    return column if re.fullmatch(r"[A-Za-z.][A-Za-z0-9._]*", column) else f"`{column}`"
