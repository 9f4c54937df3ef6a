"""The score of a model on each fold: every held-out row predicted by what the other rows taught."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.model import fit as fitted
from lmm.model import one_thread
from lmm.progress import Progress
from lmm.select.crossvalidation.folds import NEW_GROUPS, Folds
from lmm.select.crossvalidation.heldout import (
    HeldOut,
    Predicted,
    effects_of_known_groups,
    held_out_by_fit,
    predict_in_known_groups,
    predict_in_new_groups,
)
from lmm.select.crossvalidation.refits import Refit, Refits, can_leave_rows_out
from lmm.select.crossvalidation.scores import Scores, joined
from lmm.select.fitrecord import state_of_fit

if TYPE_CHECKING:
    import pandas as pd

    from lmm.engine import Optimum
    from lmm.select.crossvalidation.model import Model
    from lmm.select.crossvalidation.preparation import Preparation


@dataclass(frozen=True)
class Range:
    """The folds [start, stop) of one target."""

    folds: Folds
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Scored:
    """What a fold knows of one of its fits: the scores, and its record by REML (`lmm.select.fitrecord`), if any."""

    scores: Scores
    record: Mapping[str, Any] | None


Known = dict[tuple[str, bool], Scored]
"""What was fitted to the training rows of a fold, by formula and criterion (true for REML)."""


def score_fold(
    model: Model, table: pd.DataFrame, folds: Folds, number: int, preparation: Preparation | None = None
) -> Scores:
    """The score of a model on one fold; see `score_folds`."""
    return score_folds(model, table, folds, number, number + 1, preparation)


def score_folds(
    model: Model, table: pd.DataFrame, folds: Folds, start: int, stop: int, preparation: Preparation | None = None
) -> Scores:
    """The scores of a model on the folds [start, stop), which `gather` puts together; see `score_models`."""
    ((scores,),) = score_models([model], table, [Range(folds, start, stop)], preparation)
    return scores


def score_models(
    models: Sequence[Model], table: pd.DataFrame, ranges: Sequence[Range], preparation: Preparation | None = None
) -> list[list[Scores]]:
    """The scores of every model on some folds of one or more targets: for every range those of all models.

    A fold depends on its rows alone, not on which folds are scored beside it. One that the model refuses, or in which
    it finds no optimum, has no predictions and says why. A model that chooses a formula comes last: what the models
    before it fitted to the rows of a fold need not be fitted again.

    Args:
        models: what is fitted to the training rows. table: the analysis table. ranges: folds of its rows.
        preparation: what steps of the study learnt from all rows and has to be learnt from the training rows of each
            fold instead; None for nothing.

    Raises:
        InputError: there are no such folds, or the outcome has a unit of its own in each fold.
    """
    for one in ranges:
        _refuse_other_folds(one)
    if preparation is not None and not preparation.learns:
        preparation = None
    scores: list[list[Scores]] = [[] for _ in ranges]
    known: list[dict[int, Known]] = [{number: {} for number in range(one.start, one.stop)} for one in ranges]
    progress = Progress(len(models) * sum(one.stop - one.start for one in ranges), "fits to folds")
    with one_thread():
        for model in models:
            # One model after the other: a fit to all rows holds its columns, and those of many are too many.
            refits = None if preparation is not None else _refits(model, table)
            for one, found, of_folds in zip(ranges, scores, known, strict=True):
                parts = []
                for number, scored in _scored(model, table, one, of_folds, refits, preparation):
                    parts.append(_remembered(model, scored, of_folds[number]))
                    progress.add()
                found.append(joined(parts))
    return scores


def _scored(
    model: Model,
    table: pd.DataFrame,
    one: Range,
    known: dict[int, Known],
    refits: Refits | None,
    preparation: Preparation | None,
) -> Iterator[tuple[int, Scored]]:
    """One model on the folds of a range."""
    folds, from_sums = one.folds, {}
    if refits is not None and folds.target == NEW_GROUPS:
        from_sums = dict(refits.from_sums(folds, one.start, one.stop))
    for number in range(one.start, one.stop):
        refit = from_sums.get(number)
        if refit is None and refits is not None:
            refit = refits.from_rows(folds.training(number))
        if refit is not None:
            yield number, _of_refit(model, refits, refit, folds, number)
        else:
            yield number, _anew(model, table, folds, number, preparation, known[number])


def _remembered(model: Model, scored: Scored, known: Known) -> Scores:
    if model.formula is not None:
        known[model.formula, model.reml] = scored
    return scored.scores


def _refuse_other_folds(one: Range) -> None:
    if not 0 <= one.start < one.stop <= one.folds.number:
        raise InputError(
            f"study {one.folds.study}: there are no folds {one.start} up to, but without, {one.stop}: they are "
            f"numbered from 0 to {one.folds.number - 1}."
        )


def _refits(model: Model, table: pd.DataFrame) -> Refits | None:
    """The model fitted to all rows, where folds can be refitted from it."""
    if model.formula is None:
        return None
    try:
        fit = model.procedure(table)
    except (InputError, np.linalg.LinAlgError):
        return None
    return Refits(fit) if can_leave_rows_out(fit) and (fit.converged or not fit.random) else None


def _of_refit(model: Model, refits: Refits, refit: Refit, folds: Folds, number: int) -> Scored:
    positions = folds.held_out(number)
    rows, known = refits.held_out(refit, positions)
    predicted = _predicted(rows, folds, positions, refit.optimum, known)
    scores = _scores(model, folds, number, positions, predicted, refits.fit.outcome, model.formula)
    return Scored(scores, refits.record(refit, folds.training(number)))


def _anew(
    model: Model, table: pd.DataFrame, folds: Folds, number: int, preparation: Preparation | None, known: Known
) -> Scored:
    """One fold with everything learnt from its training rows as a table."""
    positions = folds.held_out(number)
    training, held = table.iloc[folds.training(number)], table.iloc[positions]
    try:
        if preparation is not None:
            training, held = preparation.learnt_inside(training, held)
        if model.choice is None:
            fit = model.procedure(training)
        else:
            formula = model.choice(
                training, {of: one.record for (of, reml), one in known.items() if reml and one.record}
            )
            if (formula, model.reml) in known:
                scored = known[formula, model.reml]
                return replace(scored, scores=replace(scored.scores, model=model.id))
            fit = fitted(formula, training, reml=model.reml, weights=model.weights)
    except (InputError, np.linalg.LinAlgError) as error:
        return Scored(_failed(model, folds, number, positions, None, str(error)), None)
    if not fit.converged:
        return Scored(_failed(model, folds, number, positions, fit.formula, fit.convergence.status), state_of_fit(fit))
    rows, levels = held_out_by_fit(fit, held, model.weights)
    predicted = _predicted(rows, folds, positions, fit.optimum, levels)
    scores = _scores(model, folds, number, positions, predicted, fit.outcome, fit.formula)
    return Scored(scores, state_of_fit(fit))


def _predicted(rows: HeldOut, folds: Folds, positions: np.ndarray, optimum: Optimum | None, known: list) -> Predicted:
    if folds.target == NEW_GROUPS:
        return predict_in_new_groups(rows, folds.unit[positions])
    if optimum is None:
        return predict_in_known_groups(rows, np.zeros(len(positions)), np.zeros(len(positions)))
    return predict_in_known_groups(rows, *effects_of_known_groups(optimum, known))


def _scores(
    model: Model,
    folds: Folds,
    number: int,
    positions: np.ndarray,
    predicted: Predicted,
    outcome: str,
    formula: str | None,
) -> Scores:
    return Scores(
        model=model.id,
        folds=folds.to_dict(),
        outcome=outcome,
        start=number,
        formulas=(formula,),
        failures=(None,),
        rows=positions,
        unit=folds.unit[positions],
        observed=predicted.observed,
        predicted=predicted.predicted,
        reasons=tuple(predicted.reasons),
        log_density=predicted.log_density,
        case=predicted.cases,
    )


def _failed(model: Model, folds: Folds, number: int, positions: np.ndarray, formula: str | None, reason: str) -> Scores:
    none = np.full(len(positions), np.nan)
    return Scores(
        model=model.id,
        folds=folds.to_dict(),
        outcome=None,
        start=number,
        formulas=(formula,),
        failures=(reason,),
        rows=positions,
        unit=folds.unit[positions],
        observed=none,
        predicted=none,
        reasons=(None,) * len(positions),
        log_density=np.empty(0),
        case=np.empty(0, dtype=np.intp),
    )
