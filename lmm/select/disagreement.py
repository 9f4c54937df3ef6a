"""Where a criterion by itself would have chosen differently, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lmm.numbers import decimal, listing, p_value
from lmm.select.criteria import AIC, BIC, BIC_GROUPS
from lmm.select.step import CORRELATION, FIXED, LRT, SLOPE
from lmm.select.structure import RandomPart

NAMES = {LRT: "the likelihood ratio test", AIC: "AIC", BIC: "BIC over observations", BIC_GROUPS: "BIC over groups"}
NO_MARGIN = f"by {decimal(0.0, 1)}"


def disagreements(steps: list[Mapping[str, Any]], random: RandomPart) -> list[dict[str, str]]:
    """A sentence for each decision on slopes or fixed effects that some criterion by itself would not have made.

    Each has as its "kind" that of the step it is about, SLOPE, CORRELATION or FIXED. What is part of the design is not
    told: no criterion was asked. Slopes that were compared in one round are told of once, where they disagree alike.
    """
    found: dict[str, dict[str, str]] = {}
    for step, chosen in choices(steps, random):
        if sentence := dissent(step, chosen):
            found.setdefault(sentence, {"kind": step["kind"], "sentence": f"{step['step']}: {sentence}"})
    return list(found.values())


def choices(steps: list[Mapping[str, Any]], random: RandomPart) -> Iterator[tuple[Mapping[str, Any], str]]:
    """For each decision the step that compared all its candidates, and what was chosen in the end.

    A slope is decided the last time it is met, beside what was in the model then, in one or more steps: with its
    correlations, then without. Where it is the only one, the test of its correlation belongs to its decision.
    """
    for structure in random:
        mine = [s for s in steps if s["kind"] in (SLOPE, CORRELATION) and s["group"] == structure.group]
        slopes = dict.fromkeys(tuple(s["terms"]) for s in mine if s["kind"] == SLOPE)
        for terms in slopes:
            tested = [s for s in mine if tuple(s["terms"]) == terms]
            tested = [s for s in tested if s["smaller"] == tested[-1]["smaller"]]
            asked = [s for s in mine if s in tested or (s["kind"] == CORRELATION and len(slopes) == 1)]
            widest = max(len(s["candidates"]) for s in asked)
            if widest == 0:
                continue
            told = [s for s in asked if len(s["candidates"]) == widest][-1]
            yield told, asked[-1]["chosen"] if asked[-1]["chosen"] in told["candidates"] else told["chosen"]
    yield from ((step, step["chosen"]) for step in steps if step["kind"] == FIXED)


def dissent(step: Mapping[str, Any], chosen: str) -> str | None:
    """Which criteria would have chosen something else, by how much; None if none would.

    A margin too small to be printed is none.
    """
    others: dict[str, list[str]] = {}
    for criterion, choice in step["by_criterion"].items():
        if choice == chosen or chosen not in step["candidates"]:
            continue
        margin = p_value(step["p"]) if criterion == LRT else f"by {margin_of(step, criterion, choice, chosen)}"
        if margin != NO_MARGIN:
            others.setdefault(choice, []).append(f"{NAMES[criterion]} ({margin})")
    if not others:
        return None
    told = "; ".join(f"{listing(criteria)} would choose {choice}" for choice, criteria in others.items())
    return f"{chosen} is chosen, but {told}."


def margin_of(step: Mapping[str, Any], criterion: str, choice: str, chosen: str) -> str:
    """How far the chosen candidate's criterion lies above the lowest one."""
    values = step["candidates"]
    return decimal(values[chosen][criterion] - values[choice][criterion], 1)
