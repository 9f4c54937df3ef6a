"""An outcome that was transformed before the analysis: what its coefficients mean on the scale of the data."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from markupsafe import Markup

from lmm import numbers
from lmm.report.case import Case
from lmm.report.coefficients import Coefficient, coefficients, is_plain_slope, level_of
from lmm.report.markup import name, say

_CALL = re.compile(r"\s*(log|log2|log10|log1p|sqrt)\s*\(\s*`?(.+?)`?\s*\)\s*")
_BASES = {"log": math.e, "log2": 2.0, "log10": 10.0}
_WORDS = {
    "log": "natural logarithm",
    "log2": "logarithm to base 2",
    "log10": "logarithm to base 10",
    "log1p": "natural logarithm of 1 plus the value",
    "sqrt": "square root",
}


@dataclass(frozen=True)
class Transformation:
    """The outcome as `function` of what stood in the data under `of`."""

    function: str
    of: str

    @property
    def words(self) -> Markup:
        """In words: "the natural logarithm of time"."""
        if self.function == "log1p":
            return say("the natural logarithm of 1 + {}", name(self.of))
        return say("the {} of {}", _WORDS[self.function], name(self.of))

    @property
    def base(self) -> float | None:
        """Of a logarithm whose coefficients multiply; None for other functions."""
        return _BASES.get(self.function)


def transformation(case: Case) -> Transformation | None:
    """How a step made the outcome from another column; None where it is as the data have it."""
    for step in reversed(case.study.steps):
        made = (getattr(step, "derive", None) or {}).get(case.study.outcome)
        if made is not None:
            call = _CALL.fullmatch(made)
            return Transformation(call[1], call[2]) if call else None
    return None


def methods_said(case: Case) -> list[Markup]:
    """What was modelled, what a coefficient means, and with what AIC and BIC may not be compared."""
    found = transformation(case)
    if found is None:
        return []
    meaning = ""
    if found.base is not None:
        power = {"log": "exp(<i>b</i>)", "log2": "2<sup><i>b</i></sup>", "log10": "10<sup><i>b</i></sup>"}
        meaning = say("; a coefficient <i>b</i> multiplies {} by {}", name(found.of), Markup(power[found.function]))
    text = (
        "The outcome {} is {}{}. Log-likelihood, AIC and BIC are on its scale: to set them beside those of a model of "
        "{} itself, the Jacobian of the transformation has to be added."
    )
    return [say(text, name(case.outcome), found.words, meaning, name(found.of))]


def factor_sentence(case: Case, effect: Coefficient) -> Markup:
    """By what a logged outcome is multiplied, with its interval, after the sentence on the logarithm."""
    found = transformation(case)
    if found is None or found.base is None:
        return Markup("")
    times = [found.base**value for value in (effect.estimate, effect.lower, effect.upper)]
    ratio, lower, upper = (numbers.significant(value) for value in times)
    contrast = level_of(case, effect.name)
    if is_plain_slope(case, effect.name):
        per = say("per unit of {}", name(effect.name))
    elif contrast:
        column, level, reference = map(name, contrast)
        per = say("for {} = {} rather than {}", column, level, reference)
    else:
        return Markup("")
    return say("That is {} times {} {}, {} CI [{}, {}].", ratio, name(found.of), per, case.level, lower, upper)


def sentences_said(case: Case) -> list[Markup]:
    """The coefficients of a logged outcome as factors, for the results of a paper."""
    return [said for effect in coefficients(case) if (said := factor_sentence(case, effect))]
