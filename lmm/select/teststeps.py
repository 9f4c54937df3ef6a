"""Steps of the climb with what was measured: two candidates, their test, and what each criterion would choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lmm.infer.nullchoice import DOUBTFUL, FEW_GROUPS, MIXTURE
from lmm.numbers import counted, listing
from lmm.select.candidates import Candidates
from lmm.select.criteria import AIC, TIE
from lmm.select.step import LRT, measured, unconverged, unmeasured
from lmm.select.structure import RandomPart
from lmm.select.tested import Tested
from lmm.select.wording import by_criterion, evidence, level, signed, without_full_stop

Step = dict[str, Any]


def is_fitted(candidates: Candidates, *randoms: RandomPart) -> bool:
    """Whether all these candidates could be fitted."""
    return all(candidates.record(random) is not None for random in randoms)


def supports(candidates: Candidates, test: Tested, smaller: RandomPart, larger: RandomPart) -> bool:
    """Whether the study's criterion prefers the larger of two candidates.

    Where the criterion is the likelihood ratio test and the candidates are not nested, AIC decides (method, rule 3).
    """
    if test.ratio.optimum_missed:
        return False
    criterion = candidates.study.ladder.criterion
    if criterion == LRT and test.p is not None:
        return test.rejects(candidates.study.ladder.alpha_random)
    criterion = AIC if criterion == LRT else criterion
    values = candidates.criteria(smaller, larger)
    return values[candidates.id(larger)][criterion] < values[candidates.id(smaller)][criterion] - TIE


def verdict(candidates: Candidates, test: Tested, smaller: RandomPart, larger: RandomPart, subject: str) -> str:
    """Say in a sentence whether the data support what the larger candidate adds; `subject` ends with its verb."""
    ladder = candidates.study.ladder
    if test.ratio.optimum_missed:
        return f"{subject} not decided on: {without_full_stop(test.ratio.reason)}."
    supported = supports(candidates, test, smaller, larger)
    if ladder.criterion == LRT and test.p is not None:
        negation = "" if supported else f" not supported at {level(ladder.alpha_random)}"
        return f"{subject}{negation or ' supported'}: {evidence(test)}."
    values = candidates.criteria(smaller, larger)
    criterion = AIC if ladder.criterion == LRT else ladder.criterion
    change = values[candidates.id(larger)][criterion] - values[candidates.id(smaller)][criterion]
    why = ", where the two models are not nested and there is no test" if ladder.criterion == LRT else ""
    shown = f": {evidence(test)}" if test.p is not None else ""
    return (
        f"{subject} {'' if supported else 'not '}supported by {by_criterion(criterion)}, which changes by "
        f"{signed(change)}{why}{shown}."
    )


def with_test(candidates: Candidates, head: Step, test: Tested, options: Sequence[RandomPart], group: str) -> Step:
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


def later_groups(random: RandomPart, place: int) -> list[str]:
    """The grouping factors that entered after the one at `place`."""
    return [other.group for other in random[place + 1 :]]


def beside_later(random: RandomPart, place: int) -> str:
    """What tells a second decision on a factor's slopes from the first: the factors that entered after it."""
    later = listing(later_groups(random, place))
    return f", beside {later}" if later else ""
