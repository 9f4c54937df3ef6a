"""The results section, ready for a paper: what was found, true of this study's branch and of no other."""

from __future__ import annotations

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose.labels import bare
from lmm.infer.profile import elements
from lmm.report.case import AT_THE_SELECTED_MEAN, Case
from lmm.report.cautions import AMBER, WHAT_IS_WRONG, Caution
from lmm.report.coefficients import INTERCEPT, coefficients
from lmm.report.crossvalidation import final_said
from lmm.report.family import result_said
from lmm.report.intervals import correlation_limits, limits, of_parameters
from lmm.report.markup import listing, name, p_value, say, sentences, told
from lmm.report.selection import decisions, tested
from lmm.report.shares import icc_sentence
from lmm.report.tables import anova_rows
from lmm.select.crossvalidation.folds import NEW_GROUPS
from lmm.select.step import CORRELATION, DESIGN, DROP, KEEP, LRT, SLOPE
from lmm.select.step import INTERCEPT as INTERCEPT_STEP
from lmm.select.wording import null_words

_TOLD = 8


def results(case: Case, cautions: list[Caution]) -> list[Markup]:
    """Paragraphs: selection, fixed effects, random effects and fit, other models, checks and limits."""
    paragraphs = (_selection(case), _fixed(case), _random(case), _others(case), _limits(case, cautions))
    return [paragraph for paragraph in paragraphs if paragraph]


def _selection(case: Case) -> Markup:
    steps = [step for step in case.decision["steps"] if step["estimator"] == "REML"]
    once_more = [step for step in steps if step["step"].endswith(AT_THE_SELECTED_MEAN)]
    random = [_random_step(case, step) for step in steps if step not in once_more]
    final = case.decision["final"]
    singular = [
        entry["label"] for entry in case.decision["table"] if entry["singular"] and entry["id"] != final["rung"]
    ]
    parts = [*random, _singular_candidates(singular)]
    parts += [told(sentence) for sentence in case.disagreements]
    parts += _selection_of_fixed(case)
    if once_more:
        text = "At the selected mean the random part was decided once more and ended as “{}”."
        parts.append(say(text, final["label"]))
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


def _random_step(case: Case, step: dict) -> Markup:
    """A comparison of random parts in the past tense with its test, else in the words of the decision."""
    group = step["group"]
    beside = listing([name(other) for other in step["beside"]])
    given = say(", with {} in the model", beside) if beside else Markup("")
    if step["p"] is None:
        return told(case.in_labels(step["reason"]))
    if step["kind"] == INTERCEPT_STEP and step["decision"] == DESIGN:
        text = "{} stayed by design{} ({})." if beside else "Intercepts of {} entered by design{} ({})."
        return say(text, name(group), given, _likelihood_ratio(step))
    if step["kind"] == SLOPE and _decided_by_test(case, step):
        what = say("The effect of {}", listing([name(term) for term in step["terms"]]))
        text = "{} {} between levels of {}{} ({})."
        return say(text, what, _VERDICTS[step["decision"]], name(group), given, _likelihood_ratio(step))
    if step["kind"] == CORRELATION and step["decision"] == KEEP and case.study.ladder.correlations == "keep":
        text = "Random slopes stayed correlated with the intercepts of {} by default{} ({})."
        return say(text, name(group), given, _likelihood_ratio(step))
    return told(case.in_labels(step["reason"]))


_VERDICTS = {KEEP: "varied", DROP: "did not clearly vary"}


def _decided_by_test(case: Case, step: dict) -> bool:
    """Was the decision that of the likelihood ratio test, and of nothing beside it?"""
    if case.study.ladder.criterion != LRT or step["decision"] not in _VERDICTS:
        return False
    return (step["decision"] == KEEP) == (step["p"] < step["alpha"])


def _likelihood_ratio(step: dict) -> Markup:
    """The test in short; the naive p-value beside it only where it reads differently."""
    naive = Markup("")
    if step["naive_p"] is not None and numbers.p_value(step["naive_p"]) != numbers.p_value(step["p"]):
        naive = say(", where plain χ² would give {}", p_value(step["naive_p"]))
    return say(
        "likelihood ratio {}, {} {}{}; ΔAIC = {}, ΔBIC = {}",
        numbers.decimal(step["statistic"]),
        p_value(step["p"]),
        null_words(step["method"], step["null"], step["draws"]),
        naive,
        numbers.decimal(step["delta_aic"], 1),
        numbers.decimal(step["delta_bic"], 1),
    )


