"""The question's roles, and what was fixed in advance and what the data decided."""

from __future__ import annotations

from markupsafe import Markup

from lmm import numbers
from lmm.report.case import Case
from lmm.report.family import plan_said
from lmm.report.markup import listing, name, say
from lmm.report.selection import procedure_said
from lmm.select.crossvalidation.folds import KNOWN_GROUPS
from lmm.select.step import LRT

CONFIRMATORY, PARSIMONIOUS, MAXIMAL = "confirmatory", "parsimonious", "maximal"


def roles(case: Case) -> list[tuple[str, Markup]]:
    """What each column is for, in the words of the study."""
    study = case.study
    found = [
        ("Outcome", say("{}{}", name(study.outcome), say(" ({})", study.unit) if study.unit else "")),
        ("Fixed part", say("<code>{}</code>{}", study.fixed, ", the mean alone" if study.fixed.strip() == "1" else "")),
    ]
    found += [("Hypotheses", hypotheses(case))] if study.hypotheses else []
    found += [("Grouping factors", listing([name(group) for group in study.groups]))]
    if study.slopes:
        text = "<code>{}</code> by {}"
        slopes = [say(text, slope, name(group)) for group, slope in study.slopes.items()]
        found.append(("Slopes that may vary", listing(slopes)))
    found += [("Time", name(study.time))] if study.time else []
    found += [("Weights", name(study.weights))] if study.weights else []
    return found


def hypotheses(case: Case) -> Markup:
    """The terms that the study is about."""
    return listing([say("<code>{}</code>", term) for term in case.study.hypotheses])


def fixed_in_advance(case: Case) -> list[Markup]:
    """The rules that were settled before any model was fitted."""
    rules = case.study.ladder
    parts = [*_hypotheses(case), *_groups(case)]
    if has_slopes(case):
        parts += [say("Mode {}: {}", case.mode, _MODES[case.mode]), _kept_by(case)]
        parts.append(_CORRELATIONS[rules.correlations])
        singular = "may be the final one" if rules.allow_singular else "stays in the table but cannot be the final one"
        parts.append(say("A model whose slopes are singular {}.", singular))
    parts.append(_selection(case))
    parts.append(say("Fixed effects are called different from zero at α = {}.", numbers.bounded(rules.alpha_fixed)))
    return [*parts, *plan_said(case), *_validation(case)]


def decided_on_data(case: Case) -> list[Markup]:
    """The questions that were left to the data."""
    decided = [say("{}", one) for one in dict.fromkeys(step["question"] for step in case.data_driven_steps)]
    if case.selects_fixed_effects:
        decided.append(say("Which fixed effects stay? By {}.", procedure_said(case.selection)))
    if not decided and case.stopped:
        decided = [say("Nothing: the ladder stopped before the data had a choice of model to make.")]
    return decided or [say("Nothing: the study leaves no choice of model to the data.")]


def has_slopes(case: Case) -> bool:
    """Whether the random part may have slopes at all."""
    return bool(case.study.slopes) or case.mode != PARSIMONIOUS


def _hypotheses(case: Case) -> list[Markup]:
    if not case.study.hypotheses:
        return []
    text = "The hypotheses, on {}, were named in advance: their terms stay whatever the data say. All else is explored."
    return [say(text, hypotheses(case))]


def _groups(case: Case) -> list[Markup]:
    optional = case.study.ladder.optional
    design = [group for group in case.study.groups if group not in optional]
    parts = []
    if design:
        text = "Intercepts of {} stay in, whatever their variance: {} to the design."
        belongs = "it belongs" if len(design) == 1 else "they belong"
        parts.append(say(text, listing([name(group) for group in design]), belongs))
    if optional:
        text = "Intercepts of {} are in the model only if the data support them."
        parts.append(say(text, listing([name(group) for group in optional])))
    return parts


_MODES = {
    CONFIRMATORY: Markup(
        "the slopes of the hypotheses enter untested, by each factor within which they vary, as far as they can be "
        "estimated (Barr et al., 2013); other slopes that the study names are tested."
    ),
    PARSIMONIOUS: Markup("each slope is tested, the one with the smallest <i>p</i> first (Matuschek et al., 2017)."),
    MAXIMAL: Markup(
        "every slope that the study allows enters and goes only where the model cannot be estimated with it (Barr et "
        "al., 2013)."
    ),
}
_CORRELATIONS = {
    "keep": Markup("Correlations of random slopes with intercepts are estimated."),
    "test": Markup("Correlations of random slopes with intercepts are estimated where the criterion supports them."),
    "drop": Markup("Correlations of random slopes with intercepts are fixed at zero."),
}


def _kept_by(case: Case) -> Markup:
    rules = case.study.ladder
    if rules.criterion == LRT:
        alpha = numbers.bounded(rules.alpha_random)
        return say("A slope that is tested is kept when its corrected <i>p</i> &lt; {}.", alpha)
    return say("A slope that is in question is kept when it lowers {}, by REML.", rules.criterion)


def _selection(case: Case) -> Markup:
    if case.selection is None:
        return say("The fixed part is not selected; every term stays in.")
    text = "Fixed effects are selected by {}, by maximum likelihood at the random part that was chosen before."
    return say(text, procedure_said(case.selection))


def _validation(case: Case) -> list[Markup]:
    if not case.comparisons:
        return []
    told = []
    for comparison in case.comparisons:
        folds = comparison["folds"]
        what = "rows of known groups" if folds["target"] == KNOWN_GROUPS else say("levels of {}", name(folds["group"]))
        told.append(say("{} ({})", what, numbers.counted(folds["number"], "fold")))
    return [say("Every model is cross-validated on held-out {}.", listing(told))]
