"""The parts of a study's cross-validation put together, and the models compared (crossvalidation.json)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lmm import provenance
from lmm.numbers import listing
from lmm.select.crossvalidation.calibration import calibration
from lmm.select.crossvalidation.comparison import Comparison, compare
from lmm.select.crossvalidation.folds import KNOWN_GROUPS, NEW_GROUPS, NOT_ASKED
from lmm.select.crossvalidation.record import scores_of_record
from lmm.select.crossvalidation.scores import Scores, gather
from lmm.select.crossvalidation.targets import Target, beside, targets

if TYPE_CHECKING:
    from lmm.study import Study


def cross_validation(
    study: Study, decision: Mapping[str, Any], audit: Mapping[str, Any], found: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The models of a study compared by cross-validation, from all parts in whatever order (crossvalidation.json).

    Returns:
        "targets": for each name the comparisons, as `Comparison.to_dict` has them, of new groups one for each factor
        held out, each with the "calibration" of the final model, None where it predicted nothing; "kept": what was
        learnt from all rows although it should have been learnt inside the fold; "reasons": for a target, or a part
        of it, why it was not done.

    Raises:
        InputError: the parts leave a gap or overlap.
    """
    compared: dict[str, list[dict[str, Any]]] = {NEW_GROUPS: [], KNOWN_GROUPS: []}
    reasons: dict[str, list[str]] = {
        name: [] if name in study.cross_validation.targets else [NOT_ASKED] for name in compared
    }
    for refused in found[0]["reasons"] if found else []:
        reasons[refused["target"]].append(refused["reason"])
    for target in targets(study, audit):
        scores = _gathered(target, found)
        if scores:
            comparison = compare(scores)
            notes = (*comparison.notes, *caveats(study, audit, target))
            of_final = [calibration(one) for one in scores if one.model == decision["final"]["rung"]]
            calibrated = [one.to_dict() for one in of_final if one is not None]
            compared[target.name].append(
                {**replace(comparison, notes=notes).to_dict(), "calibration": calibrated[0] if calibrated else None}
            )
            reasons[target.name] += _nothing_predicted(target, comparison)
    return {
        **provenance.stamp(study, decision["row_hash"]),
        "targets": compared,
        "kept": list(found[0]["kept"]) if found else [],
        "reasons": {name: " ".join(told) for name, told in reasons.items() if told},
    }


def caveats(study: Study, audit: Mapping[str, Any], target: Target) -> list[str]:
    """What grouping factors that are not nested in that of a target mean for its scores."""
    others = beside(study, audit, target.group)
    if not others:
        return []
    independent = (
        f"The standard errors take the levels of {target.group} for independent, which they are not quite, as they "
        f"share levels of {listing(others)}."
    )
    if target.name != NEW_GROUPS:
        return [independent]
    new_too = (
        f"Levels of {target.group} are predicted as if those of {listing(others)} were new too: all random effects of "
        f"the rows held out count as unknown, and the rows of a level of {target.group} are scored by their joint "
        "marginal density."
    )
    return [new_too, independent]


def _gathered(target: Target, found: Sequence[Mapping[str, Any]]) -> list[Scores]:
    """The scores of every model on all folds of a target, in the order of the models; none where it was refused."""
    of_target = [
        scores_of_record(scored)
        for part in found
        for scored in part["scored"]
        if (scored["target"], scored["group"]) == (target.name, target.group)
    ]
    return [gather(of_model) for of_model in zip(*of_target, strict=True)]


def _nothing_predicted(target: Target, comparison: Comparison) -> list[str]:
    if comparison.rows:
        return []
    failures = [reason for model in comparison.models for reason in (*model.failed, *model.unscored)]
    because = f": {failures[0]}" if failures else "."
    return [f"No row of the {target.name} held out ({target.group}) was predicted by every model{because}"]
