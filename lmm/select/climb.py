"""The climb: which random part the data support, one grouping factor after the other."""

from __future__ import annotations

from typing import Any

from lmm.formula import parse
from lmm.formula.deparse import name_text
from lmm.infer.nullchoice import DOUBTFUL, FEW_GROUPS, MIXTURE
from lmm.numbers import counted, listing
from lmm.select import step as kinds
from lmm.select.candidates import Candidates, Flaw
from lmm.select.step import DESIGN, DROP, KEEP, decided, measured, unconverged, unmeasured
from lmm.select.structure import INTERCEPT, SLOPE, UNCORRELATED, RandomPart, replaced, structures
from lmm.select.tested import Tested
from lmm.select.wording import evidence, level, without_full_stop

Step = dict[str, Any]


def climb(candidates: Candidates) -> tuple[RandomPart, list[Step]]:
    """Choose the random part; return it and every step with its reason.

    Grouping factors are part of the design and enter whatever their p (method, rule 15). The slopes of each are
    tested jointly with their correlations against the intercept alone, by REML at the full mean. When all factors
    have entered, the slopes decided before the last one did are decided once more: a slope left out of one factor
    can pass for a slope of another.
    """
    random: RandomPart = ()
    steps: list[Step] = []
    for group in candidates.study.groups:
        entered = (*random, structures(candidates.study, group)[0])
        steps.append(enter_group(candidates, random, entered))
        random, simplified = back_off(candidates, entered)
        random, chosen = choose_slopes(candidates, random, len(random) - 1)
        steps += simplified + chosen
    for place in range(len(random) - 1):
        if not constant_covariates(candidates, random, place):
            random, chosen = choose_slopes(candidates, random, place)
            steps += chosen
    random, simplified = back_off(candidates, random)
    random, rescued = leave_unsound(candidates, random)
    return random, steps + simplified + rescued


def enter_group(candidates: Candidates, smaller: RandomPart, larger: RandomPart) -> Step:
    """Add the intercept of a grouping factor; its test is shown and decides nothing."""
    group, outcome = larger[-1].group, candidates.study.outcome
    test = candidates.compare(smaller, larger)
    head = decided(
        kind=kinds.INTERCEPT,
        name=f"{group}: intercept",
        question=f"Does {outcome} vary between levels of {group}?",
        smaller=candidates.id(smaller),
        larger=candidates.id(larger),
        decision=DESIGN,
        reason=f"{group} is part of the design and stays whatever its p: {evidence(test)}.",
        structure=larger[-1],
    )
    return with_test(candidates, head, test, [smaller, larger], group)


def choose_slopes(candidates: Candidates, random: RandomPart, place: int) -> tuple[RandomPart, list[Step]]:
    """Decide whether the slopes of the grouping factor at `place` vary, and how far they can be estimated.

    The structures of the other factors stay as they are in `random`.
    """
    options = [replaced(random, place, s) for s in structures(candidates.study, random[place].group)]
    if len(options) == 1:
        return random, []
    if constant_covariates(candidates, options[-1], place):
        return options[0], [ineligible_step(candidates, options, place)]
    if len(options) == 2:
        return keep_if_supported(candidates, options, place)
    return forward_from_intercept(candidates, options, place)


def forward_from_intercept(
    candidates: Candidates, options: list[RandomPart], place: int
) -> tuple[RandomPart, list[Step]]:
    """Test the correlated slopes jointly; keep them, or back off through uncorrelated ones to the intercept."""
    intercept, uncorrelated, slope = options
    first = slopes_step(candidates, options, slope, place)
    if first["p"] is None:
        random, steps = keep_if_supported(candidates, [intercept, uncorrelated], place)
        return random, [first, *steps]
    if first["decision"] == DROP:
        return intercept, [first]
    correlation = correlation_step(candidates, uncorrelated, slope, place)
    if correlation["decision"] == KEEP:
        return slope, [first, correlation]
    random, steps = keep_if_supported(candidates, [intercept, uncorrelated], place)
    return random, [first, correlation, *steps]


def keep_if_supported(candidates: Candidates, options: list[RandomPart], place: int) -> tuple[RandomPart, list[Step]]:
    """Keep the larger of two structures if its test supports it and it can be a final model; else the intercept."""
    intercept, larger = options
    tested = slopes_step(candidates, options, larger, place)
    flaw = candidates.flaw(larger)
    if tested["decision"] == KEEP and flaw:
        reason = (
            f"{without_full_stop(tested['reason'])}; but that model cannot be final "
            f"({without_full_stop(flaw.sentence)}), so the intercept alone is kept."
        )
        tested |= {"decision": DROP, "chosen": candidates.id(intercept), "reason": reason}
    return (larger if tested["decision"] == KEEP else intercept), [tested]


