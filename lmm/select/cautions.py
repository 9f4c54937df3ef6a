"""What a reader of the decision must know besides: few groups, singular fits, reused labels, missed optima."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lmm.numbers import counted, decimal
from lmm.select.candidates import Candidates
from lmm.select.structure import UNCORRELATED, RandomPart
from lmm.select.wording import without_full_stop


def cautions(candidates: Candidates, random: RandomPart, steps: Iterable[Mapping[str, Any]]) -> list[str]:
    """Warnings that belong to the final model and to the way it was reached, each a sentence."""
    record = candidates.record(random)
    return [
        *few_levels(candidates),
        *label_reuse(candidates),
        *unsound(record),
        *several_optima(record),
        *origin(random),
        *missed_optima(steps),
    ]


def few_levels(candidates: Candidates) -> list[str]:
    """A sentence for each grouping factor with few levels (method, rule 5; Gelman & Hill 2007, section 11.5)."""
    sentences = []
    for group in candidates.study.groups:
        levels = candidates.levels(group)
        has = f"{group} has {'only ' if levels < 10 else ''}{counted(levels, 'level')}"
        if levels < 5:
            sentences.append(f"{has}, too few to estimate a variance from: consider it as a fixed effect.")
        elif levels < 10:
            sentences.append(f"{has}: its variance is known only roughly, and normal intervals are too narrow.")
        elif levels < 20:
            sentences.append(f"{has}: enough to estimate its variance, few enough that its interval is wide.")
    return sentences


def label_reuse(candidates: Candidates) -> list[str]:
    """What the audit asks of crossed factors that may be nested under reused labels (method, rule 7)."""
    return [
        pair["sentence"]
        for pair in candidates.audit["structure"]
        if pair["relation"] != "nested" and "nested in" in pair["sentence"]
    ]


def unsound(record: Mapping[str, Any]) -> list[str]:
    """Say where the final model lies on the boundary or did not converge."""
    sentences = [f"The final model is singular: {sentence}" for sentence in record["collapsed"]]
    if not record["converged"]:
        sentences.append(f"The final model did not converge: {record['convergence']['message']}")
    return sentences


def several_optima(record: Mapping[str, Any]) -> list[str]:
    """Say where the deviance has more than one minimum."""
    optima = record["convergence"]["optima"]
    if len(optima) < 2:
        return []
    return [
        f"The deviance of the final model has {len(optima)} local minima; the best, {decimal(optima[0], 3)}, is "
        f"{decimal(optima[1] - optima[0], 3)} below the next."
    ]


def origin(random: RandomPart) -> list[str]:
    """Uncorrelated slopes tie the model to the zero of the covariate (method, rule 10)."""
    return [
        f"Without the correlation the model hangs on where {structure.slopes} is zero: choose a zero that means "
        "something, such as the mean."
        for structure in random
        if structure.kind == UNCORRELATED
    ]


def missed_optima(steps: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say where a larger model fitted worse than one it contains."""
    return [
        f"{step['step']}: {without_full_stop(note)}."
        for step in steps
        for note in step["notes"]
        if "its optimum was missed" in note
    ]
