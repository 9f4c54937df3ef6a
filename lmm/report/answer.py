"""The answer in one paragraph, with its traffic light."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose.labels import bare
from lmm.report.case import Case
from lmm.report.cautions import GREEN, WORDS, Caution, light
from lmm.report.coefficients import INTERCEPT, Coefficient, coefficients, conditions, is_plain_slope, level_of
from lmm.report.jointly import part_sentence, with_unit
from lmm.report.markup import listing, name, say, sentences, told
from lmm.report.parts import SINGLE, parts
from lmm.report.selection import tested
from lmm.report.transformed import factor_sentence

_TOLD = 3
"""So many effects fit a paragraph; the table has the others."""


@dataclass(frozen=True)
class Answer:
    """The light with its word, the paragraph, and why the light is not green."""

    light: str
    word: str
    paragraph: Markup
    reasons: list[Markup]


def answer(case: Case, cautions: list[Caution]) -> Answer:
    """What the study found, and how far it may be trusted."""
    colour = light(cautions)
    reasons = [caution.sentence for caution in cautions if caution.weight != GREEN]
    return Answer(colour, WORDS[colour], sentences([*_effects(case), _levels(case), _choice(case)]), reasons)


def key_coefficient(case: Case) -> dict | None:
    """The row of the one coefficient for an overview, with its "term": the first of the hypotheses, else of all.

    The intercept stands for the mean where there is no other; None where there is no coefficient at all.
    """
    rows = [row for row in case.inference["coefficients"]["rows"] if row["estimate"] is not None]
    by_name = {row["name"]: row for row in rows}
    questioned = case.sensitivity["hypotheses"]
    for one in questioned["coefficients"] if questioned["named"] else []:
        if one["name"] in by_name:
            return by_name[one["name"]] | {"term": one["term"]}
    chosen = next((row for row in rows if row["name"] != INTERCEPT), next(iter(rows), None))
    return chosen and chosen | {"term": chosen["name"]}


def key_estimate(case: Case) -> tuple[Markup, Markup]:
    """The one number for an overview, and what it is; see `key_coefficient`."""
    row = key_coefficient(case)
    if row is None:
        return Markup(numbers.MISSING), say("no fixed effects")
    chosen = next(effect for effect in coefficients(case) if effect.name == bare(row["name"]))
    label = say("mean {}", name(case.outcome)) if chosen.name == INTERCEPT else name(chosen.name)
    text = '<span class="whole">{}</span> <span class="whole">{}</span>'
    return say(text, with_unit(case, chosen.estimate_text), chosen.interval_text), label


def _effects(case: Case) -> list[Markup]:
    found = parts(case)
    if not found:
        return [_mean(case)]
    effects = {effect.name: effect for effect in coefficients(case)}
    told = []
    for part in found[:_TOLD]:
        single = effects.get(part.coefficients[0]) if part.kind == SINGLE else None
        told += [effect_sentence(case, single), factor_sentence(case, single)] if single else []
        told += [part_sentence(case, part)] if part.kind != SINGLE else []
    if len(found) > _TOLD:
        rest = numbers.counted(len(found) - _TOLD, "further effect")
        told.append(say('The <a href="#model">table of fixed effects</a> lists {}.', rest))
    return told


def _mean(case: Case) -> Markup:
    intercept = [effect for effect in coefficients(case) if effect.name == INTERCEPT]
    if not intercept:
        return say("The model has no fixed effects.")
    text = "The mean of {} is {}, {} CI {}."
    only = intercept[0]
    return say(text, name(case.outcome), with_unit(case, only.estimate_text), case.level, only.interval_text)


def effect_sentence(case: Case, effect: Coefficient) -> Markup:
    """One fixed effect as a sentence: its direction only where the test of it is clear."""
    known = effect.p is not None and effect.p < case.study.ladder.alpha_fixed
    outcome = name(case.outcome)
    size = with_unit(case, numbers.estimate(abs(effect.estimate), effect.se))
    text = "<i>b</i> = {}, {} CI {}, {}"
    support = say(text, effect.estimate_text, case.level, effect.interval_text, tested(case, effect.p))
    where = conditions(case, effect.name)
    if is_plain_slope(case, effect.name):
        if not known:
            return say("No clear change of {} with {} was found{} ({}).", outcome, name(effect.name), where, support)
        verb = "rises" if effect.estimate > 0 else "falls"
        return say("{} {} by {} per unit of {}{} ({}).", outcome, verb, size, name(effect.name), where, support)
    contrast = level_of(case, effect.name)
    if contrast:
        column, level, reference = map(name, contrast)
        if not known:
            text = "No clear difference in {} between {} = {} and {} was found{} ({})."
            return say(text, outcome, column, level, reference, where, support)
        more = "higher" if effect.estimate > 0 else "lower"
        text = "{} is {} {} for {} = {} than for {}{} ({})."
        return say(text, outcome, size, more, column, level, reference, where, support)
    first, _, second = effect.name.partition(":")
    if is_plain_slope(case, first) and (is_plain_slope(case, second) or level_of(case, second)):
        return _modified_slope(case, first, second, effect, known, support)
    verdict = "differs from zero" if known else "does not clearly differ from zero"
    return say("The coefficient of {} {} ({}).", name(effect.name), verdict, support)


def _modified_slope(case: Case, slope: str, modifier: str, effect: Coefficient, known: bool, support: Markup) -> Markup:
    """How a slope changes with another predictor: an interaction of two."""
    size = numbers.estimate(abs(effect.estimate), effect.se)
    contrast = level_of(case, modifier)
    if not known:
        other = name(contrast[0] if contrast else modifier)
        return say("No clear change of the slope of {} with {} was found ({}).", name(slope), other, support)
    if contrast:
        column, level, reference = map(name, contrast)
        steeper = "higher" if effect.estimate > 0 else "lower"
        text = "The slope of {} is {} {} for {} = {} than for {} ({})."
        return say(text, name(slope), size, steeper, column, level, reference, support)
    verb = "rises" if effect.estimate > 0 else "falls"
    return say("The slope of {} {} by {} per unit of {} ({}).", name(slope), verb, size, name(modifier), support)


def _levels(case: Case) -> Markup:
    """Where the variance around the fixed part lies, and which effects differ between levels."""
    parts = []
    known = [level for level in case.findings["icc"]["levels"] if level["icc"] is not None]
    if known:
        shares = [
            say(
                "{} {}between levels of {}",
                numbers.percent(level["icc"]),
                "" if k else "lies ",
                name(level["group"]),
            )
            for k, level in enumerate(known)
        ]
        text = "Of the variance that the fixed part leaves, {}."
        if case.coefficients == [INTERCEPT]:
            text = "Of the variance of {outcome}, {}."
        parts.append(say(text, listing(shares), outcome=name(case.outcome)))
    spread: dict[str, list[Markup]] = {}
    for component in case.fit.random:
        for effect, sd in zip(component.names, component.sd, strict=True):
            if effect != INTERCEPT and sd > 0:
                text = say("levels of {} (SD {})", name(component.group), numbers.significant(sd))
                spread.setdefault(effect, []).append(text)
    if not case.fit.random:
        parts.append(say("The model is a linear regression by ordinary least squares, without random effects."))
    for effect, groups in spread.items():
        parts.append(say("The effect of {} differs between {}.", name(effect), listing(groups)))
    return sentences(parts)


def _choice(case: Case) -> Markup:
    return say("On the choice of the model: {}", told(case.decision["final"]["reason"]))