def slopes_step(candidates: Candidates, options: list[RandomPart], larger: RandomPart, place: int) -> Step:
    """Compare the intercept with a structure that has slopes; `options` are all the factor may end with."""
    intercept, structure = options[0], larger[place]
    kind = "uncorrelated slope" if structure.kind == UNCORRELATED else "slope"
    names = {
        "kind": kinds.SLOPE,
        "name": f"{structure.group}: {kind}{beside_later(larger, place)}",
        "question": f"Does the effect of {structure.slopes} vary between levels of {structure.group}?",
        "smaller": candidates.id(intercept),
        "larger": candidates.id(larger),
        "structure": structure,
        "beside": later_groups(larger, place),
    }
    if not is_fitted(candidates, larger, intercept):
        failure = without_full_stop(candidates.failure(larger) or candidates.failure(intercept))
        reason = f"The {kind} of {structure.slopes} by {structure.group} could not be tested: {failure}."
        return without_test(candidates, decided(**names, decision=DROP, reason=reason), intercept, larger)
    test = candidates.compare(intercept, larger)
    supported = test.rejects(candidates.study.ladder.alpha_random)
    reason = slopes_reason(larger, place, test, candidates.study.ladder.alpha_random)
    head = decided(**names, decision=KEEP if supported else DROP, reason=reason)
    return with_test(candidates, head, test, options, structure.group)


def slopes_reason(larger: RandomPart, place: int, test: Tested, alpha: float) -> str:
    """Say in a sentence whether the data support the variance of the slopes."""
    structure = larger[place]
    later = listing(later_groups(larger, place))
    the = f"With {later} in the model, the" if later else "The"
    variance, are = ("variances", "are") if set(structure.slopes) & set("+*") else ("variance", "is")
    subject = f"{the} {variance} of {structure.slopes} between levels of {structure.group}"
    if test.p is None:
        return f"{subject} could not be tested: {without_full_stop(test.ratio.reason)}."
    if test.rejects(alpha):
        return f"{subject} {are} supported: {evidence(test)}."
    return f"{subject} {are} not supported at {level(alpha)}: {evidence(test)}."


def later_groups(random: RandomPart, place: int) -> list[str]:
    """The grouping factors that entered after the one at `place`."""
    return [other.group for other in random[place + 1 :]]


def beside_later(random: RandomPart, place: int) -> str:
    """What tells a second decision on a factor's slopes from the first: the factors that entered after it."""
    later = listing(later_groups(random, place))
    return f", beside {later}" if later else ""


def correlation_step(candidates: Candidates, uncorrelated: RandomPart, slope: RandomPart, place: int) -> Step:
    """Show the test of the correlations; they are kept unless the model that has them cannot be final."""
    structure = slope[place]
    test = candidates.compare(uncorrelated, slope) if is_fitted(candidates, uncorrelated) else None
    shown = f": {evidence(test)}" if test else ""
    flaw = candidates.flaw(slope)
    if flaw:
        reason = (
            f"The correlated model cannot be final ({without_full_stop(flaw.sentence)}), so the correlations are set "
            f"to zero first{shown}."
        )
    else:
        reason = (
            f"The correlations stay by default, as without them the model would hang on where {structure.slopes} is "
            f"zero{shown}."
        )
    head = decided(
        kind=kinds.CORRELATION,
        name=f"{structure.group}: correlation{beside_later(slope, place)}",
        question=f"Are the slopes of {structure.slopes} correlated with the intercepts of {structure.group}?",
        smaller=candidates.id(uncorrelated),
        larger=candidates.id(slope),
        decision=DROP if flaw else KEEP,
        reason=reason,
        structure=structure,
        beside=later_groups(slope, place),
    )
    if test is None:
        return without_test(candidates, head, uncorrelated, slope)
    return with_test(candidates, head, test, [uncorrelated, slope], structure.group)


def back_off(candidates: Candidates, random: RandomPart) -> tuple[RandomPart, list[Step]]:
    """Simplify slopes kept before that have lost their footing now that other grouping factors have changed."""
    steps: list[Step] = []
    while flaw := candidates.flaw(random):
        place = weakest_slope(random, flaw)
        if place is None:
            break
        simpler = random[place].with_kind(UNCORRELATED if random[place].kind == SLOPE else INTERCEPT)
        smaller = replaced(random, place, simpler)
        steps.append(back_off_step(candidates, smaller, random, place, flaw))
        random = smaller
    return random, steps


def weakest_slope(random: RandomPart, flaw: Flaw) -> int | None:
    """Which structure with slopes to simplify: the one that collapsed, else the one entered last."""
    sloped = [place for place, structure in enumerate(random) if structure.kind != INTERCEPT]
    collapsed = [place for place in sloped if random[place].group == flaw.group]
    return next(iter(collapsed or reversed(sloped)), None)


