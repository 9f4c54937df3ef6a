"""What a reader must know before believing the model, and the traffic light that follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose.check import FINE, LOOK, WRONG
from lmm.diagnose.labels import shorten
from lmm.diagnose.steps_taken import JOIN, LABELS, StepTaken, steps_taken
from lmm.report.case import Case
from lmm.report.crossvalidation import concerns, not_done
from lmm.report.family import no_longer_clear, size
from lmm.report.markup import listing, name, p_value, say, told

RED, AMBER, GREEN = "red", "amber", "green"
WORDS = {RED: "Not ready to report", AMBER: "Usable, with cautions", GREEN: "Sound"}
WHAT_IS_WRONG = {"not converged": "did not converge", "not identified": "is not identified"}
# What the report finds in the final fit itself.
_SAID_OF_THE_FIT = ("few levels", "singular", "unsound", "several optima")
_WEIGHTS = {"groups ignored": RED, "reused labels": GREEN}
"""What the warnings of a decision weigh, where it is not AMBER."""
_FAILED_SHARE = 0.05
_NAMED = 3
_LOST_SHARE = 0.05
"""Up to 5 % of missing rows are held to matter little (Schafer 1999, Statistical Methods in Medical Research 8)."""


@dataclass(frozen=True)
class Caution:
    """A sentence that limits what may be concluded.

    `weight` is RED where the numbers must not be reported as they are, AMBER where they must be reported with this
    sentence, GREEN where it is good to know.
    """

    weight: str
    subject: str
    sentence: Markup


def light(cautions: list[Caution]) -> str:
    """The heaviest weight among the cautions: red before amber before green."""
    weights = {caution.weight for caution in cautions}
    return RED if RED in weights else AMBER if AMBER in weights else GREEN


def cautions(case: Case) -> list[Caution]:
    """All cautions of a case, the heaviest first."""
    found = [
        *_convergence(case),
        *_boundary(case),
        *_few_levels(case),
        *_decision(case),
        *_selection(case),
        *_multiplicity(case),
        *_validation(case),
        *_rows(case),
        *_preparation(case),
        *_figures(case),
        *_checks(case),
        *_candidates(case),
        *_inference(case),
    ]
    return sorted(found, key=lambda caution: (RED, AMBER, GREEN).index(caution.weight))


def _convergence(case: Case) -> list[Caution]:
    convergence = case.fit.convergence
    if not case.fit.converged:
        text = "The final model {}: {}"
        wrong = say(text, WHAT_IS_WRONG[convergence.status], convergence.message)
        return [Caution(RED, convergence.status, wrong)]
    if len(convergence.optima) > 1:
        return [Caution(AMBER, "several optima", say("{}", convergence.message))]
    return []


def _boundary(case: Case) -> list[Caution]:
    sentence = "The final model is singular, that is, on the boundary of what is possible. {}"
    found = [Caution(AMBER, "singular", say(sentence, collapsed)) for collapsed in case.fit.collapsed]
    if case.fit.dropped_columns:
        dropped = listing([name(column) for column in case.fit.dropped_columns])
        text = "The fixed effects are collinear: {} could not be told from earlier columns and was left out."
        found.append(Caution(AMBER, "collinear", say(text, dropped)))
    return found


def _few_levels(case: Case) -> list[Caution]:
    """Thresholds of Gelman & Hill (2007, section 11.5) and Bolker et al. (2009)."""
    found = []
    for group, levels in case.fit.groups.items():
        counted = say("{} has only {}", name(group), numbers.counted(levels, "level"))
        if levels < 5:
            text = (
                "{}: too few to estimate a variance from. Treat it as a fixed effect, or do not interpret its variance."
            )
            found.append(Caution(AMBER, "few levels", say(text, counted)))
        elif levels < 10:
            text = "{}: its variance is known only roughly, as the width of its interval tells."
            found.append(Caution(AMBER, "few levels", say(text, counted)))
        elif levels < 20:
            text = "{} has {}: enough to estimate a variance, few enough that its interval is wide."
            found.append(Caution(GREEN, "few levels", say(text, name(group), numbers.counted(levels, "level"))))
    return found


def _decision(case: Case) -> list[Caution]:
    """What the selection warns of, but for what the final fit has said by itself."""
    found = [Caution(AMBER, "criteria disagree", told(text)) for text in case.disagreements]
    if case.selection is None:
        found += [Caution(GREEN, "criteria disagree", told(text)) for text in case.disagreements_on_fixed_effects]
    elif case.selection["disagreement"]:
        found.append(Caution(AMBER, "criteria disagree", told(case.selection["disagreement"])))
    for warning in case.decision["final"]["warnings"]:
        if warning["subject"] not in _SAID_OF_THE_FIT:
            weight = _WEIGHTS.get(warning["subject"], AMBER)
            found.append(Caution(weight, warning["subject"], told(warning["sentence"])))
    return found


def _selection(case: Case) -> list[Caution]:
    """Where there was nothing to select; what a selection does to the tests is among the warnings of the decision."""
    if case.selection is None or not case.selection["failure"]:
        return []
    return [Caution(AMBER, "no selection", told(case.selection["failure"]))]


def _multiplicity(case: Case) -> list[Caution]:
    """What is called a finding by itself and is none among the tests of its family."""
    lost = no_longer_clear(case)
    if not lost:
        return []
    terms = listing([say("{} ({})", name(test["term"]), p_value(test["adjusted"])) for test in lost])
    text = "Adjusted across {}, {} no longer {} clearly from zero."
    verb = "differs" if len(lost) == 1 else "differ"
    return [Caution(AMBER, "multiplicity", say(text, size(case.family), terms, verb))]


def _validation(case: Case) -> list[Caution]:
    """Where another model predicts better, or models could not be validated."""
    link = '{} <a href="#figure-{}">(Cross-validation)</a>'
    found = [Caution(AMBER, "cross-validation", say(link, sentence, figure)) for figure, sentence in concerns(case)]
    found += [Caution(GREEN, "cross-validation", say("No cross-validation. {}", said)) for said in not_done(case)]
    return found


def _rows(case: Case) -> list[Caution]:
    lost, read = case.rows_lost, case.rows_prepared
    if not lost:
        return []
    text = "{} of {} rows ({}) were left out for missing values; the results hold if these are missing at random."
    weight = AMBER if lost / read > _LOST_SHARE else GREEN
    return [
        Caution(
            weight,
            "rows left out",
            say(text, numbers.count(lost), numbers.count(read), numbers.percent(lost / read)),
        )
    ]


def _preparation(case: Case) -> list[Caution]:
    """What the steps found that a reader must know: labels alike, keys without a match, values far out."""
    found = []
    for step in steps_taken(case.study, case.audit):
        if step.kind == LABELS:
            found.append(Caution(AMBER, "labels alike", say("{}", step.entry["sentence"])))
        elif step.kind == JOIN and step.entry["unmatched"]:
            text = "{} had no match in {}, so that what that table holds is missing there."
            unmatched = numbers.counted(step.entry["unmatched"], "row")
            found.append(Caution(GREEN, "rows without a match", say(text, unmatched, step.subject)))
        elif step.kind == "outliers" and step.entry["flagged_count"]:
            found.append(_outliers(step))
    return found


def _outliers(step: StepTaken) -> Caution:
    count, column = step.entry["flagged_count"], name(step.settings.column)
    values = numbers.counted(count, "value")
    if step.settings.otherwise == "drop":
        text = '{} of {} {} left out as <a href="#outliers">{}</a>: report the answer with and without {}.'
        verbs = ("was", "an outlier", "it") if count == 1 else ("were", "outliers", "them")
        return Caution(AMBER, "outliers left out", say(text, values, column, *verbs))
    text = '{} of {} {} far from the others, and {} kept: see <a href="#outliers">flagged values</a>.'
    verbs = ("lies", "is") if count == 1 else ("lie", "are")
    return Caution(GREEN, "outliers kept", say(text, values, column, *verbs))


def _figures(case: Case) -> list[Caution]:
    link = '{} <a href="#figure-{}">({})</a>'
    return [
        Caution(AMBER, "diagnostics", say(link, figure["concern"], figure["name"], figure["title"]))
        for figure in case.findings["figures"]
        if figure["concern"]
    ]


def _checks(case: Case) -> list[Caution]:
    """What the checks found that no figure has said: collinearity, and departures that chance may have made."""
    collinearity = case.findings["collinearity"]
    found = []
    if collinearity and collinearity["check"]["verdict"] != FINE:
        weight = AMBER if collinearity["check"]["verdict"] == WRONG else GREEN
        found.append(Caution(weight, "collinearity", say("{}", collinearity["check"]["sentence"])))
    looks = [check for check in case.findings["checks"] if check["verdict"] == LOOK and check["p"] is not None]
    if looks:
        text = "Worth a look, though no reason by itself to change the model: {} (see the figures)."
        named = listing([name(shorten(check["name"], 60)) for check in looks])
        found.append(Caution(GREEN, "worth a look", say(text, named)))
    return found


def _candidates(case: Case) -> list[Caution]:
    """Candidates that could not be fitted, by the reason; one that a step of the ladder gave has been told."""
    failed: dict[str, list[str]] = {}
    for rung in case.ladder["rungs"]:
        if rung.get("failure"):
            failed.setdefault(rung["failure"], []).append(rung["label"])
    warned = [warning["sentence"] for warning in case.decision["final"]["warnings"]]
    warned += [step["reason"] for step in case.decision["steps"]]
    return [
        Caution(
            GREEN if any(reason.removesuffix(".") in sentence for sentence in warned) else AMBER,
            "failed candidate",
            _could_not_be_fitted(labels, reason),
        )
        for reason, labels in failed.items()
    ]


def _could_not_be_fitted(labels: list[str], reason: str) -> Markup:
    if len(labels) == 1:
        return say("The candidate “{}” could not be fitted: {}", labels[0], reason)
    named = [say("“{}”", label) for label in labels[:_NAMED]]
    more = [say("{} more", numbers.count(len(labels) - _NAMED))] if len(labels) > _NAMED else []
    return say("The candidates {} could not be fitted: {}", listing([*named, *more]), reason)


def _tests(case: Case) -> list[Caution]:
    """What the tests of the fixed effects take for granted, and what they could not do."""
    table, found = case.inference["coefficients"], []
    if table["method"] == "normal":
        text = (
            "Intervals and <i>p</i>-values of the fixed effects use the normal distribution and take the estimated "
            "variances as known; with few levels of a grouping factor they are somewhat too narrow."
        )
        found.append(Caution(GREEN, "Wald intervals", say(text)))
    if table["note"]:
        found.append(Caution(GREEN, "degrees of freedom", say("Tests of the fixed effects: {}", table["note"])))
    if "degrees_of_freedom" in case.inference["reasons"]:
        reason = case.inference["reasons"]["degrees_of_freedom"]
        found.append(Caution(AMBER, "degrees of freedom", say("{}", reason)))
    return found


def _intervals(case: Case) -> list[Caution]:
    section = case.inference["intervals"]
    if section is None:
        text = "There are no intervals of the random part: {}"
        return [Caution(AMBER, "no intervals", say(text, case.inference["reasons"]["intervals"]))]
    if section["reason"]:
        text = "Intervals of the random part are by Wald. {}"
        return [Caution(GREEN, "Wald intervals", say(text, section["reason"]))]
    return []


def _bootstrap(case: Case) -> list[Caution]:
    """Draws that failed are more than an accident where they are many."""
    found = case.inference["bootstrap"]
    failed = sum(found["failed"].values()) if found else 0
    if not failed:
        return []
    causes = numbers.listing([f"{cause}: {numbers.count(count)}" for cause, count in found["failed"].items()])
    weight = AMBER if failed > _FAILED_SHARE * found["draws"] else GREEN
    text = "{} of {} bootstrap draws could not be fitted ({}) and were left out."
    return [Caution(weight, "failed draws", say(text, numbers.count(failed), numbers.count(found["draws"]), causes))]


def _inference(case: Case) -> list[Caution]:
    found = [*_tests(case), *_intervals(case), *_bootstrap(case)]
    if case.data_driven_steps:
        found.append(
            Caution(
                GREEN,
                "after selection",
                say(
                    "The random part was chosen on the same data, so that intervals and <i>p</i>-values are “after "
                    "selection” and somewhat too favourable."
                ),
            )
        )
    return found
