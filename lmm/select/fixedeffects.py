"""Tests of the fixed effects at the chosen random part, by maximum likelihood; none is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.formula import parse
from lmm.formula.deparse import name_text
from lmm.formula.marginality import droppable, mean_without, null_mean
from lmm.infer.candidate import candidate_of_record
from lmm.infer.likelihoodratio import compare_fixed_parts
from lmm.model import fit
from lmm.numbers import counted, listing
from lmm.select.candidates import Candidates
from lmm.select.criteria import criteria, groups_counted
from lmm.select.fitrecord import record_of_fit
from lmm.select.rungs import SELECTED
from lmm.select.step import DESIGN, FIXED, decided, measured, unconverged, unmeasured
from lmm.select.structure import RandomPart
from lmm.select.tested import Tested, by_large_sample
from lmm.select.wording import evidence, level, without_full_stop

if TYPE_CHECKING:
    import pandas

# Below about this many groups the χ² of a fixed effect rejects too often (method, rule 5: with 8 groups 9.5 % at 5 %).
SMALL_SAMPLE = 30


def fixed_effects_steps(candidates: Candidates, random: RandomPart, table: pandas.DataFrame) -> list[dict[str, Any]]:
    """Test each term that marginality lets go, then all of them together against the null mean.

    None is removed: choosing fixed effects by their p-values would spoil those of the others (method, rule 6).
    """
    mean = parse(f"{name_text(candidates.study.outcome)} ~ {candidates.mean}").fixed
    final = candidates.id(random)
    smaller = [
        (f"fixed effect: {label}", [label], f"{final} without {label}", mean_without(mean, label))
        for label in droppable(mean)
    ]
    if len(mean.terms) > 1 and contains_intercept(candidates, table):
        labels = list(mean.term_labels)
        smaller.append(("fixed effects: all", labels, f"{final} with null mean", null_mean(mean)))
    return [term_step(candidates, random, table, *one) for one in smaller]


def term_step(
    candidates: Candidates,
    random: RandomPart,
    table: pandas.DataFrame,
    name: str,
    labels: list[str],
    smaller: str,
    smaller_mean: str,
) -> dict[str, Any]:
    """Test the terms `labels` by fitting the chosen model without them, by maximum likelihood."""
    study, larger = candidates.study, candidates.rung(random)
    formula = " + ".join([f"{name_text(study.outcome)} ~ {smaller_mean}", *(s.term for s in random)])
    alpha = study.ladder.alpha_fixed
    one = len(labels) == 1
    names = {
        "kind": FIXED,
        "name": name,
        "question": f"{'Does' if one else 'Do'} {listing(labels)} add to the mean of {study.outcome}?",
        "smaller": smaller,
        "larger": larger.id,
        "decision": DESIGN,
        "terms": labels,
    }
    try:
        record = record_of_fit(fit(formula, table, reml=False, weights=study.weights), table)
    except (InputError, np.linalg.LinAlgError) as error:
        reason = f"{listing(labels)} could not be tested: {without_full_stop(str(error))}."
        return unmeasured(decided(**names, reason=reason), "ML", alpha, formula, larger.formula)
    without = candidate_of_record(formula, study.outcome, "ML", record)
    test = by_large_sample(compare_fixed_parts(without, candidates.candidate(random, "ML")))
    head = decided(**names, reason=reason_to_stay(labels, test, alpha, candidates.which))
    if test.ratio.naive_df == 0:
        return unmeasured(head, "ML", alpha, formula, larger.formula)
    groups = groups_counted(candidates.audit)
    measures = {
        smaller: criteria(record, groups),
        larger.id: criteria(candidates.record(random, "ML"), groups),
    }
    notes = [
        *unconverged({formula: record, larger.formula: candidates.record(random, "ML")}),
        *small_sample_note(candidates, random),
    ]
    return measured(head, test, alpha, measures, notes)


def reason_to_stay(labels: list[str], test: Tested, alpha: float, which: str) -> str:
    """Say what the test shows, and that it removes nothing; `which` mean has the terms, FULL or SELECTED."""
    one = len(labels) == 1
    subject = labels[0] if one else f"{listing(labels)} together"
    are, stay = ("is", "stays") if one else ("are", "stay")
    if test.ratio.naive_df == 0:
        return f"{subject} {stay}, though {'it adds' if one else 'they add'} no column that other terms do not explain."
    if test.p is None:
        return f"{subject} {stay}, untested: {without_full_stop(test.ratio.reason)}."
    if test.rejects(alpha):
        return f"{subject} {are} supported at {level(alpha)} and {stay}: {evidence(test)}."
    because = "the selection kept it" if which == SELECTED else "no fixed effect named in advance is removed"
    return f"{subject} {are} not supported at {level(alpha)} and {stay} all the same, as {because}: {evidence(test)}."


def small_sample_note(candidates: Candidates, random: RandomPart) -> list[str]:
    """Warn that the χ² is a large-sample form, where a grouping factor of the model has few levels."""
    if not random:
        return []
    group = min((one.group for one in random), key=candidates.levels)
    levels = candidates.levels(group)
    if levels >= SMALL_SAMPLE:
        return []
    return [
        f"With {counted(levels, 'level')} of {group} this χ² may reject too often; small-sample degrees of freedom "
        "(Kenward–Roger, Satterthwaite) are to be preferred."
    ]


def contains_intercept(candidates: Candidates, table: pandas.DataFrame) -> bool:
    """Whether the null mean is a special case of the full mean: always so where that has an intercept."""
    study = candidates.study
    formula = parse(f"{name_text(study.outcome)} ~ {candidates.mean}")
    if formula.fixed.intercept:
        return True
    columns = formula.design(table, weights=study.weights).X
    columns = columns / np.where(columns.any(0), np.sqrt((columns**2).mean(0)), 1.0)  # lstsq cuts off by size
    ones = np.ones(len(columns))
    closest = columns @ np.linalg.lstsq(columns, ones, rcond=None)[0]
    return bool(np.allclose(closest, ones, atol=1e-8))
