"""The climb: which random part the data support, one grouping factor after the other."""

from __future__ import annotations

from lmm.numbers import listing
from lmm.select import step as kinds
from lmm.select.backoff import simpler
from lmm.select.candidates import Candidates, Flaw
from lmm.select.eligibility import why_ineligible
from lmm.select.slopesearch import (
    bare,
    eligible_terms,
    given_up,
    ineligible_step,
    search_slopes,
    settle_correlations,
    slope_question,
    step_name,
)
from lmm.select.slopeterms import MAXIMAL, PARSIMONIOUS, slope_terms, untested
from lmm.select.step import DESIGN, DROP, KEEP, decided
from lmm.select.structure import (
    INTERCEPT,
    SLOPE,
    SYMMETRIC,
    UNCORRELATED,
    ZERO_CORRELATIONS,
    RandomPart,
    Structure,
    replaced,
    structure,
)
from lmm.select.tested import Tested
from lmm.select.teststeps import (
    Step,
    is_fitted,
    later_groups,
    supports,
    verdict,
    with_test,
    without_test,
)
from lmm.select.wording import evidence, without_full_stop


def climb(candidates: Candidates) -> tuple[RandomPart, list[Step]]:
    """Choose the random part; return it and every step with its reason.

    Grouping factors are part of the design and enter whatever their p (method, rule 15), but for those that the study
    calls optional. A factor whose model cannot be fitted is left out, and the climb goes on with the next.
    """
    search = one_factor_after_the_other if candidates.study.mode == PARSIMONIOUS else from_the_top
    random, steps = search(candidates)
    random, simplified = back_off(candidates, random)
    random, rescued = leave_unsound(candidates, random)
    return random, steps + simplified + rescued


def one_factor_after_the_other(candidates: Candidates) -> tuple[RandomPart, list[Step]]:
    """Forward: each factor enters, then those of its slopes that the data support (Matuschek et al. 2017).

    When all factors have entered, the slopes decided before the last one did are decided once more: a slope left out of
    one factor can pass for a slope of another.
    """
    random: RandomPart = ()
    steps: list[Step] = []
    for group in candidates.study.groups:
        entered, step = enter_group(candidates, random, group)
        steps.append(step)
        if entered == random:
            continue
        random, simplified = back_off(candidates, entered)
        random, chosen = choose_slopes(candidates, random, len(random) - 1)
        steps += simplified + chosen
    random, asked_again = reconsider_optional(candidates, random)
    steps += asked_again
    for place in range(len(random) - 1):
        if eligible_terms(candidates, random[place].group)[0]:
            random, chosen = choose_slopes(candidates, random, place)
            steps += chosen
    return random, steps


def from_the_top(candidates: Candidates) -> tuple[RandomPart, list[Step]]:
    """Top-down: all intercepts, then the slopes that enter untested, reduced as far as they cannot be estimated; with
    hypotheses the other slopes are then tested one by one (Barr et al. 2013)."""
    random: RandomPart = ()
    steps: list[Step] = []
    for group in candidates.study.groups:
        random, step = enter_group(candidates, random, group)
        steps.append(step)
    random, asked_again = reconsider_optional(candidates, random)
    steps += asked_again
    for place in range(len(random)):
        random, entered = enter_slopes(candidates, random, place)
        steps += entered
    random, simplified = back_off(candidates, random)
    steps += simplified
    for place, present in enumerate(random):
        labels, reasons = eligible_terms(candidates, present.group)
        given = untested(candidates.study, present.group)
        open_to_test = [label for label in labels if label not in given]
        if others := {label: reason for label, reason in reasons.items() if label not in given}:
            steps.append(ineligible_step(candidates, random, place, others))
        if open_to_test:
            random, chosen = search_slopes(candidates, random, place, open_to_test)
        else:
            random, chosen = settle_correlations(candidates, random, place, [])
        steps += chosen
    return random, steps


def enter_group(candidates: Candidates, smaller: RandomPart, group: str) -> tuple[RandomPart, Step]:
    """Add the intercept of a grouping factor; unless the factor is optional, its test is shown and decides nothing."""
    larger = (*smaller, bare(group))
    outcome, optional = candidates.study.outcome, group in candidates.study.ladder.optional
    names = {
        "kind": kinds.INTERCEPT,
        "name": f"{group}: intercept",
        "question": f"Does {outcome} vary between levels of {group}?",
        "smaller": candidates.id(smaller),
        "larger": candidates.id(larger),
        "structure": larger[-1],
    }
    if not is_fitted(candidates, larger):
        reason = f"The ladder stops at {group}, which is left out: {without_full_stop(candidates.failure(larger))}."
        head = decided(**{**names, "kind": kinds.STOP}, decision=DROP, reason=reason)
        return smaller, without_test(candidates, head, smaller, larger)
    test = candidates.compare(smaller, larger)
    if optional:
        reason = verdict(candidates, test, smaller, larger, f"{group} is optional, and its variance is")
        head = optional_step(candidates, test, smaller, larger, reason, names)
    else:
        reason = f"{group} is part of the design and stays whatever its p: {evidence(test)}."
        head = decided(**names, decision=DESIGN, reason=reason)
    entered = smaller if head["decision"] == DROP else larger
    return entered, with_test(candidates, head, test, [smaller, larger], group)


