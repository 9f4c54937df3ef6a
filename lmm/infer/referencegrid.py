"""The reference grid: the combinations of predictor values at which marginal means are averages of predictions.

As in emmeans (Lenth; Searle, Speed & Milliken 1980): every factor at all its levels, every covariate at its mean over
the rows used, everything else through the design recipe, so that log(x), poly(x, 3), splines and I(x^2) are those of
the mean of x, not the means of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import isfinite, prod
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmm.errors import InputError
from lmm.formula.columns import Factor, Table, as_factor, label, listing
from lmm.formula.deparse import deparse
from lmm.formula.evaluate import expression, names_used
from lmm.infer.aliases import aliases, dropped_places
from lmm.infer.linearfunctions import Level, level_text
from lmm.infer.live import design_of

if TYPE_CHECKING:
    from lmm.formula.syntax import Node
    from lmm.model import Fit

MOST_CELLS = 100_000


@dataclass(frozen=True, eq=False)
class CellFunctions:
    """A linear function of the fixed effects per cell.

    Attributes:
        coefficients: (cells, p) on the kept fixed effects. constants: (cells,).
        unestimable: (cells, d), see `LinearFunctions`.
    """

    coefficients: np.ndarray
    constants: np.ndarray
    unestimable: np.ndarray


@dataclass(frozen=True, eq=False)
class ReferenceGrid:
    """Predictions of the fixed part, as linear functions of β, on a grid of its predictors.

    Attributes:
        values: per predictor, the values it takes; factors in the order of their levels.
        factors: the predictors that are factors, numbers that the formula turns into one among them.
        cells: a row per combination, the first predictor varying fastest, columns as the data have them.
        rows_in_cell: (cells,) how many of the rows used have this combination of factor levels.
        functions: the prediction of the fixed part in each cell.
    """

    values: dict[str, tuple[Level, ...]]
    factors: tuple[str, ...]
    cells: pd.DataFrame
    rows_in_cell: np.ndarray
    functions: CellFunctions

    def groups(self, names: Sequence[str]) -> np.ndarray:
        """(cells,) number of the combination of these predictors' values, the first varying fastest."""
        sizes = [len(levels) for levels in self.values.values()]
        places = dict(zip(self.values, np.unravel_index(np.arange(len(self.cells)), sizes, order="F"), strict=True))
        if not names:
            return np.zeros(len(self.cells), dtype=np.intp)
        return np.ravel_multi_index(
            [places[name] for name in names], [len(self.values[name]) for name in names], order="F"
        )

    def levels(self, cell: int, names: Sequence[str]) -> dict[str, Level]:
        """The values of these predictors in a cell."""
        return {name: _python(self.cells[name].iloc[cell]) for name in names}

    def describe(self, cell: int) -> str:
        """The levels of a cell's factors: "sex = Female, Treatment = High"."""
        return ", ".join(f"{name} = {level_text(level)}" for name, level in self.levels(cell, self.factors).items())


def reference_grid(
    fit: Fit, data: pd.DataFrame, at: Mapping[str, Level | Sequence[Level]] | None = None
) -> ReferenceGrid:
    """Lay out the reference grid of a fit.

    Args:
        fit: the model. data: the table it was fitted to.
        at: values to use instead of all levels of a factor or the mean of a covariate: {"age": [8, 14]}.

    Raises:
        InputError: `at` names no predictor or a level that does not exist, the grid is too large, or the fit has
            dropped columns and was read from a file.
    """
    rows = rows_used(fit, data)
    table = Table(rows)
    predictors = _predictors(fit, table)
    values = {name: _values(table, name, is_factor) for name, is_factor in predictors.items()}
    for name, given in (at or {}).items():
        if name not in values:
            raise InputError(
                f"'{name}' is not among the fixed part's predictors, which are {listing(tuple(values)) or 'none'}."
            )
        values[name] = _given(name, given, values[name], predictors[name])
    count = prod(len(levels) for levels in values.values())
    if count > MOST_CELLS:
        sizes = ", ".join(f"{name} has {len(levels)}" for name, levels in values.items() if len(levels) > 1)
        raise InputError(
            f"The reference grid would have {count:,} cells ({sizes}), more than {MOST_CELLS:,}: give fewer values "
            "of some predictor in `at`."
        )
    factors = tuple(name for name, is_factor in predictors.items() if is_factor)
    cells = _cells(values, table)
    functions = cell_functions(fit, *columns_at(fit, cells))
    return ReferenceGrid(values, factors, cells, _rows_in_cell(table, cells, factors), functions)


def rows_used(fit: Fit, data: pd.DataFrame) -> pd.DataFrame:
    """The rows of the table that the fit used.

    Raises InputError where the table is too short to be the one the model was fitted to.
    """
    if len(data) != fit.n + fit.n_dropped:
        raise InputError(
            f"The table has {len(data)} rows, but '{fit.formula}' was fitted to one of {fit.n + fit.n_dropped}: give "
            "the table it was fitted to."
        )
    return data.iloc[fit.rows]


