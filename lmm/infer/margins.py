"""Estimated marginal means: predictions of the fixed part, averaged over a reference grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lmm.errors import InputError
from lmm.formula.columns import listing
from lmm.infer.linearfunctions import Level, LinearFunctions, estimable
from lmm.infer.referencegrid import CellFunctions, ReferenceGrid, reference_grid

if TYPE_CHECKING:
    import pandas as pd

    from lmm.model import Fit

WEIGHTS = ("equal", "proportional")


def marginal_means(
    fit: Fit,
    data: pd.DataFrame,
    over: str | Sequence[str],
    *,
    by: str | Sequence[str] = (),
    at: Mapping[str, Level | Sequence[Level]] | None = None,
    weights: str = "equal",
) -> LinearFunctions:
    """Means of the outcome at the levels of `over` and `by`, on the scale of the formula's left side.

    Args:
        fit: the model. data: the table it was fitted to.
        over: predictors whose levels the means belong to, and over which contrasts are formed.
        by: predictors within whose levels contrasts are formed.
        at: values to use instead of all levels of a factor or the mean of a covariate.
        weights: of the levels of the other factors: "equal", as in a balanced experiment, or "proportional" to how
            many of the rows used have them.

    Returns:
        One linear function per combination, the first of `over` varying fastest and `by` last. A mean that the rows
        do not determine says so. The means are those of a unit whose random effects are zero, which is also the mean
        over units, the model being linear.

    Raises:
        InputError: a name is not a predictor of the fixed part, or a level does not exist.
    """
    over, by = names_of(over), names_of(by)
    grid = reference_grid(fit, data, at)
    return averaged(grid, f"mean of {fit.outcome}", over, by, grid.functions, weights)


def names_of(given: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several, as several."""
    return (given,) if isinstance(given, str) else tuple(given)


def averaged(
    grid: ReferenceGrid, quantity: str, over: tuple[str, ...], by: tuple[str, ...], cells: CellFunctions, weights: str
) -> LinearFunctions:
    """Average functions of the grid's cells over all predictors but `over` and `by`; see `marginal_means`."""
    names = (*over, *by)
    _check_names(grid, names, weights)
    share = _shares(grid, names, weights)
    group = grid.groups(names)
    rows = [np.flatnonzero(group == number) for number in range(group.max() + 1)]
    weight = [share[mine] / share[mine].sum() for mine in rows]
    missing = np.array([w @ cells.unestimable[mine] for w, mine in zip(weight, rows, strict=True)])
    return LinearFunctions(
        quantity=quantity,
        over=over,
        by=by,
        levels=tuple(grid.levels(int(mine[0]), names) for mine in rows),
        coefficients=np.array([w @ cells.coefficients[mine] for w, mine in zip(weight, rows, strict=True)]),
        constants=np.array([w @ cells.constants[mine] for w, mine in zip(weight, rows, strict=True)]),
        unestimable=missing,
        reasons=tuple(_reason(grid, mine, cells.unestimable, one) for mine, one in zip(rows, missing, strict=True)),
    )


def _check_names(grid: ReferenceGrid, names: tuple[str, ...], weights: str) -> None:
    if weights not in WEIGHTS:
        raise InputError(f"There are no weights '{weights}': choose {' or '.join(WEIGHTS)}.")
    for name in names:
        if name not in grid.values:
            known = listing(tuple(grid.values)) or "none"
            raise InputError(f"'{name}' is not among the fixed part's predictors, which are {known}.")
        if names.count(name) > 1:
            raise InputError(f"'{name}' is named twice for the marginal means: name it once.")


def _shares(grid: ReferenceGrid, names: tuple[str, ...], weights: str) -> np.ndarray:
    """(cells,) weight of each cell: how often the levels of the factors averaged over occur together."""
    if weights == "equal":
        return np.ones(len(grid.cells))
    rest = grid.groups([name for name in grid.factors if name not in names])
    return np.bincount(rest, grid.rows_in_cell)[rest]


def _reason(grid: ReferenceGrid, cells: np.ndarray, of_cells: np.ndarray, of_average: np.ndarray) -> str | None:
    if estimable(of_average):
        return None
    lost = [grid.describe(cell) for cell in cells if not estimable(of_cells[cell])]
    if not any(lost):
        return "The rows do not determine it."
    shown = "; ".join(lost[:3]) + (f" and {len(lost) - 3} more cells" if len(lost) > 3 else "")
    return f"The rows do not determine it: they say nothing of {shown}."