def _fixed(case: Case) -> Markup:
    effects = coefficients(case)
    alpha = case.study.ladder.alpha_fixed
    parts = [
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
        for effect in effects[:_TOLD]
    ]
    if not parts:
        return Markup("")
    more = " (further effects in the table)" if len(effects) > _TOLD else ""
    listed = sentences(
        [say("Fixed effects were as follows{}. {}.", more, Markup("; ").join(parts)), _terms(case), *result_said(case)]
    )
    listed = sentences(
        [listed, *(_fixed_step(case, step) for step in case.decision["steps"] if step["estimator"] == "ML")]
    )
    slopes = [effect for effect in effects if effect.name != INTERCEPT]
    if slopes and not any(effect.p is not None and effect.p < alpha for effect in slopes):
        text = " No coefficient of a predictor differed from zero at α = {}, which is no evidence that they are zero."
        listed += say(text, numbers.bounded(alpha))
    return listed


def _terms(case: Case) -> Markup:
    """The F tests, where they say more than the t tests of single coefficients."""
    tests = [
        say("{}: <i>F</i>({}) = {}, {}", name(row["term"]), row["df"], row["statistic"], tested(case, row["p_value"]))
        for row in anova_rows(case)
        if row["reason"] is None
    ]
    return say("Terms as a whole, type III: {}.", Markup("; ").join(tests)) if tests else Markup("")


def _fixed_step(case: Case, step: dict) -> Markup:
    subject = "All terms together" if len(step["terms"]) > 1 else name(step["terms"][0])
    if step["p"] is None:
        return told(step["reason"])
    text = "{} {} the fit (likelihood ratio {} on {}, {}; by maximum likelihood)."
    verb = "improved" if step["p"] < step["alpha"] else "did not clearly improve"
    return say(text, subject, verb, numbers.decimal(step["statistic"]), step["null"], tested(case, step["p"]))


def _random(case: Case) -> Markup:
    if not case.fit.random:
        return say("The residual standard deviation was {}.", numbers.significant(case.fit.sigma))
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
        if len(component.names) == 2 and min(component.sd) > 0:
            told = _with_limits(case, correlation_limits(parameters[1, 0]))
            sds.append(say("<i>r</i> = {}{}", numbers.bounded(component.correlation[1, 0]), told))
        parts.append(say("Between levels of {}: {}.", name(component.group), Markup("; ").join(sds)))
    residual = _with_limits(case, limits(found.get("sigma")))
    parts.append(say("The residual standard deviation was {}{}.", numbers.significant(case.fit.sigma), residual))
    parts.append(icc_sentence(case))
    marginal, conditional = case.findings.get("r2_marginal"), case.findings.get("r2_conditional")
    if marginal is not None and conditional is not None:
        text = "Marginal <i>R</i>² was {} and conditional <i>R</i>² {}."
        parts.append(say(text, numbers.bounded(marginal), numbers.bounded(conditional)))
    return sentences(parts)


def _others(case: Case) -> Markup:
    """What other models say: how they predict, on each target by itself, and whether the answer hangs on the choice."""
    parts = [
        say("In cross-validation {}: {}", _predicted(comparison["folds"]), said[0].lower() + said[1:])
        for comparison in case.comparisons
        if (said := final_said(case, comparison))
    ]
    parts += [told(case.in_labels(case.sensitivity[which]["sentence"])) for which in ("hypotheses", "panel")]
    return sentences(parts)


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
        parts.append(say("The final model was singular: {}", " ".join(case.fit.collapsed)))
    few = [caution.sentence for caution in cautions if caution.subject == "few levels" and caution.weight == AMBER]
    parts += few
    if not case.fit.converged:
        wrong = WHAT_IS_WRONG[case.fit.convergence.status]
        parts.append(say("The final model {}, and its estimates should not be interpreted.", wrong))
    concerns = [figure["concern"] for figure in case.findings["figures"] if figure["concern"]]
    if concerns:
        parts += [say("{}", concern) for concern in concerns]
    else:
        parts.append(say("Residuals and random effects showed no departure from what the model implies."))
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