def back_off_step(candidates: Candidates, smaller: RandomPart, larger: RandomPart, place: int, flaw: Flaw) -> Step:
    """A back-off forced by another grouping factor, with the test of what it gives up."""
    structure, simpler = larger[place], smaller[place]
    beside = listing([other.words for other in larger if other != structure])
    test = candidates.compare(smaller, larger) if is_fitted(candidates, larger, smaller) else None
    shown = f": {evidence(test)}" if test else ""
    head = decided(
        kind=kinds.BACK_OFF,
        name=f"{structure.group}: back-off",
        question=f"Can the {structure.words} be estimated beside the {beside}?",
        smaller=candidates.id(smaller),
        larger=candidates.id(larger),
        decision=DROP,
        reason=(
            f"Beside the {beside}, the {structure.words} cannot be final ({without_full_stop(flaw.sentence)}) and is "
            f"reduced to the {simpler.words}{shown}."
        ),
        structure=structure,
    )
    if test is None:
        return without_test(candidates, head, smaller, larger)
    return with_test(candidates, head, test, [smaller, larger], structure.group)


def leave_unsound(candidates: Candidates, random: RandomPart) -> tuple[RandomPart, list[Step]]:
    """Leave intercepts without a sound fit for the first candidate with all grouping factors that has one.

    Where none has, the intercepts stay and the decision warns of them.
    """
    flaw = candidates.flaw(random)
    if not flaw:
        return random, []
    complete = [rung.random for rung in candidates.rungs if len(rung.random) == len(random)]
    sound = next((o for o in complete if not candidates.flaw(o) and is_eligible(candidates, o)), None)
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


def is_eligible(candidates: Candidates, random: RandomPart) -> bool:
    """Whether each covariate with a slope varies within levels of its grouping factor."""
    sloped = [place for place, structure in enumerate(random) if structure.kind != INTERCEPT]
    return not any(constant_covariates(candidates, random, place) for place in sloped)


def ineligible_step(candidates: Candidates, options: list[RandomPart], place: int) -> Step:
    """Leave out slopes of covariates that have one value in each level, as nothing can be seen of them."""
    intercept, larger = options[0], options[-1]
    constant = constant_covariates(candidates, larger, place)
    structure = larger[place]
    head = decided(
        kind=kinds.SLOPE,
        name=f"{structure.group}: slope",
        question=f"Does the effect of {structure.slopes} vary between levels of {structure.group}?",
        smaller=candidates.id(intercept),
        larger=candidates.id(larger),
        decision=DROP,
        reason=(
            f"{listing(constant)} {'does' if len(constant) == 1 else 'do'} not vary within levels of "
            f"{structure.group}, so the data cannot show a slope that differs between them."
        ),
        structure=structure,
    )
    return without_test(candidates, head, intercept, larger)


def constant_covariates(candidates: Candidates, random: RandomPart, place: int) -> list[str]:
    """Covariates of a structure's slopes that have a single value within every level of its factor."""
    structure = random[place]
    if structure.slopes is None:
        return []
    within = candidates.audit["varies_within"]
    columns = parse(f"{name_text(candidates.study.outcome)} ~ {structure.slopes}").variables
    return [c for c in columns if c in within and not within[c][structure.group]]


def with_test(candidates: Candidates, head: Step, test: Tested, options: list[RandomPart], group: str) -> Step:
    """A step with its test; `options` are the candidates that AIC and BIC may choose from."""
    alpha = candidates.study.ladder.alpha_random
    records = {candidates.rung(random).formula: candidates.record(random) for random in options}
    compared = {formula: records[formula] for formula in (test.ratio.smaller, test.ratio.larger)}
    notes = [*unconverged(compared), *doubts(candidates, test, group)]
    return measured(head, test, alpha, candidates.criteria(*options), notes)


def without_test(candidates: Candidates, head: Step, smaller: RandomPart, larger: RandomPart) -> Step:
    """A step decided without a test."""
    formulas = candidates.rung(smaller).formula, candidates.rung(larger).formula
    return unmeasured(head, "REML", candidates.study.ladder.alpha_random, *formulas)


def doubts(candidates: Candidates, test: Tested, group: str) -> list[str]:
    """Say where the mixture was taken though it is known to be rough: a middling p and few levels."""
    levels = candidates.levels(group)
    if test.method != MIXTURE or levels >= FEW_GROUPS or not DOUBTFUL[0] <= test.p <= DOUBTFUL[1]:
        return []
    return [
        f"With {counted(levels, 'level')} of {group} and p between .01 and .20 the mixture is rough; a parametric "
        "bootstrap would be more exact."
    ]


def is_fitted(candidates: Candidates, *randoms: RandomPart) -> bool:
    """Whether all these candidates could be fitted."""
    return all(candidates.record(random) is not None for random in randoms)
