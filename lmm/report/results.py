"""The results section, ready for a paper: what was found, true of this study's branch and of no other."""

from __future__ import annotations

from markupsafe import Markup

from lmm import numbers
from lmm.report.case import Case
from lmm.report.cautions import AMBER, Caution
from lmm.report.coefficients import INTERCEPT, coefficients
from lmm.report.markup import listing, name, p_value, say, sentences

_TOLD = 8


def results(case: Case, cautions: list[Caution]) -> list[Markup]:
    """Paragraphs: selection, fixed effects, random effects and fit, checks and limits."""
    return [
        paragraph
        for paragraph in (_selection(case), _fixed(case), _random(case), _limits(case, cautions))
        if paragraph
    ]


def _selection(case: Case) -> Markup:
    told = [_step(case, step) for step in case.decision["steps"]]
    singular = [
        entry["label"]
        for entry in case.decision["table"]
        if entry.get("singular") and entry["id"] != case.decision["final"]["rung"]
    ]
    if singular:
        told.append(
            say(
                "{} {} singular and {} not chosen.",
                listing([say("“{}”", label) for label in singular]),
                "was" if len(singular) == 1 else "were",
                "was" if len(singular) == 1 else "were",
            )
        )
    told += [say("{}", sentence) for sentence in case.decision["disagreements"]]
    told.append(say("The final model was <code>{}</code>.", case.fit.formula))
    return sentences(told)


def _step(case: Case, step: dict) -> Markup:
    larger = case.rungs[step["larger"]]["label"]
    smaller = case.rungs[step["smaller"]]["label"]
    if step["decision"] == "design":
        return Markup("")
    verb = "was kept" if step["decision"] == "keep" else "was not kept"
    if step.get("p") is None:
        return say("“{}” over “{}”: {}", larger, smaller, step["reason"])
    naive = (
        f"; plain χ² would give {numbers.p_value(step['naive_p'])}" if step.get("naive_p") is not None else ""
    )
    return say(
        "The larger model “{}” {} over “{}” (likelihood ratio {}, {} on {}{}; ΔAIC = {}, ΔBIC = {}).",
        larger, verb, smaller, numbers.decimal(step["statistic"]), p_value(step["p"]), step["null"], naive,
        numbers.decimal(step.get("delta_aic"), 1), numbers.decimal(step.get("delta_bic"), 1),
    )  # fmt: skip


def _fixed(case: Case) -> Markup:
    effects = coefficients(case)
    alpha = case.study.ladder.alpha_fixed
    told = [
        say(
            "{}: <i>b</i> = {}, <i>SE</i> = {}, 95% CI {}, <i>z</i> = {}, {}",
            "Intercept" if effect.name == INTERCEPT else name(effect.name),
            effect.estimate_text,
            effect.se_text,
            effect.interval_text,
            numbers.decimal(effect.z),
            p_value(effect.p),
        )  # fmt: skip
        for effect in effects[:_TOLD]
    ]
    if not told:
        return Markup("")
    more = " (further effects in the table)" if len(effects) > _TOLD else ""
    listed = say("Fixed effects were as follows{}. {}.", more, Markup("; ").join(told))
    slopes = [effect for effect in effects if effect.name != INTERCEPT]
    if slopes and not any(effect.p is not None and effect.p < alpha for effect in slopes):
        text = " None of the predictors’ coefficients differed from zero at α = {}; this is no evidence that they are zero."
        listed += say(text, numbers.bounded(alpha))
    return listed


def _random(case: Case) -> Markup:
    if not case.fit.random:
        return say("The residual standard deviation was {}.", numbers.significant(case.fit.sigma))
    told = []
    for component in case.fit.random:
        parts = [
            say(
                "<i>SD</i> = {} ({})",
                numbers.significant(sd),
                "intercept" if effect == INTERCEPT else name(effect),
            )
            for effect, sd in zip(component.names, component.sd, strict=True)
        ]
        if len(component.names) == 2 and min(component.sd) > 0:
            parts.append(say("<i>r</i> = {}", numbers.bounded(component.correlation[1, 0])))
        told.append(say("Between levels of {}: {}.", name(component.group), Markup(", ").join(parts)))
    told.append(say("The residual standard deviation was {}.", numbers.significant(case.fit.sigma)))
    shares = [
        say("{} for {}", numbers.bounded(level["icc"]), name(level["group"]))
        for level in case.findings["icc"]["levels"]
        if level["icc"] is not None
    ]
    if shares:
        told.append(say("The intraclass correlation, adjusted for the fixed part, was {}.", listing(shares)))
    marginal, conditional = case.findings.get("r2_marginal"), case.findings.get("r2_conditional")
    if marginal is not None and conditional is not None:
        text = "Marginal <i>R</i>² was {} and conditional <i>R</i>² {}."
        told.append(say(text, numbers.bounded(marginal), numbers.bounded(conditional)))
    return sentences(told)


def _limits(case: Case, cautions: list[Caution]) -> Markup:
    """What the paper has to say against itself; the singular direction in the words of the fit."""
    told = []
    if case.fit.singular:
        told.append(say("The final model was singular: {}", " ".join(case.fit.collapsed)))
    few = [
        caution.sentence
        for caution in cautions
        if caution.subject == "few levels" and caution.weight == AMBER
    ]
    told += few
    if not case.fit.converged:
        told.append(say("The final model did not converge, and its estimates should not be interpreted."))
    concerns = [figure["seen"] for figure in case.findings["figures"] if figure.get("concern")]
    if concerns:
        told += [say("{}", seen) for seen in concerns]
    else:
        told.append(say("Residuals and random effects showed no departure from what the model implies."))
    if case.data_driven_steps:
        told.append(
            say(
                "As the random part was chosen on the same data, intervals and <i>p</i>-values are after selection."
            )
        )
    return sentences(told)
