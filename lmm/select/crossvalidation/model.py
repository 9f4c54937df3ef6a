"""What is cross-validated: a formula, or a whole procedure that chooses one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from lmm.model import fit

if TYPE_CHECKING:
    import pandas as pd

    from lmm.model import Fit

Choice = Callable[["pd.DataFrame", Mapping[str, Mapping[str, Any]]], str]
"""From the training rows of a fold, and what was recorded of fits to them by REML, by their formulas, to a formula."""


@dataclass(frozen=True)
class Model:
    """A model to be cross-validated.

    Attributes:
        id: its name. procedure: from the training rows of a fold to a fit; what it learns or chooses is learnt inside
            the fold.
        formula: the one that is fitted whatever the rows, None where the procedure chooses it.
        weights: column of prior weights, or None. reml: criterion of the fits.
        choice: the procedure in so far as it chooses a formula, which may have been fitted to the rows already; None
            where there is no such part of it.
    """

    id: str
    procedure: Callable[[pd.DataFrame], Fit]
    formula: str | None = None
    weights: str | None = None
    reml: bool = True
    choice: Choice | None = None


def formula_model(id: str, formula: str, weights: str | None = None, reml: bool = True) -> Model:
    """A formula named in advance, fitted by REML or ML."""
    return Model(id, partial(_fitted, formula, weights, reml), formula, weights, reml)


def procedure_model(id: str, procedure: Callable[[pd.DataFrame], Fit], weights: str | None = None) -> Model:
    """Any procedure: its selection is then part of what is validated."""
    return Model(id, procedure, None, weights)


def choice_model(id: str, choice: Choice, weights: str | None = None, reml: bool = True) -> Model:
    """A procedure that chooses a formula, such as the whole ladder, which is then fitted by REML or ML."""

    def procedure(table: pd.DataFrame) -> Fit:
        return _fitted(choice(table, {}), weights, reml, table)

    return Model(id, procedure, None, weights, reml, choice)


def _fitted(formula: str, weights: str | None, reml: bool, table: pd.DataFrame) -> Fit:
    return fit(formula, table, reml=reml, weights=weights)
