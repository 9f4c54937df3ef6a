"""What each grouping factor is worth in the chosen model: a test that leaves one out, and decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.formula.deparse import name_text
from lmm.infer.candidate import candidate_of_record
from lmm.infer.likelihoodratio import compare
from lmm.model import fit
from lmm.numbers import listing
from lmm.select.candidates import Candidates
from lmm.select.criteria import criteria, groups_counted
from lmm.select.fitrecord import record_of_fit
from lmm.select.step import DESIGN, INTERCEPT, decided, measured, unconverged, unmeasured
from lmm.select.structure import RandomPart, Structure
from lmm.select.wording import evidence, without_full_stop

if TYPE_CHECKING:
    import pandas


def design_level_steps(candidates: Candidates, random: RandomPart, table: pandas.DataFrame) -> list[dict[str, Any]]:
    """Test every grouping factor but the last beside those that entered after it; optional ones were asked of again.

    Its first test was made before they did, when their variance was still in the residual one and could hide its own
    (Penicillin: the plates show no variance until the samples are in the model). The chosen model is fitted without the
    factor by REML.
    """
    design = [one for one in random[:-1] if one.group not in candidates.study.ladder.optional]
    return [leave_out(candidates, random, structure, table) for structure in design]


def leave_out(
    candidates: Candidates, random: RandomPart, structure: Structure, table: pandas.DataFrame
) -> dict[str, Any]:
    """Compare the chosen model with the one that lacks a grouping factor."""
    study, larger = candidates.study, candidates.rung(random)
    others = [other for other in random if other != structure]
    groups_beside = [other.group for other in others]
    beside = listing(groups_beside)
    mean = f"{name_text(study.outcome)} ~ {candidates.mean}"
    formula = " + ".join([mean, *(other.term for other in others)])
    alpha = study.ladder.alpha_random
    names = {
        "kind": INTERCEPT,
        "name": f"{structure.group}, beside {beside}",
        "question": f"Does {study.outcome} vary between levels of {structure.group}, given {beside}?",
        "smaller": f"{larger.id} without {structure.group}",
        "larger": larger.id,
        "decision": DESIGN,
        "structure": structure,
        "beside": groups_beside,
    }
    stays = f"{structure.group} is part of the design and stays"
    try:
        record = record_of_fit(fit(formula, table, weights=study.weights), table)
    except (InputError, np.linalg.LinAlgError) as error:
        head = decided(**names, reason=f"{stays}; the model without it has no fit: {without_full_stop(str(error))}.")
        return unmeasured(head, "REML", alpha, formula, larger.formula)
    without = candidate_of_record(formula, study.outcome, "REML", record)
    test = candidates.test(compare(without, candidates.candidate(random)))
    groups = groups_counted(candidates.audit)
    values = {
        names["smaller"]: criteria(record, groups),
        larger.id: criteria(candidates.record(random), groups),
    }
    head = decided(**names, reason=f"{stays} whatever its p; beside {beside}: {evidence(test)}.")
    notes = unconverged({formula: record, larger.formula: candidates.record(random)})
    return measured(head, test, alpha, values, notes)
