"""The candidates that a criterion may be asked about: those that could be fitted, of the design that is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lmm.formula import parse
from lmm.formula.deparse import name_text

if TYPE_CHECKING:
    from lmm.study import Study

Entry = Mapping[str, Any]
RandomTerms = frozenset[tuple[str, str, bool]]
"""The random part of a formula whatever the order of its terms: grouping factor, effects, whether independent."""


def random_terms(formula: str) -> RandomTerms:
    """The random part of a formula."""
    return frozenset((part.group_label, str(part.terms), part.independent) for part in parse(formula).random)


def mean_of(formula: str) -> str:
    """The right-hand side of a formula's fixed part, written out."""
    return str(parse(formula).fixed)


def rivals(study: Study, decision: Mapping[str, Any]) -> list[Entry]:
    """The entries of the decision's table that may be set against each other.

    They could be fitted, their optimum was found, and they hold every grouping factor of the design that the final
    model has, which stays whatever a criterion says (method, rule 15). A model on the boundary is a maximum like any
    other and counts; where it may not be the final one, that is said beside it. One model under two names counts once,
    as the final one where it is that, lest it share its weight with itself (Burnham & Anderson 2002, chapter 4, on
    redundant models).
    """
    final = decision["final"]
    grouped = {group for group, _, _ in random_terms(final["formula"])}
    design = [group for group in study.groups if group in grouped and group not in study.ladder.optional]
    by_model: dict[tuple[str, RandomTerms], Entry] = {}
    for entry in decision["table"]:
        random = random_terms(entry["formula"])
        groups = {group for group, _, _ in random}
        if entry["failure"] or not entry["converged"] or (grouped and not groups) or not groups.issuperset(design):
            continue
        model = (mean_of(entry["formula"]), random)
        if model not in by_model or entry["id"] == final["rung"]:
            by_model[model] = entry
    return list(by_model.values())


def with_one_mean(study: Study, decision: Mapping[str, Any], pool: Sequence[Entry]) -> list[Entry]:
    """The rivals whose random parts may be compared by REML: those with the final model's mean.

    Where a mean was selected and no other random part was fitted with it, those with the full mean, if the final random
    part is among them.
    """
    final = decision["final"]["formula"]
    full = mean_of(f"{name_text(study.outcome)} ~ {study.fixed}")
    mine, of_full = ([entry for entry in pool if mean_of(entry["formula"]) == mean] for mean in (mean_of(final), full))
    return of_full if len(mine) < 2 and with_random_part(of_full, random_terms(final)) else mine


def with_random_part(pool: Sequence[Entry], random: RandomTerms) -> Entry | None:
    """The first of some entries with this random part, or None."""
    return next((entry for entry in pool if random_terms(entry["formula"]) == random), None)
