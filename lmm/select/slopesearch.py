"""The slopes of one grouping factor, taken one by one: which are supported, and how far they can be estimated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import inf

from lmm.numbers import listing
from lmm.select import step as kinds
from lmm.select.backoff import without_correlations
from lmm.select.candidates import Candidates
from lmm.select.eligibility import ineligible
from lmm.select.slopeterms import has_intercept, names_in, slope_terms, without_their_effect
from lmm.select.step import DROP, KEEP, LRT, decided
from lmm.select.structure import (
    INTERCEPT,
    SLOPE,
    SYMMETRIC,
    UNCORRELATED,
    ZERO_CORRELATIONS,
    RandomPart,
    Structure,
    is_one_column,
    replaced,
    structure,
)
from lmm.select.teststeps import (
    Step,
    beside_later,
    is_fitted,
    later_groups,
    supports,
    verdict,
    with_test,
    without_test,
)
from lmm.select.wording import evidence, without_full_stop


def search_slopes(
    candidates: Candidates, random: RandomPart, place: int, labels: Collection[str]
) -> tuple[RandomPart, list[Step]]:
    """Add to the structure at `place` those of the terms `labels` that the data support, the best supported first.

    A term is open when those that it contains are in (marginality). Each round compares what is there with every open
    term added; the one with the smallest p (or lowest criterion) enters if it is supported. The structures of the other
    factors stay as they are in `random`.
    """
    steps: list[Step] = []
    left_out: set[str] = set()
    while addable := open_terms(candidates, random[place], set(labels) - left_out):
        entered, found, failed = one_round(candidates, random, place, addable)
        steps += found
        left_out |= failed
        if entered == random and not failed:
            break
        random = entered
    return settle_correlations(candidates, random, place, steps)


def open_terms(candidates: Candidates, present: Structure, labels: Collection[str]) -> list[str]:
    """The terms that may enter next: not in yet, and all in that they contain."""
    if present.kind == SYMMETRIC:
        return []
    return [
        term.label
        for term in slope_terms(candidates.study, present.group)
        if term.label in labels and term.label not in present.terms and term.margins <= set(present.terms)
    ]


def one_round(
    candidates: Candidates, random: RandomPart, place: int, addable: Sequence[str]
) -> tuple[RandomPart, list[Step], set[str]]:
    """Test each open term added to what is there; return the random part, the steps, and what cannot enter at all."""
    larger = {label: with_term(candidates, random, place, label) for label in addable}
    testable = [label for label in addable if is_fitted(candidates, larger[label], random)]
    tests = {label: candidates.compare(random, larger[label]) for label in testable}
    supported = [label for label in tests if supports(candidates, tests[label], random, larger[label])]
    ranked = sorted(testable, key=lambda label: preference(candidates, tests[label], larger[label]))
    best = next((label for label in ranked if label in supported), None)
    options = compared(candidates, random, place, larger)
    told = [label for label in addable if label != best] + ([best] if best else [])
    steps = [term_step(candidates, random, larger[label], place, label, tests.get(label), options) for label in told]
    for one, label in zip(steps, told, strict=True):
        if label in supported and label != best:
            one["decision"], one["chosen"] = DROP, one["smaller"]
            one["reason"] = (
                f"{without_full_stop(one['reason'])}; {best} is the better supported and is taken first, after which "
                f"{label} is asked of again."
            )
    if best is None:
        return in_simpler_structure(candidates, random, place, larger, tests, steps)
    if flaw := candidates.flaw(larger[best]):
        return zero_correlations(candidates, random, place, larger[best], best, flaw.sentence, steps)
    return larger[best], steps, set()


def preference(candidates: Candidates, test, larger: RandomPart) -> tuple[float, float]:
    """What ranks a term among those of its round: its p, else the criterion of the model that has it."""
    criterion = candidates.study.ladder.criterion
    values = candidates.criteria(larger)[candidates.id(larger)]
    if criterion == LRT:
        return (inf if test.p is None else test.p, values["AIC"])
    return (values[criterion], 0.0)


def with_term(
    candidates: Candidates, random: RandomPart, place: int, label: str, kind: str | None = None
) -> RandomPart:
    """The random part with one slope more at a place; its correlations are those of the slopes that are there."""
    present, study = random[place], candidates.study
    if kind is None and present.kind in ZERO_CORRELATIONS:
        kind = present.kind
    elif kind is None:
        kind = UNCORRELATED if study.ladder.correlations == "drop" else SLOPE
    made = structure(study, present.group, kind, [*present.terms, label], candidates.categorical)
    return replaced(random, place, made)


def compared(candidates: Candidates, random: RandomPart, place: int, larger: dict[str, RandomPart]) -> list[RandomPart]:
    """All candidates that a round could end with and that are at hand, for AIC and BIC to choose from."""
    options = [random]
    for label, one in larger.items():
        uncorrelated = with_term(candidates, random, place, label, UNCORRELATED)
        if len(larger) == 1 and one[place].kind == SLOPE and candidates.is_recorded(uncorrelated):
            options.append(uncorrelated)
        options.append(one)
    return options


def term_step(
    candidates: Candidates, smaller: RandomPart, larger: RandomPart, place: int, label: str, test, options
) -> Step:
    """Compare what is there with one slope more."""
    present = larger[place]
    names = {
        "kind": kinds.SLOPE,
        "name": step_name(candidates, larger, place, label),
        "question": slope_question(present.group, [label]),
        "smaller": candidates.id(smaller),
        "larger": candidates.id(larger),
        "structure": present,
        "beside": later_groups(larger, place),
        "terms": [label],
    }
    if test is None:
        failure = without_full_stop(candidates.failure(larger) or candidates.failure(smaller))
        reason = f"The {slope_words(present)} of {label} by {present.group} could not be tested: {failure}."
        return without_test(candidates, decided(**names, decision=DROP, reason=reason), smaller, larger)
    decision = KEEP if supports(candidates, test, smaller, larger) else DROP
    reason = verdict(candidates, test, smaller, larger, variance_of(candidates, larger, place, label))
    return with_test(candidates, decided(**names, decision=decision, reason=reason), test, options, present.group)


def step_name(candidates: Candidates, larger: RandomPart, place: int, label: str) -> str:
    """Name of a step: with the term where the factor has several."""
    several = len(slope_terms(candidates.study, larger[place].group)) > 1
    of = f" of {label}" if several else ""
    return f"{larger[place].group}: {slope_words(larger[place])}{of}{beside_later(larger, place)}"


def slope_words(present: Structure) -> str:
    """What kind of slope a structure has."""
    if present.kind == SYMMETRIC:
        return "compound symmetry"
    return "uncorrelated slope" if present.kind in ZERO_CORRELATIONS else "slope"


def variance_of(candidates: Candidates, larger: RandomPart, place: int, label: str) -> str:
    """The subject of a verdict on a slope, with its verb."""
    later = listing(later_groups(larger, place))
    the = f"With {later} in the model, the" if later else "The"
    several = any(column in candidates.categorical for column in names_in(label))
    variance = "variances" if several else "variance"
    return f"{the} {variance} of {label} between levels of {larger[place].group} {'are' if several else 'is'}"


def in_simpler_structure(
    candidates: Candidates, random: RandomPart, place: int, larger: dict[str, RandomPart], tests, steps: list[Step]
) -> tuple[RandomPart, list[Step], set[str]]:
    """Where no term is supported: try those whose correlated model has no fit or no test without their correlations."""
    for label, one in larger.items():
        if label in tests and not tests[label].ratio.optimum_missed:
            continue
        simpler = without_correlations(candidates.study, one[place], candidates.categorical)
        if simpler is not None:
            alternative = replaced(random, place, simpler)
            steps.append(keep_if_sound(candidates, random, alternative, place, label))
            if steps[-1]["decision"] == KEEP:
                return alternative, steps, set()
    return random, steps, set()


def zero_correlations(
    candidates: Candidates,
    random: RandomPart,
    place: int,
    larger: RandomPart,
    label: str,
    flaw: str,
    steps: list[Step],
) -> tuple[RandomPart, list[Step], set[str]]:
    """A supported slope whose model cannot be final: simpler covariances are tried before it is given up."""
    simpler = without_correlations(candidates.study, larger[place], candidates.categorical)
    if simpler is None:
        steps[-1] = given_up(steps[-1], flaw)
    while simpler is not None:
        alternative = replaced(random, place, simpler)
        if larger[place].kind == SLOPE:
            steps.append(correlation_step(candidates, alternative, larger, place))
        steps.append(keep_if_sound(candidates, random, alternative, place, label))
        if steps[-1]["decision"] == KEEP:
            return alternative, steps, set()
        larger = alternative
        simpler = without_correlations(candidates.study, simpler, candidates.categorical)
    return random, steps, {label}


def given_up(one: Step, flaw: str, what: str = "the slope") -> Step:
    """A step whose larger candidate is supported and cannot be final."""
    reason = (
        f"{without_full_stop(one['reason'])}; but that model cannot be final ({without_full_stop(flaw)}), so {what} "
        "is left out."
    )
    return {**one, "decision": DROP, "chosen": one["smaller"], "reason": reason}


def keep_if_sound(candidates: Candidates, smaller: RandomPart, larger: RandomPart, place: int, label: str) -> Step:
    """Keep the larger of two candidates if it is supported and can be a final model."""
    test = candidates.compare(smaller, larger) if is_fitted(candidates, smaller, larger) else None
    tested = term_step(candidates, smaller, larger, place, label, test, [smaller, larger])
    flaw = candidates.flaw(larger)
    return given_up(tested, flaw.sentence) if tested["decision"] == KEEP and flaw else tested


def settle_correlations(
    candidates: Candidates, random: RandomPart, place: int, steps: list[Step]
) -> tuple[RandomPart, list[Step]]:
    """Show the test of the correlations of the slopes that entered; it decides only where the study says so."""
    study, present = candidates.study, random[place]
    if present.kind != SLOPE or is_one_column(study, present, candidates.categorical):
        return random, steps
    zero = structure(study, present.group, UNCORRELATED, present.terms, candidates.categorical)
    uncorrelated = replaced(random, place, zero)
    steps.append(correlation_step(candidates, uncorrelated, random, place))
    return (random if steps[-1]["decision"] == KEEP else uncorrelated), steps


def correlation_step(candidates: Candidates, uncorrelated: RandomPart, slope: RandomPart, place: int) -> Step:
    """Test the correlations; by default they are kept unless the model that has them cannot be final."""
    present, flaw = slope[place], candidates.flaw(slope)
    test = candidates.compare(uncorrelated, slope) if is_fitted(candidates, uncorrelated, slope) else None
    shown = f": {evidence(test)}" if test else ""
    decision = KEEP
    if flaw:
        decision = DROP
        reason = (
            f"The correlated model cannot be final ({without_full_stop(flaw.sentence)}), so the correlations are set "
            f"to zero first{shown}."
        )
    elif candidates.study.ladder.correlations == "test" and (otherwise := candidates.flaw(uncorrelated)):
        reason = (
            "The correlations stay, as the model without them cannot be final "
            f"({without_full_stop(otherwise.sentence)}){shown}."
        )
    elif candidates.study.ladder.correlations == "test":
        decision = KEEP if supports(candidates, test, uncorrelated, slope) else DROP
        several = "The correlations are" if len(present.terms) > 1 else "The correlation is"
        reason = verdict(candidates, test, uncorrelated, slope, several)
    else:
        reason = (
            f"The correlations stay by default, as without them the model would hang on {origin(candidates, present)}"
            f"{shown}."
        )
    head = decided(
        kind=kinds.CORRELATION,
        name=f"{present.group}: correlation{beside_later(slope, place)}",
        question=correlation_question(candidates, present),
        smaller=candidates.id(uncorrelated),
        larger=candidates.id(slope),
        decision=decision,
        reason=reason,
        structure=present,
        beside=later_groups(slope, place),
    )
    if test is None:
        return without_test(candidates, head, uncorrelated, slope)
    return with_test(candidates, head, test, [uncorrelated, slope], present.group)


def correlation_question(candidates: Candidates, present: Structure) -> str:
    """Whether the effects of a structure are correlated, as a question."""
    slopes = f"the slopes of {listing(present.terms)}"
    if not has_intercept(candidates.study, present.group):
        return f"Are {slopes} by {present.group} correlated with each other?"
    others = " and with each other" if len(present.terms) > 1 else ""
    return f"Are {slopes} correlated with the intercepts of {present.group}{others}?"


def slope_question(group: str, labels: Sequence[str]) -> str:
    """Whether effects vary over a grouping factor, as a question."""
    does, effects = ("Does", "effect") if len(labels) == 1 else ("Do", "effects")
    return f"{does} the {effects} of {listing(labels)} vary between levels of {group}?"


def origin(candidates: Candidates, present: Structure) -> str:
    """What an uncorrelated model depends on: where covariates are zero, and the reference levels of factors."""
    columns = list(dict.fromkeys(column for term in present.terms for column in names_in(term)))
    factors = [column for column in columns if column in candidates.categorical]
    covariates = [column for column in columns if column not in factors]
    told = [f"where {listing(covariates)} {'is' if len(covariates) == 1 else 'are'} zero"] if covariates else []
    told += [f"the coding of {listing(factors)}"] if factors else []
    return listing(told)


def ineligible_step(candidates: Candidates, random: RandomPart, place: int, reasons: dict[str, str]) -> Step:
    """Leave out slopes of which nothing can be seen in the data."""
    group = random[place].group
    kind = UNCORRELATED if candidates.study.ladder.correlations == "drop" else SLOPE
    made = structure(candidates.study, group, kind, [*random[place].terms, *reasons], candidates.categorical)
    larger = replaced(random, place, made)
    of = f" of {listing(list(reasons))}" if len(slope_terms(candidates.study, group)) > 1 else ""
    head = decided(
        kind=kinds.SLOPE,
        name=f"{group}: slope{of}",
        question=slope_question(group, list(reasons)),
        smaller=candidates.id(random),
        larger=candidates.id(larger),
        decision=DROP,
        reason=" ".join(dict.fromkeys(reasons.values())),
        structure=made,
        terms=list(reasons),
    )
    return without_test(candidates, head, random, larger)


def eligible_terms(candidates: Candidates, group: str) -> tuple[list[str], dict[str, str]]:
    """Labels of the slope terms of a factor that the data can show, and of the others the reasons.

    A term that contains an ineligible one is ineligible too.
    """
    reasons = ineligible(candidates.study, group, candidates.audit)
    terms = slope_terms(candidates.study, group)
    for label in without_their_effect(terms, candidates.study.fixed, candidates.mean):
        reasons.setdefault(
            label, f"{label} was not selected into the mean, and no slope varies about an effect of zero."
        )
    labels = [term.label for term in terms]
    for term in terms:
        missing = [label for label in labels if label in term.margins and label in reasons]
        if missing:
            reasons.setdefault(term.label, reasons[missing[0]])
    return [label for label in labels if label not in reasons], {one: reasons[one] for one in labels if one in reasons}


def bare(group: str) -> Structure:
    """A grouping factor with its intercept alone."""
    return Structure(group, INTERCEPT)
