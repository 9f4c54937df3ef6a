"""The whole ladder as a procedure: climbed anew on the rows of a fold, so that choosing a model is validated too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from lmm.model import Fit, fit
from lmm.select.candidates import unrecorded
from lmm.select.climb import climb
from lmm.select.crossvalidation.folds import grouping_factor
from lmm.select.decision import categorical_columns, right_hand_side, selected_mean
from lmm.select.rungs import REML, fit_rung

if TYPE_CHECKING:
    import pandas

    from lmm.study import Study


def once(formula: str, table: pandas.DataFrame, *, reml: bool, weights: str | None) -> tuple[Fit, tuple[()]]:
    """A fit by a single attempt, as a fold has no time for others."""
    return fit(formula, table, reml=reml, weights=weights), ()


def climbed(study: Study, audit: Mapping[str, Any]) -> Callable[[pandas.DataFrame], Fit]:
    """A procedure from rows to the fit of the model that the study's ladder ends with on them.

    Candidates are fitted as the climb comes to them; its tests are by large-sample distributions, as a bootstrap in
    every fold would take too long. What the study declares and the design of its predictors stay as they are.
    """

    def procedure(table: pandas.DataFrame) -> Fit:
        fitting = partial(fit_rung, table=table, study=study, audit=audit, estimators=(REML,), fitting=once)
        levels = [{**entry, "levels": len(grouping_factor(table, entry["group"]).levels)} for entry in audit["groups"]]
        candidates = unrecorded(study, {**audit, "groups": levels}, fitting, categorical_columns(table))
        random, _ = climb(candidates)
        selection = selected_mean(study, candidates.rung(random).formula, table) if random else None
        if selection is not None and selection.removed:
            candidates = candidates.with_mean(right_hand_side(selection))
            random, _ = climb(candidates)
        return fit(candidates.rung(random).formula, table, weights=study.weights)

    return procedure
