"""What is cross-validated: a formula, or a whole procedure that chooses one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lmm.model import fit

if TYPE_CHECKING:
    import pandas as pd

    from lmm.model import Fit


@dataclass(frozen=True)
class Model:
    """A model to be cross-validated.

    Attributes:
        id: its name. procedure: from the training rows of a fold to a fit; what it learns or chooses is learnt inside
            the fold.
        formula: the one that is fitted whatever the rows, None where the procedure chooses it.
        weights: column of prior weights, or None.
    """

    id: str
    procedure: Callable[[pd.DataFrame], Fit]
    formula: str | None = None
    weights: str | None = None


def formula_model(id: str, formula: str, weights: str | None = None, reml: bool = True) -> Model:
    """A formula named in advance, fitted by REML or ML."""
    return Model(id, partial(_fitted, formula, weights, reml), formula, weights)


def procedure_model(id: str, procedure: Callable[[pd.DataFrame], Fit], weights: str | None = None) -> Model:
    """A procedure such as the whole ladder: its selection is then part of what is validated."""
    return Model(id, procedure, None, weights)


def _fitted(formula: str, weights: str | None, reml: bool, table: pd.DataFrame) -> Fit:
    return fit(formula, table, reml=reml, weights=weights)