def optional_step(
    candidates: Candidates, test: Tested, smaller: RandomPart, larger: RandomPart, reason: str, names: Step
) -> Step:
    """Keep an optional grouping factor if it is supported and its model can be final."""
    if not supports(candidates, test, smaller, larger):
        return decided(**names, decision=DROP, reason=reason)
    head = decided(**names, decision=KEEP, reason=reason)
    flaw = candidates.flaw(larger)
    return given_up(head, flaw.sentence, names["structure"].group) if flaw else head


def reconsider_optional(candidates: Candidates, random: RandomPart) -> tuple[RandomPart, list[Step]]:
    """Ask of every optional factor once more when all others have entered, as their variance can hide its own.

    The plates of Penicillin show no variance until the samples are in the model.
    """
    steps: list[Step] = []
    for group in candidates.study.ladder.optional:
        smaller = tuple(one for one in random if one.group != group)
        was_last = group == candidates.study.groups[-1]
        if not smaller or was_last:
            continue
        entered = next((one for one in random if one.group == group), bare(group))
        larger = in_order(candidates, (*smaller, entered))
        if not is_fitted(candidates, smaller, larger):
            continue
        test = candidates.compare(smaller, larger)
        beside = [one.group for one in smaller]
        subject = f"{group} is optional, and beside {listing(beside)} its variance is"
        names = {
            "kind": kinds.INTERCEPT,
            "name": f"{group}: intercept, beside {listing(beside)}",
            "question": f"Does {candidates.study.outcome} vary between levels of {group}, given {listing(beside)}?",
            "smaller": candidates.id(smaller),
            "larger": candidates.id(larger),
            "structure": entered,
            "beside": beside,
        }
        reason = verdict(candidates, test, smaller, larger, subject)
        head = optional_step(candidates, test, smaller, larger, reason, names)
        kept = head["decision"] == KEEP
        steps.append(with_test(candidates, head, test, [smaller, larger], group))
        newly = kept and entered not in random
        random = larger if kept else smaller
        if newly and candidates.study.mode == PARSIMONIOUS:
            random, chosen = choose_slopes(candidates, random, random.index(entered))
            steps += chosen
    return random, steps


def in_order(candidates: Candidates, random: RandomPart) -> RandomPart:
    """A random part with its factors in the study's order."""
    return tuple(sorted(random, key=lambda one: candidates.study.groups.index(one.group)))


def choose_slopes(candidates: Candidates, random: RandomPart, place: int) -> tuple[RandomPart, list[Step]]:
    """Decide which slopes of the grouping factor at `place` vary, and how far they can be estimated, from its intercept
    on."""
    group = random[place].group
    if not slope_terms(candidates.study, group):
        return random, []
    start = replaced(random, place, bare(group))
    labels, reasons = eligible_terms(candidates, group)
    steps = [ineligible_step(candidates, start, place, reasons)] if reasons else []
    random, chosen = search_slopes(candidates, start, place, labels)
    return random, steps + chosen


def enter_slopes(candidates: Candidates, random: RandomPart, place: int) -> tuple[RandomPart, list[Step]]:
    """Add the slopes of a factor that enter untested, all at once; their test is shown and decides nothing."""
    group, study = random[place].group, candidates.study
    labels, reasons = eligible_terms(candidates, group)
    given = untested(study, group)
    wanted = [label for label in labels if label in given]
    unseen = {label: reason for label, reason in reasons.items() if label in given}
    steps = [ineligible_step(candidates, random, place, unseen)] if unseen else []
    if not wanted:
        return random, steps
    kind = UNCORRELATED if study.ladder.correlations == "drop" else SLOPE
    made = structure(study, group, kind, wanted, candidates.categorical)
    larger = replaced(random, place, made)
    several = len(wanted) > 1
    belong = "they belong" if several else "it belongs"
    because = "the maximal model has every slope" if study.mode == MAXIMAL else f"{belong} to the hypotheses"
    test = candidates.compare(random, larger) if is_fitted(candidates, random, larger) else None
    shown = f": {evidence(test)}" if test else f"; it has no fit: {without_full_stop(candidates.failure(larger))}"
    head = decided(
        kind=kinds.SLOPE,
        name=step_name(candidates, larger, place, listing(wanted)),
        question=slope_question(group, wanted),
        smaller=candidates.id(random),
        larger=candidates.id(larger),
        decision=DESIGN,
        reason=(
            f"The slope{'s' * several} of {listing(wanted)} by {group} enter{'' if several else 's'} untested, as "
            f"{because}{shown}."
        ),
        structure=made,
        beside=later_groups(larger, place),
        terms=wanted,
    )
    if test is None:
        return larger, [*steps, without_test(candidates, head, random, larger)]
    return larger, [*steps, with_test(candidates, head, test, [random, larger], group)]


