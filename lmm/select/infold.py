"""The whole ladder as a procedure: climbed anew on the rows of a fold, so that choosing a model is validated too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lmm.model import Fit, fit
from lmm.select.candidates import unrecorded
from lmm.select.climb import climb
from lmm.select.crossvalidation.folds import grouping_factor
from lmm.select.decision import categorical_columns, right_hand_side, selected_mean
from lmm.select.eligibility import why_ineligible
from lmm.select.rungs import REML, Rung, fit_rung, rung_of_record

if TYPE_CHECKING:
    import pandas

    from lmm.select.crossvalidation.model import Choice
    from lmm.study import Study


def once(formula: str, table: pandas.DataFrame, *, reml: bool, weights: str | None) -> tuple[Fit, tuple[()]]:
    """A fit by a single attempt, as a fold has no time for others."""
    return fit(formula, table, reml=reml, weights=weights), ()


def climbed(study: Study, audit: Mapping[str, Any]) -> Callable[[pandas.DataFrame], Fit]:
    """A procedure from rows to the fit of the model that the study's ladder ends with on them."""
    choice = chosen(study, audit)

    def procedure(table: pandas.DataFrame) -> Fit:
        return fit(choice(table, {}), table, weights=study.weights)

    return procedure


def chosen(study: Study, audit: Mapping[str, Any]) -> Choice:
    """A procedure from rows to the formula that the study's ladder ends with on them.

    Candidates of whose fits to these rows nothing is recorded are fitted as the climb comes to them; its tests are by
    large-sample distributions, as a bootstrap in every fold would take too long. What the study declares and the
    design of its predictors stay as they are.
    """

    def choice(table: pandas.DataFrame, recorded: Mapping[str, Mapping[str, Any]]) -> str:
        def fitting(rung: Rung) -> dict[str, Any]:
            if rung.formula in recorded and why_ineligible(study, rung.random, audit) is None:
                return rung_of_record(rung, {REML: recorded[rung.formula]})
            return fit_rung(rung, table, study, audit, estimators=(REML,), fitting=once)

        levels = [{**entry, "levels": len(grouping_factor(table, entry["group"]).levels)} for entry in audit["groups"]]
        candidates = unrecorded(study, {**audit, "groups": levels}, fitting, categorical_columns(table))
        random, _ = climb(candidates)
        selection = selected_mean(study, candidates.rung(random).formula, table) if random else None
        if selection is not None and selection.removed:
            candidates = candidates.with_mean(right_hand_side(selection))
            random, _ = climb(candidates)
        return candidates.rung(random).formula

    return choice
