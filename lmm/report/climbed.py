"""The steps of the climb in the past tense, as the results of a paper tell them: short, each with its test."""

from __future__ import annotations

from markupsafe import Markup

from lmm import numbers
from lmm.report.case import Case
from lmm.report.markup import listing, name, p_value, say, told
from lmm.select.step import BACK_OFF, CORRELATION, DESIGN, DROP, INTERCEPT, KEEP, LRT, SLOPE
from lmm.select.wording import null_words


def step_said(case: Case, step: dict) -> Markup:
    """A decision on the random part with its test; in the words of the decision where there is nothing shorter."""
    if step["kind"] == BACK_OFF and step["decision"] == DROP:
        return _backed_off(case, step)
    if step["p"] is None:
        return told(case.in_labels(step["reason"]))
    if step["kind"] == INTERCEPT:
        return _intercept(case, step)
    if step["kind"] == SLOPE:
        return _slope(case, step)
    if step["kind"] == CORRELATION:
        return _correlation(case, step)
    return told(case.in_labels(step["reason"]))


def _backed_off(case: Case, step: dict) -> Markup:
    test = say(" ({})", likelihood_ratio(step)) if step["p"] is not None else Markup("")
    text = "“{}” {} and gave way to “{}”{}."
    return say(text, case.label(step["larger"]), _flaw(case, step["larger"]), case.label(step["smaller"]), test)


def _flaw(case: Case, rung: str) -> Markup:
    """Why a candidate could not be final, with the direction that collapsed."""
    entry = next((entry for entry in case.decision["table"] if entry["id"] == rung), None)
    if entry is None or entry["failure"]:
        return say("could not be fitted")
    if not entry["converged"]:
        return say("did not converge")
    where = listing([told(case.in_labels(one.rstrip("."))) for one in entry["collapsed"]])
    return say("was singular ({})", where) if where else say("could not be final")


def _intercept(case: Case, step: dict) -> Markup:
    given, test = _given(step), likelihood_ratio(step)
    group = name(step["group"])
    if step["decision"] == DESIGN:
        text = "{} stayed by design{} ({})." if given else "Intercepts of {} entered by design{} ({})."
        return say(text, group, given, test)
    if step["decision"] == KEEP:
        return say("The optional intercepts of {} were kept{} ({}).", group, given, test)
    if _decided_by_test(case, step) or not _would_keep(case, step):
        return say("The optional intercepts of {} were left out{} ({}).", group, given, test)
    text = "The data supported the optional intercepts of {}{} ({}), but the model with them {}, so they were left out."
    return say(text, group, given, test, _flaw(case, step["larger"]))


def _slope(case: Case, step: dict) -> Markup:
    terms, group, given, test = step["terms"], name(step["group"]), _given(step), likelihood_ratio(step)
    effect = say("The effect{} of {}", "s" * (len(terms) > 1), listing([name(term) for term in terms]))
    if step["decision"] == DESIGN:
        slope = say("The slope{} of {}", "s" * (len(terms) > 1), listing([name(term) for term in terms]))
        return say("{} entered by {} untested{} ({}).", slope, group, given, test)
    if _decided_by_test(case, step):
        verb = "varied" if step["decision"] == KEEP else "did not clearly vary"
        return say("{} {} between levels of {}{} ({}).", effect, verb, group, given, test)
    if step["decision"] == DROP and _would_keep(case, step):
        text = "{} varied between levels of {}{} ({}), but the model with it {}, so it was left out."
        return say(text, effect, group, given, test, _flaw(case, step["larger"]))
    return told(case.in_labels(step["reason"]))


def _correlation(case: Case, step: dict) -> Markup:
    group, given, test = name(step["group"]), _given(step), likelihood_ratio(step)
    if step["decision"] == KEEP:
        default = "" if case.study.ladder.correlations == "test" else " by default"
        text = "Random slopes stayed correlated with the intercepts of {}{}{} ({})."
        return say(text, group, default, given, test)
    if _is_flawed(case, step["larger"]):
        text = "The model with correlated slopes of {}{} {}, so the correlations were set to zero first ({})."
        return say(text, group, given, _flaw(case, step["larger"]), test)
    text = "Correlations of random slopes with the intercepts of {} were not supported{} and set to zero ({})."
    return say(text, group, given, test)


def _is_flawed(case: Case, rung: str) -> bool:
    entry = next((entry for entry in case.decision["table"] if entry["id"] == rung), None)
    return entry is None or bool(entry["failure"]) or entry["singular"] or not entry["converged"]


def _given(step: dict) -> Markup:
    beside = listing([name(other) for other in step["beside"]])
    return say(", with {} in the model", beside) if beside else Markup("")


def _decided_by_test(case: Case, step: dict) -> bool:
    """Was the decision that of the likelihood ratio test, and of nothing beside it?"""
    if case.study.ladder.criterion != LRT or step["decision"] not in (KEEP, DROP):
        return False
    return (step["decision"] == KEEP) == (step["p"] < step["alpha"])


def _would_keep(case: Case, step: dict) -> bool:
    """Whether the study's criterion preferred the larger model, whatever was decided in the end."""
    return step["by_criterion"].get(case.study.ladder.criterion) == step["larger"]


def likelihood_ratio(step: dict) -> Markup:
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
