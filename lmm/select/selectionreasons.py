"""The sentences in which selection says what it asked at each step, what it did and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lmm.numbers import counted, decimal, p_value
from lmm.select.preference import VALUES, Fits, Preference, TermTest, term_test
from lmm.select.procedure import Move
from lmm.select.scope import Mean, Scope
from lmm.select.step import LRT
from lmm.select.wording import level, signed


def criterion_words(preference: Preference) -> str:
    """By what is selected, as it follows "by"."""
    if preference.criterion == LRT:
        return f"likelihood ratio tests at {level(preference.alpha)}"
    return preference.criterion


def question(scope: Scope, move: Move) -> str:
    """What a step asks that changes one term."""
    mean = scope.right_hand_side(move.current)
    return f"Which term may {mean} do without?" if _deletes(move) else f"Which term does {mean} lack?"


def reason_of_move(preference: Preference, fits: Fits, move: Move, changes: Mapping[Mean, str]) -> str:
    """Why a term was dropped or added, or none was; `changes` names the term in which each option differs."""
    options = [mean for mean in move.options if fits[mean].failure is None]
    if not move.options:
        return "No term is left that may move."
    if not options:
        return "No model with one term changed could be fitted, so that the mean stays as it is."
    by = _reason_by_test if preference.criterion == LRT else _reason_by_criterion
    return by(preference, fits, move, options, changes)


def reason_of_lowest(preference: Preference, fits: Fits, ranked: Sequence[Mean], names: Mapping[Mean, str]) -> str:
    """Why the first of several means was chosen, the others following in order of the criterion."""
    if len(ranked) == 1:
        return f"{names[ranked[0]]} is the only mean that could be fitted."
    first, second = (VALUES[preference.criterion](fits[mean]) for mean in ranked[:2])
    return (
        f"{names[ranked[0]]} has the lowest {preference.criterion} of {counted(len(ranked), 'mean')}, "
        f"{decimal(second - first)} below the next, {names[ranked[1]]}."
    )


def _reason_by_criterion(
    preference: Preference, fits: Fits, move: Move, options: Sequence[Mean], changes: Mapping[Mean, str]
) -> str:
    value, criterion = VALUES[preference.criterion], preference.criterion
    without, verb = ("without", "dropped") if _deletes(move) else ("with", "added")
    if move.chosen != move.current:
        change = signed(value(fits[move.chosen]) - value(fits[move.current]), 2)
        lower = f", the best of {_may_move(move, options)}" if len(options) > 1 else ""
        return f"{changes[move.chosen]} is {verb}, as {without} it {criterion} changes by {change}{lower}."
    best = min(options, key=lambda mean: value(fits[mean]))
    change = signed(value(fits[best]) - value(fits[move.current]), 2)
    if len(options) == 1:
        return f"{changes[best]} is not {verb}, as {without} it {criterion} changes by {change}."
    return (
        f"None of {_may_move(move, options)} is {verb}, as {criterion} is lowest without a change: it changes by "
        f"{change} {without} {changes[best]}, by more {without} any other."
    )


def _reason_by_test(
    preference: Preference, fits: Fits, move: Move, options: Sequence[Mean], changes: Mapping[Mean, str]
) -> str:
    deletes, alpha = _deletes(move), level(preference.alpha)
    verb, extreme = ("dropped", "largest") if deletes else ("added", "smallest")
    tests = {mean: term_test(*(fits[one] for one in sorted((mean, move.current), key=len))) for mean in options}
    if move.chosen != move.current:
        test, term = tests[move.chosen], changes[move.chosen]
        if test.df == 0:
            return f"{term} is {verb}, as it adds no column that other terms do not explain."
        rank = f", the {extreme} p-value of {_may_move(move, options)}" if len(options) > 1 else ""
        return f"{term} is {verb}: it is {'not ' if deletes else ''}supported at {alpha} ({_evidence(test)}){rank}."
    tested = [mean for mean in options if tests[mean].p is not None]
    supported = f"supported at {alpha}"
    if not tested:
        return f"None of {_may_move(move, options)} is {verb}, as none could be tested."
    nearest = (max if deletes else min)(tested, key=lambda mean: tests[mean].log_p)
    evidence = _evidence(tests[nearest])
    if len(options) == 1:
        return f"{changes[nearest]} is not {verb}: it is {'' if deletes else 'not '}{supported} ({evidence})."
    all_or_none, extreme = ("each", "weakest") if deletes else ("none", "strongest")
    return (
        f"None of {_may_move(move, options)} is {verb}: {all_or_none} is {supported}, the {extreme} being "
        f"{changes[nearest]} ({evidence})."
    )


def _may_move(move: Move, options: Sequence[Mean]) -> str:
    moves = "may go" if _deletes(move) else "may come in"
    return counted(len(options), f"term that {moves}", f"terms that {moves}")


def _deletes(move: Move) -> bool:
    return bool(move.options) and len(move.options[0]) < len(move.current)


def _evidence(test: TermTest) -> str:
    return f"χ²({test.df}) = {decimal(test.statistic)}, {p_value(test.p)}"
