"""The cross-validation of a study in parts, one for each job, and the parts put together (crossvalidation.json)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lmm import provenance
from lmm.errors import InputError
from lmm.numbers import listing
from lmm.select.crossvalidation.calibration import calibration
from lmm.select.crossvalidation.comparison import Comparison, compare
from lmm.select.crossvalidation.folds import KNOWN_GROUPS, NEW_GROUPS, NOT_ASKED
from lmm.select.crossvalidation.model import Choice, Model, choice_model, formula_model
from lmm.select.crossvalidation.preparation import preparation
from lmm.select.crossvalidation.record import record_of_scores, scores_of_record
from lmm.select.crossvalidation.score import Range, score_models
from lmm.select.crossvalidation.scores import Scores, gather
from lmm.select.crossvalidation.targets import Target, beside, folds_of, targets
from lmm.study.crossvalidation import parts

if TYPE_CHECKING:
    import pandas as pd

    from lmm.study import Study

__all__ = ["cross_validation", "cross_validation_part", "parts", "progress"]

THE_LADDER = "the ladder"


def cross_validation_part(
    study: Study,
    decision: Mapping[str, Any],
    audit: Mapping[str, Any],
    table: pd.DataFrame,
    part: str,
    choice: Choice | None = None,
) -> dict[str, Any]:
    """Score every model on one part of the folds of every target; for `cross_validation`.

    A fold depends on the study's seed and its own number, so that the whole is the same however it is parted. A
    target that the table cannot have is one of the "reasons".

    Args:
        study, decision, audit: of the run. table: the analysis table. part: its name, "1-of-3".
        choice: climbs the whole ladder on some rows; the study's own when left out.
    """
    models = models_of(study, decision, audit, choice)
    prepared = preparation(study, table.columns)
    ranges, reasons = [], []
    for target in targets(study, audit):
        try:
            folds = folds_of(target, study, table)
        except InputError as error:
            reasons.append({"target": target.name, "group": target.group, "reason": str(error)})
            continue
        start, stop = share(folds.number, part)
        if start < stop:
            ranges.append((target, Range(folds, start, stop)))
    scores = score_models(models, table, [one for _, one in ranges], prepared)
    return {
        **provenance.stamp(study, decision["row_hash"]),
        "part": part,
        "scored": [
            {"target": target.name, "group": target.group, **record_of_scores(one)}
            for (target, _), one in zip(ranges, scores, strict=True)
        ],
        "kept": list(prepared.kept),
        "reasons": reasons,
    }


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


def models_of(
    study: Study, decision: Mapping[str, Any], audit: Mapping[str, Any], choice: Choice | None = None
) -> list[Model]:
    """The candidates that could be fitted to all rows, the final one, and the climbing of the ladder itself."""
    reml = study.cross_validation.estimator == "REML"
    formulas = {entry["id"]: entry["formula"] for entry in decision["table"] if not entry["failure"]}
    formulas.setdefault(decision["final"]["rung"], decision["final"]["formula"])
    models = [formula_model(id, formula, study.weights, reml) for id, formula in formulas.items()]
    if study.cross_validation.climb:
        if choice is None:
            from lmm.select.infold import chosen

            choice = chosen(study, audit)
        models.append(choice_model(THE_LADDER, choice, study.weights, reml))
    return models


def share(folds: int, part: str) -> tuple[int, int]:
    """First fold of a part, and the one after its last; the same where there are fewer folds than parts."""
    number, of = (int(word) for word in part.split("-of-"))
    return folds * (number - 1) // of, folds * number // of


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


def progress(part: Mapping[str, Any]) -> Iterable[str]:
    """What one part has done, a line for each target."""
    for scored in part["scored"]:
        done, models = len(scored["models"][0]["failures"]), scored["models"]
        last = scored["start"] + done
        failed = sum(failure is not None for model in models for failure in model["failures"])
        yield (
            f"{scored['target']} ({scored['group']}): folds {scored['start'] + 1} to {last} of "
            f"{scored['folds']['number']}, {len(models)} models, {failed} of {done * len(models)} fits failed"
        )
    for refused in part["reasons"]:
        yield f"{refused['target']} ({refused['group']}): {refused['reason']}"


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
