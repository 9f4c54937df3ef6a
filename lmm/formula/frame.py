"""The model frame: every variable of a formula evaluated, and the rows where all of them are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmm.errors import InputError
from lmm.formula.columns import Basis, Factor, Table, Value, read_column
from lmm.formula.deparse import deparse
from lmm.formula.evaluate import Evaluation, as_numbers, expression
from lmm.formula.magnitude import numbers_in, refuse_unusable, sum_of_squares
from lmm.formula.syntax import Name

if TYPE_CHECKING:
    from lmm.formula.formula import Formula


@dataclass(frozen=True, eq=False)
class ModelFrame:
    """All variables over the n complete rows, at the positions `rows` of the data.

    values: of the fixed part and left of the bars, by label; groups: what stands right of the bars, by label; factors
    have only levels that occur. states: what stateful functions learnt, over all rows where their column has a value,
    as in R. table: what the variables came from.
    """

    outcome: np.ndarray
    values: dict[str, Value]
    groups: dict[str, Factor]
    weights: np.ndarray | None
    offset: np.ndarray | None
    rows: np.ndarray
    states: dict[str, dict[str, Any]]
    table: Table

    def check(self, label: str, value: Value) -> None:
        """Raise InputError where numbers over the rows used cannot be computed with."""
        refuse_unusable(label, value, lambda row: self.table.place(self.rows[row]))


def model_frame(formula: Formula, data: pd.DataFrame, weights: Any, offset: Any) -> ModelFrame:
    """Return the model frame of `formula`; weights and offset are None, a column's name or an array over all rows.

    Raises InputError for unknown columns, text where numbers are needed, an outcome that is missing throughout or
    does not vary, values that are infinite or too large to compute with, weights that are not positive or whose index
    is not that of the data, and where no complete row is left.
    """
    table = Table(data)
    evaluation = Evaluation(table, states={})
    columns: dict[tuple[str, str], Value] = {("outcome", formula.outcome): _outcome(formula, evaluation)}
    for terms in (formula.fixed, *(part.terms for part in formula.random)):
        for node, label in zip(terms.variables, terms.labels, strict=True):
            columns["value", label] = evaluation.variable(node)
    for part in formula.random:
        for node in part.group:
            columns["group", deparse(node)] = evaluation.factor(node)
    for node in formula.fixed.offsets:
        columns["offset", deparse(node)] = evaluation.numbers(node)
    for name, given in (("offset", offset), ("weights", weights)):
        if given is not None:
            columns[f"{name} argument", given if isinstance(given, str) else name] = _argument(name, given, evaluation)

    rows = _complete_rows(columns, table)
    if len(rows) < table.rows:
        columns = {key: _rows(value, rows) for key, value in columns.items()}
    offsets = [value for role in ("offset", "offset argument") for _, value in _of(columns, role)]
    frame = ModelFrame(
        outcome=columns["outcome", formula.outcome],
        values={label: _used(value) for label, value in _of(columns, "value")},
        groups={label: _used(value) for label, value in _of(columns, "group")},
        weights=next((value for _, value in _of(columns, "weights argument")), None),
        offset=sum(offsets) if offsets else None,
        rows=rows,
        states=evaluation.states,
        table=table,
    )
    for (_, label), value in columns.items():
        frame.check(label, value)
    _check_outcome(formula.outcome, frame.outcome)
    if frame.weights is not None:
        _check_weights(frame.weights, rows, table)
    return frame


def _of(columns: dict[tuple[str, str], Value], role: str) -> Iterator[tuple[str, Value]]:
    return ((label, value) for (its_role, label), value in columns.items() if its_role == role)


def _outcome(formula: Formula, evaluation: Evaluation) -> np.ndarray:
    value = evaluation.variable(formula.outcome_expression)
    if isinstance(value, Factor) and value.kind != "logical":
        raise InputError(f"The outcome '{formula.outcome}' holds {value.contents}: choose a numeric column.")
    return np.ascontiguousarray(as_numbers(value, formula.outcome_expression), dtype=float)


def _argument(name: str, given: Any, evaluation: Evaluation) -> np.ndarray:
    table = evaluation.table
    if isinstance(given, str):
        return evaluation.numbers(expression(given, table))
    values = given if isinstance(given, pd.Series) else _array(given)
    if values.shape != (table.rows,):
        what = f"an array of shape {values.shape}" if values.ndim else f"a {type(given).__name__}"
        raise InputError(
            f"The {name} must be a column's name or an array of {table.rows} numbers, one for each row of the data, "
            f"not {what}."
        )
    if isinstance(given, pd.Series) and not given.index.equals(table.data.index):
        raise InputError(
            f"The {name} are a pandas Series whose index is not that of the data: give {name}.reindex(data.index) to "
            f"match rows by label, or {name}.to_numpy() to take them in their order."
        )
    return np.asarray(as_numbers(read_column(pd.Series(values), name), Name(name)), dtype=float)


def _array(given: Any) -> np.ndarray:
    try:
        return np.asarray(given)
    except ValueError:  # rows of unequal length
        return np.asarray(None)


def _complete_rows(columns: dict[tuple[str, str], Value], table: Table) -> np.ndarray:
    if table.rows == 0:
        raise InputError("The data have no rows.")
    missing = {label: mask for (_, label), value in columns.items() if (mask := _missing(value)) is not None}
    if not missing:
        return np.arange(table.rows)
    for role, label in columns:
        if label in missing and missing[label].all():
            what = "outcome" if role == "outcome" else "grouping factor" if role == "group" else "variable"
            raise InputError(f"The {what} '{label}' is missing in all {table.rows} rows.")
    rows = np.flatnonzero(~np.logical_or.reduce(list(missing.values())))
    if not len(rows):
        counts = ", ".join(f"'{label}' in {int(mask.sum())}" for label, mask in missing.items())
        raise InputError(f"No row of the {table.rows} is complete: missing are {counts}.")
    return rows


def _missing(value: Value) -> np.ndarray | None:
    """Return the mask of missing rows, or None if there is none."""
    if isinstance(value, Factor):
        mask = value.missing()
    else:
        values = numbers_in(value)
        if values is None or not np.isnan(sum_of_squares(values)):
            return None
        mask = np.isnan(values)
        mask = mask.any(axis=1) if mask.ndim > 1 else mask
    return mask if mask.any() else None


def _rows(value: Value, rows: np.ndarray) -> Value:
    if isinstance(value, Factor):
        return value.rows(rows)
    if isinstance(value, Basis):
        return Basis(value.values[rows], value.suffixes)
    return value[rows]


def _used(value: Value) -> Value:
    return value.used() if isinstance(value, Factor) else value


def _check_outcome(label: str, values: np.ndarray) -> None:
    low, high = values.min(), values.max()
    if low == high:
        raise InputError(
            f"The outcome '{label}' is {low:g} in all {len(values)} rows used: there is nothing to explain, "
            "choose a column that varies."
        )


def _check_weights(weights: np.ndarray, rows: np.ndarray, table: Table) -> None:
    wrong = np.flatnonzero(weights <= 0)
    if len(wrong):
        raise InputError(
            f"The weight in {table.place(rows[wrong[0]])} is {weights[wrong[0]]:g}: weights must be positive, "
            "so remove that row or mend its weight."
        )
