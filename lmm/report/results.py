"""The results section, ready for a paper: what was found, true of this study's branch and of no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose.labels import bare
from lmm.infer.profile import elements
from lmm.report.case import AT_THE_SELECTED_MEAN, Case
from lmm.report.cautions import AMBER, WHAT_IS_WRONG, Caution
from lmm.report.climbed import step_said
from lmm.report.coefficients import INTERCEPT, Coefficient, coefficients
from lmm.report.crossvalidation import final_said
from lmm.report.family import result_said
from lmm.report.intervals import correlation_limits, limits, of_parameters
from lmm.report.jointly import f_test, is_basis
from lmm.report.markup import listing, name, say, sentences, told
from lmm.report.parts import CURVE, CURVE_BY, SINGLE, Part, parts
from lmm.report.selection import decisions, tested
from lmm.report.shares import icc_sentence
from lmm.report.tables import anova_rows
from lmm.report.transformed import sentences_said
from lmm.select.crossvalidation.folds import NEW_GROUPS
from lmm.select.rivals import random_terms
from lmm.select.step import BACK_OFF, CORRELATION

if TYPE_CHECKING:
    from lmm.model import VarianceComponents

_TOLD = 8
_ON_GROUPING = ("groups ignored", "optional left out", "few repeats")
"""Cautions on which grouping the model has and which it lacks."""


def results(case: Case, cautions: list[Caution]) -> list[Markup]:
    """Paragraphs: selection, fixed effects, random effects and fit, other models, checks and limits."""
    paragraphs = (_selection(case), _fixed(case), _random(case), _others(case), _limits(case, cautions))
    return [paragraph for paragraph in paragraphs if paragraph]


def _selection(case: Case) -> Markup:
    steps = [step for step in case.decision["steps"] if step["estimator"] == "REML"]
    once_more = [step for step in steps if step["step"].endswith(AT_THE_SELECTED_MEAN)]
    random = [step_said(case, step) for step in steps if step not in once_more]
    final = case.decision["final"]
    reduced = {step["larger"] for step in steps if step["kind"] in (BACK_OFF, CORRELATION)}
    singular = [
        entry["label"]
        for entry in case.decision["table"]
        if entry["singular"] and entry["id"] != final["rung"] and entry["id"] not in reduced
    ]
    parts = [*random, _singular_candidates(singular), *_selection_of_fixed(case)]
    if once_more:
        text = "At the selected mean the random part was decided once more and ended as “{}”."
        parts.append(say(text, final["label"]))
    if not case.fit.random:
        text = "The final model was the linear regression <code>{}</code>, without random effects."
        return sentences([*parts, say(text, case.fit.formula)])
    sound = " It converged and was not singular." if case.fit.converged and not case.fit.singular else ""
    parts.append(say("The final model was <code>{}</code>.{}", case.fit.formula, sound))
    return sentences(parts)


def _selection_of_fixed(case: Case) -> list[Markup]:
    """What the selection of fixed effects did at each step, and which criteria would have ended elsewhere."""
    found = case.selection
    if found is None:
        return []
    said = [found["sentence"], *(step["reason"] for step in decisions(found))]
    said += [found["disagreement"]] if found["disagreement"] else []
    said += [case.inclusion["sentence"]] if case.inclusion else []
    return [told(bare(sentence)) for sentence in said]


def _singular_candidates(labels: list[str]) -> Markup:
    if not labels:
        return Markup("")
    quoted = listing([say("“{}”", label) for label in labels])
    if len(labels) == 1:
        return say("The candidate {} was singular and was not chosen.", quoted)
    return say("The candidates {} were singular and were not chosen.", quoted)


def _fixed(case: Case) -> Markup:
    """Terms as a whole first, then single coefficients; those of a spline stay in the table."""
    opaque = {one for part in parts(case) if any(map(is_basis, part.terms)) for one in _of_bases(part)}
    effects = coefficients(case)
    listed = [effect for effect in effects if effect.name not in opaque]
    told = [
        say(
            "{}: <i>b</i> = {}, <i>SE</i> = {}, {} CI {}, {}, {}",
            "Intercept" if effect.name == INTERCEPT else name(effect.name),
            effect.estimate_text,
            effect.se_text,
            case.level,
            effect.interval_text,
            effect.statistic_text,
            tested(case, effect.p),
        )
        for effect in listed[:_TOLD]
    ]
    if not told:
        return Markup("")
    more = " (further ones in the table)" if len(listed) > _TOLD else ""
    more = " (those of the curve in the table, as one by one they mean little)" if opaque else more
    return sentences(
        [
            _terms(case),
            say("Fixed effects were as follows{}. {}.", more, Markup("; ").join(told)),
            *sentences_said(case),
            *result_said(case),
            *_likelihood_ratios(case),
            _nothing_found(case, [effect for effect in effects if effect.name != INTERCEPT]),
        ]
    )


def _of_bases(part: Part) -> tuple[str, ...]:
    """The coefficients of a part that are those of a basis: several to a term that is no factor."""
    return part.coefficients if len(part.coefficients) > len(part.terms) else ()


def _terms(case: Case) -> Markup:
    """The F tests, where they say more than the t tests of single coefficients; of a curve, the joint ones."""
    curves = [part for part in parts(case) if part.kind in (CURVE, CURVE_BY) and part.test and len(part.terms) > 1]
    joint = [say("{} together: {}", listing(map(name, part.terms)), f_test(case, part.test)) for part in curves]
    inside = {term for part in curves for term in part.terms}
    tests = [
        say("{}: <i>F</i>({}) = {}, {}", name(row["term"]), row["df"], row["statistic"], tested(case, row["p_value"]))
        for row in anova_rows(case)
        if row["reason"] is None and row["term"] not in inside
    ]
    found = [*joint, *tests]
    return say("Terms as a whole, type III: {}.", Markup("; ").join(found)) if found else Markup("")


def _nothing_found(case: Case, effects: list[Coefficient]) -> Markup:
    """Said where no effect is clear, as it is easily read as if there were none."""
    alpha = case.study.ladder.alpha_fixed
    joint = [part.test["p"] for part in parts(case) if part.kind != SINGLE and part.test]
    if not effects or any(p is not None and p < alpha for p in [*(effect.p for effect in effects), *joint]):
        return Markup("")
    if len(effects) == 1:
        text = "The coefficient of {} did not differ from zero at α = {}, which is no evidence that it is zero."
        return say(text, name(effects[0].name), numbers.bounded(alpha))
    text = "No coefficient of a predictor differed from zero at α = {}, which is no evidence that they are zero."
    return say(text, numbers.bounded(alpha))


_OTHER = {False: "Likelihood ratio", True: "Other likelihood ratio"}


def _likelihood_ratios(case: Case) -> list[Markup]:
    """The tests by maximum likelihood: of all terms together, and of one term where they say other than its F test."""
    table = case.inference["anova"]
    by_f = {bare(row["term"]): row["test"]["p"] for row in table["rows"] if row["test"]} if table else {}
    found, agreeing, agreed = [], 0, None
    for step in case.decision["steps"]:
        if step["estimator"] != "ML":
            continue
        if step["p"] is None:
            found.append(told(step["reason"]))
        elif len(step["terms"]) > 1:
            found.append(_fixed_step(case, step))
        elif (p := by_f.get(bare(step["terms"][0]))) is None or (p < step["alpha"]) != (step["p"] < step["alpha"]):
            found.append(_fixed_step(case, step))
        else:
            agreeing, agreed = agreeing + 1, step
    if agreeing:
        alpha = numbers.bounded(case.study.ladder.alpha_fixed)
        text = "{} by maximum likelihood led to the same {} at α = {}."
        tests = f"{_OTHER[bool(found)]} tests of single terms" if agreeing > 1 else _test_of(case, agreed)
        found.append(say(text, tests, "verdicts" if agreeing > 1 else "verdict", alpha))
    return found


def _test_of(case: Case, step: dict) -> Markup:
    """The test of one term, named where there are others."""
    only = sum(one["estimator"] == "ML" for one in case.decision["steps"]) == 1
    return say("The likelihood ratio test{}", Markup("") if only else say(" of {}", name(step["terms"][0])))


def _fixed_step(case: Case, step: dict) -> Markup:
    subject = "All terms together" if len(step["terms"]) > 1 else name(step["terms"][0])
    text = "{} {} the fit (likelihood ratio {} on {}, {}; by maximum likelihood)."
    verb = "improved" if step["p"] < step["alpha"] else "did not clearly improve"
    return say(text, subject, verb, numbers.decimal(step["statistic"]), step["null"], tested(case, step["p"]))


def _random(case: Case) -> Markup:
    if not case.fit.random:
        interval = _with_limits(case, limits(of_parameters(case).get("sigma")))
        text = "The residual standard deviation was {}{}, and <i>R</i>² of the fixed part {}."
        return say(text, numbers.significant(case.fit.sigma), interval, numbers.bounded(case.findings["r2_marginal"]))
    parts, found = [], of_parameters(case)
    for component in case.fit.random:
        parameters = {(row, column): found.get(key) for key, row, column in elements(component)}
        sds = [
            say(
                "<i>SD</i> = {}{} ({})",
                numbers.significant(sd),
                _with_limits(case, limits(parameters[k, k])),
                "intercept" if effect == INTERCEPT else name(effect),
            )
            for k, (effect, sd) in enumerate(zip(component.names, component.sd, strict=True))
        ]
        sds += _correlations(case, component, parameters)
        parts.append(say("Between levels of {}: {}.", name(component.group), Markup("; ").join(sds)))
    residual = _with_limits(case, limits(found.get("sigma")))
    parts.append(say("The residual standard deviation was {}{}.", numbers.significant(case.fit.sigma), residual))
    parts.append(icc_sentence(case))
    marginal, conditional = case.findings.get("r2_marginal"), case.findings.get("r2_conditional")
    if marginal is not None and conditional is not None:
        text = "Marginal <i>R</i>² was {} and conditional <i>R</i>² {}."
        parts.append(say(text, numbers.bounded(marginal), numbers.bounded(conditional)))
    return sentences(parts)


def _correlations(case: Case, component: VarianceComponents, parameters: dict) -> list[Markup]:
    """Every correlation that is not fixed at zero, with its effects where there are several; many are in the table."""
    names = ["intercept" if effect == INTERCEPT else name(effect) for effect in component.names]
    known = [(row, column) for row, column in parameters if row > column and min(component.sd[[row, column]]) > 0]
    if len(known) > _TOLD:
        return [say("{} correlations in the table", numbers.count(len(known)))]
    found = []
    for row, column in known:
        limits_said = _with_limits(case, correlation_limits(parameters[row, column]))
        of = say(" ({} and {})", names[column], names[row]) if len(names) > 2 else ""
        found.append(say("<i>r</i> = {}{}{}", numbers.bounded(component.correlation[row, column]), limits_said, of))
    return found


def _others(case: Case) -> Markup:
    """What other models say: how they predict, on each target by itself, and whether the answer hangs on the choice."""
    parts = [
        say("In cross-validation {}: {}", _predicted(comparison["folds"]), said[0].lower() + said[1:])
        for comparison in case.comparisons
        if (said := final_said(case, comparison))
    ]
    if len({model["formula"] for model in case.sensitivity["hypotheses"]["models"]}) > 1:
        parts.append(told(case.in_labels(case.sensitivity["hypotheses"]["sentence"])))
    return sentences([*parts, _criteria(case)])


def _criteria(case: Case) -> Markup:
    """In one sentence, which criteria would by themselves have chosen another model."""
    rows = case.sensitivity["panel"]["rows"]
    others: dict[str, list[str]] = {}
    for row in rows:
        if not row["agrees"] and row["chosen"]:
            noise = " (within noise)" if row["within_noise"] else ""
            others.setdefault(row["chosen"], []).append(f"{row['criterion']}{noise}")
    if not others:
        compared = len({random_terms(entry["formula"]) for entry in case.decision["table"]} - {frozenset()}) > 1
        agreed = any(row["agrees"] and row["chosen"] for row in rows)
        text = "No criterion that can tell these models apart preferred another one."
        return say(text) if compared and agreed else Markup("")
    each = [say("{} would have chosen “{}”", listing(by), case.label(rung)) for rung, by in others.items()]
    return say("Taken alone, {}.", Markup("; ").join(each))


def _predicted(folds: dict) -> Markup:
    if folds["target"] == NEW_GROUPS:
        return say("on new levels of {}", name(folds["group"]))
    return say("on further rows of known levels")


def _with_limits(case: Case, shown: str) -> str:
    """An interval to follow its estimate; nothing where there is none."""
    return f", {case.level} CI {shown}" if shown not in ("", numbers.MISSING) else ""


def _limits(case: Case, cautions: list[Caution]) -> Markup:
    """What the paper has to say against itself; the singular direction in the words of the fit."""
    parts = []
    if case.fit.singular:
        where = listing([collapsed.rstrip(".") for collapsed in map(bare, case.fit.collapsed)])
        parts.append(say("The final model was singular ({}).", where))
    parts += [one.sentence for one in cautions if one.subject == "few levels" and one.weight == AMBER]
    parts += [one.sentence for one in cautions if one.subject in _ON_GROUPING]
    if not case.fit.converged:
        wrong = WHAT_IS_WRONG[case.fit.convergence.status]
        parts.append(say("The final model {}, and its estimates should not be interpreted.", wrong))
    concerns = [figure["concern"] for figure in case.findings["figures"] if figure["concern"]]
    if concerns:
        parts += [say("{}", concern) for concern in concerns]
    else:
        what = "Residuals and random effects" if case.fit.random else "Residuals"
        parts.append(say("{} showed no departure from what the model implies.", what))
    if case.data_driven_steps:
        parts.append(
            say("As the random part was chosen on the same data, intervals and <i>p</i>-values are after selection.")
        )
    if case.selects_fixed_effects:
        parts.append(
            say(
                "As the fixed effects were selected by the data they are tested with, <i>p</i>-values are too small, "
                "intervals too narrow, and the estimates of those selected, on average, too large."
            )
        )
    return sentences(parts)
