"""Where the likelihood ratio tests that were made would have led by themselves, whatever decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from lmm.numbers import p_value
from lmm.select import step as kinds
from lmm.select.panelrow import Row
from lmm.select.rivals import Entry, RandomTerms, mean_of, random_terms, with_random_part
from lmm.select.rungs import REML
from lmm.select.wording import level

if TYPE_CHECKING:
    from lmm.study import Study

Step = Mapping[str, Any]
NAME = "likelihood ratio tests"
_NOT_A_TEST = (kinds.BACK_OFF, kinds.FIXED)


@dataclass(frozen=True)
class PathOfTests:
    """The end of the path that the tests take.

    Attributes:
        random: the random part they lead to. tested: the steps that had a p-value and were met on the way.
        parted: the first of them that decided other than its test, or None.
    """

    random: RandomTerms
    tested: tuple[Step, ...]
    parted: Step | None


def likelihood_ratio_path(study: Study, steps: Iterable[Step]) -> PathOfTests:
    """Follow the recorded steps by REML, at each of which the larger model is taken where its test rejects the smaller.

    Grouping factors of the design enter untested, and a boundary stops nothing; steps without a p-value are taken as
    they were decided. Of several slopes tested beside one model the one with the smallest p enters first. A step whose
    two models do not meet the path where it is by then says nothing of it. Correlations are tested where the study
    says so.
    """
    path: RandomTerms | None = None
    tested: list[Step] = []
    parted = None
    for one in _in_order(_on_random_parts(study, steps)):
        smaller, larger = random_terms(one["smaller_formula"]), random_terms(one["larger_formula"])
        path = smaller if path is None else path
        removed, added = smaller - larger, larger - smaller
        if not (added <= path or removed <= path):
            continue
        by_test = one["p"] is not None and not _of_design(one)
        takes_larger = one["p"] < one["alpha"] if by_test else one["chosen"] == one["larger"]
        if by_test:
            tested.append(one)
            if parted is None and takes_larger != (one["chosen"] == one["larger"]):
                parted = one
        path = path - removed | added if takes_larger else path - added | removed
    return PathOfTests(path or frozenset(), tuple(tested), parted)


def tests_row(study: Study, decision: Mapping[str, Any]) -> Row:
    """Whether the tests lead to the final model, and where else if not."""
    alpha = level(study.ladder.alpha_random)
    path = likelihood_ratio_path(study, decision["steps"])
    final = decision["final"]["rung"]
    if not path.tested:
        sentence = f"No likelihood ratio test was made that could have decided on a random part, in mode {study.mode}."
        return Row(NAME, sentence, agrees=True, estimator=REML)
    if path.random == random_terms(decision["final"]["formula"]):
        last = path.tested[-1]
        sentence = (
            f"The likelihood ratio tests at {alpha} lead to the final model {final} (the last of them, "
            f"“{last['question']}”, with {p_value(last['p'])})."
        )
        return Row(NAME, sentence, final, last["p"], 0.0, agrees=True, estimator=REML)
    reached = with_random_part(_of_means(study, decision), path.random)
    where = reached["id"] if reached else f"a model that was not fitted, with {_written(path)}"
    boundary = "; it lies on the boundary" if reached and reached["singular"] else ""
    parting = path.parted or path.tested[-1]
    sentence = (
        f"The likelihood ratio tests at {alpha} would by themselves lead to {where}, not to the final model {final} "
        f"(“{parting['question']}”: {p_value(parting['p'])}){boundary}."
    )
    return Row(NAME, sentence, reached and reached["id"], parting["p"], estimator=REML)


def _of_means(study: Study, decision: Mapping[str, Any]) -> list[Entry]:
    """The candidates of the table, those with the final model's mean first, whether sound or not."""
    final = mean_of(decision["final"]["formula"])
    return sorted(decision["table"], key=lambda entry: mean_of(entry["formula"]) != final)


def _written(path: PathOfTests) -> str:
    bars = {True: "||", False: "|"}
    return " + ".join(f"({effects} {bars[apart]} {group})" for group, effects, apart in sorted(path.random))


def _on_random_parts(study: Study, steps: Iterable[Step]) -> list[Step]:
    """The steps that compare two random parts."""
    return [
        one
        for one in steps
        if one["estimator"] == REML
        and one["kind"] not in _NOT_A_TEST
        and one["smaller_formula"]
        and one["larger_formula"]
        and (one["kind"] != kinds.CORRELATION or study.ladder.correlations == "test")
    ]


def _in_order(steps: list[Step]) -> list[Step]:
    """The steps with those that ask of one smaller model in turn, the one with the smallest p first."""
    rounds = groupby(steps, key=lambda one: (one["kind"], one["smaller"]))
    return [one for _, of in rounds for one in sorted(of, key=lambda one: 1.0 if one["p"] is None else one["p"])]


def _of_design(step: Step) -> bool:
    """Whether a grouping factor enters that belongs to the design."""
    return step["kind"] == kinds.INTERCEPT and step["decision"] == kinds.DESIGN