def columns_at(fit: Fit, cells: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """All fixed-effects columns (m, all) and the offset (m,) of cells laid out like the rows used.

    Raises InputError where the fixed part has no value.
    """
    columns = fit.recipe.fixed(cells)
    if np.isnan(columns).any():
        raise InputError(
            f"The fixed part of '{fit.formula}' has no value at some point of the reference grid, as the logarithm of "
            "a negative number has none: give other values in `at`."
        )
    if fit.offset_by_array:
        # An array's values belong to rows, not to predictors: all that can be said of a new row is their mean.
        return columns, np.full(len(cells), float(fit.offset.mean()))
    offset = fit.recipe.offset(cells)
    return columns, np.zeros(len(cells)) if offset is None else offset


def cell_functions(fit: Fit, columns: np.ndarray, constants: np.ndarray) -> CellFunctions:
    """The linear functions with these coefficients (m, all) on all columns of the fixed part, dropped ones too.

    Of a dropped column the kept ones explain everything over the rows used; what a function has of it otherwise
    cannot be estimated.
    """
    kept, dropped = columns[:, fit.kept], columns[:, dropped_places(fit)]
    if not dropped.shape[1]:
        return CellFunctions(kept, constants, np.zeros((len(columns), 0)))
    design_of(fit)
    explained = aliases(fit)
    scale = (np.abs(dropped) + np.abs(kept) @ np.abs(explained)).max(0)
    beyond = (dropped - kept @ explained) / np.where(scale > 0, scale, 1.0)
    return CellFunctions(kept, constants, beyond)


def _predictors(fit: Fit, table: Table) -> dict[str, bool]:
    """The columns of the fixed part, in order of appearance, and whether each is a factor in the grid."""
    from lmm.formula import parse

    fixed = parse(fit.recipe.formula).fixed
    used = {variable for term in fixed.terms for variable in term}
    nodes = [fixed.variables[i] for i in sorted(used)]
    offsets = list(fixed.offsets)
    if fit.recipe.extra_offset is not None:
        offsets.append(expression(fit.recipe.extra_offset, table))
    found: dict[str, bool] = {}
    for node in [*nodes, *offsets]:
        becomes_factor = _becomes_factor(fit, node)
        for name in names_used(node):
            found[name] = found.get(name, False) or becomes_factor or isinstance(table[name], Factor)
    return found


def _becomes_factor(fit: Fit, node: Node) -> bool:
    """Whether the formula makes a category of each value, as factor(dose) does and I(dose > 1) does not."""
    known = fit.recipe.factors.get(deparse(node))
    return known is not None and known["kind"] != "logical"


def _values(table: Table, name: str, is_factor: bool) -> tuple[Level, ...]:
    column = table[name]
    if isinstance(column, Factor):
        levels = column.used().levels
        return tuple(level == "TRUE" for level in levels) if column.kind == "logical" else levels
    if is_factor:
        return tuple(float(value) for value in np.unique(np.asarray(column, dtype=float)))
    return (float(np.mean(np.asarray(column, dtype=float))),)


def _given(name: str, given: Level | Sequence[Level], known: tuple[Level, ...], is_factor: bool) -> tuple[Level, ...]:
    values = [given] if isinstance(given, str | bool | int | float | np.generic) else list(given)
    values = [_python(value) for value in values]
    if not values:
        raise InputError(f"`at` gives no value for '{name}': give at least one.")
    if is_factor:
        by_label = {label(level): level for level in known}
        unknown = [label(value) for value in values if label(value) not in by_label]
        if unknown:
            raise InputError(f"'{name}' has no level {listing(unknown)}: its levels are {listing(tuple(by_label))}.")
        return tuple(by_label[label(value)] for value in values)
    if not all(isinstance(value, int | float) and isfinite(value) for value in values):
        raise InputError(f"'{name}' is a covariate: `at` must give it finite numbers, not {values!r}.")
    return tuple(float(value) for value in values)


def _python(value: Level) -> Level:
    return value.item() if isinstance(value, np.generic) else value


def _cells(values: dict[str, tuple[Level, ...]], table: Table) -> pd.DataFrame:
    if not values:  # an intercept alone
        return pd.DataFrame(index=pd.RangeIndex(1))
    # itertools varies the last fastest; R's expand.grid, and tables of means, the first.
    combinations = product(*reversed(values.values()))
    columns = list(zip(*combinations, strict=True))[::-1]
    cells = {}
    for name, column in zip(values, columns, strict=True):
        known = table[name]
        if isinstance(known, Factor) and known.kind != "logical":
            # Categories keep their order: as.numeric(a) counts it.
            cells[name] = pd.Categorical(column, categories=list(known.levels), ordered=known.ordered)
        else:
            cells[name] = np.array(column)
    return pd.DataFrame(cells)


def _rows_in_cell(table: Table, cells: pd.DataFrame, factors: tuple[str, ...]) -> np.ndarray:
    if not factors:
        return np.full(len(cells), table.rows)
    labels = [np.array(as_factor(table[name]).levels, dtype=object)[as_factor(table[name]).codes] for name in factors]
    counts: dict[tuple, int] = {}
    for combination in zip(*labels, strict=True):
        counts[combination] = counts.get(combination, 0) + 1
    grid = zip(*([label(value) for value in cells[name]] for name in factors), strict=True)
    return np.array([counts.get(combination, 0) for combination in grid])