def back_off(candidates: Candidates, random: RandomPart) -> tuple[RandomPart, list[Step]]:
    """Simplify a random part that cannot be final, one structure after the other (`lmm.select.backoff`)."""
    steps: list[Step] = []
    while flaw := candidates.flaw(random):
        place = weakest_slope(random, flaw)
        if place is None:
            break
        record = candidates.record(random)
        reduced = simpler(candidates.study, random[place], record, candidates.categorical)
        smaller = replaced(random, place, reduced)
        steps.append(back_off_step(candidates, smaller, random, place, flaw))
        random = smaller
    return random, steps


def weakest_slope(random: RandomPart, flaw: Flaw) -> int | None:
    """Which structure with slopes to simplify: the one that collapsed, else the one entered last."""
    sloped = [place for place, structure in enumerate(random) if structure.kind != INTERCEPT]
    collapsed = [place for place in sloped if random[place].group == flaw.group]
    return next(iter(collapsed or reversed(sloped)), None)


def back_off_step(candidates: Candidates, smaller: RandomPart, larger: RandomPart, place: int, flaw: Flaw) -> Step:
    """One step of back-off, with the test of what it gives up."""
    present, reduced = larger[place], smaller[place]
    others = listing([other.words for other in larger if other != present])
    beside = f"beside the {others}" if others else ""
    test = None
    if is_fitted(candidates, larger, smaller):
        test = candidates.compare(smaller, larger)
    shown = f": {evidence(test)}" if test else ""
    the = f"Beside the {others}, the" if others else "The"
    head = decided(
        kind=kinds.BACK_OFF,
        name=f"{present.group}: back-off to {what_is_left(reduced)}",
        question=f"Can the {present.words} be estimated {beside}".rstrip() + "?",
        smaller=candidates.id(smaller),
        larger=candidates.id(larger),
        decision=DROP,
        reason=(
            f"{the} {present.words} cannot be final ({without_full_stop(flaw.sentence)}) and is "
            f"reduced to the {reduced.words}{shown}."
        ),
        structure=present,
        terms=[label for label in present.terms if label not in reduced.terms],
    )
    if test is None:
        return without_test(candidates, head, smaller, larger)
    return with_test(candidates, head, test, [smaller, larger], present.group)


def what_is_left(reduced: Structure) -> str:
    """A structure as it tells one step of back-off from the next."""
    if reduced.kind == INTERCEPT:
        return "the intercept"
    if reduced.kind == SYMMETRIC:
        return f"compound symmetry of {reduced.slopes}"
    correlations = " without correlations" if reduced.kind in ZERO_CORRELATIONS else ""
    return f"{'slopes' if len(reduced.terms) > 1 else 'a slope'} of {listing(reduced.terms)}{correlations}"


def leave_unsound(candidates: Candidates, random: RandomPart) -> tuple[RandomPart, list[Step]]:
    """Leave intercepts without a sound fit for the first candidate with all grouping factors that has one.

    Where none has, the intercepts stay and the decision warns of them.
    """
    flaw = candidates.flaw(random) if random else None
    if not flaw:
        return random, []
    groups = [one.group for one in random]
    complete = [rung.random for rung in candidates.rungs if [one.group for one in rung.random] == groups]
    sound = next(
        (
            other
            for other in complete
            if candidates.is_recorded(other)
            and not candidates.flaw(other)
            and why_ineligible(candidates.study, other, candidates.audit) is None
        ),
        None,
    )
    if sound is None:
        return random, []
    larger = candidates.rung(sound)
    head = decided(
        kind=kinds.BACK_OFF,
        name="sound fit",
        question=f"Can {listing([structure.words for structure in random])} be estimated?",
        smaller=candidates.id(random),
        larger=larger.id,
        decision=KEEP,
        reason=(
            f"The {listing([structure.words for structure in random])} cannot be final "
            f"({without_full_stop(flaw.sentence)}), so the simplest candidate with a sound fit is taken: the "
            f"{listing([structure.words for structure in sound])}."
        ),
    )
    return sound, [without_test(candidates, head, random, sound)]
