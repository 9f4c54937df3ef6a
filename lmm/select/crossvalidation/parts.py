"""The cross-validation of a study in parts, one for each job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lmm import provenance
from lmm.errors import InputError
from lmm.select.crossvalidation.model import Choice, Model, choice_model, formula_model
from lmm.select.crossvalidation.preparation import preparation
from lmm.select.crossvalidation.record import record_of_scores
from lmm.select.crossvalidation.score import Range, score_models
from lmm.select.crossvalidation.targets import folds_of, targets
from lmm.study.crossvalidation import parts

if TYPE_CHECKING:
    import pandas as pd

    from lmm.study import Study

__all__ = ["cross_validation_part", "parts", "progress"]

THE_LADDER = "the ladder"


def cross_validation_part(
    study: Study,
    decision: Mapping[str, Any],
    audit: Mapping[str, Any],
    table: pd.DataFrame,
    part: str,
    choice: Choice | None = None,
) -> dict[str, Any]:
    """Score every model on one part of the folds of every target; for `lmm.select.crossvalidation.gathered`.

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
