"""Terms and the values of their variables → columns with R's names, as R's model.matrix() lays them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lmm.errors import InputError
from lmm.formula.columns import TIMES, Basis, Factor, Value
from lmm.formula.contrasts import coding_matrix
from lmm.formula.terms import Terms

Key = tuple[tuple[str, bool], ...]


@dataclass(frozen=True, eq=False)
class Block:
    """The columns of one term: `term` its index, -1 for the intercept; `key` equal for equal columns."""

    term: int
    key: Key
    columns: tuple[np.ndarray, ...]
    names: tuple[str, ...]


def blocks(
    terms: Terms,
    values: Mapping[str, Value],
    rows: int,
    check: Callable[[str, np.ndarray], None],
    made: dict[Key, Block] | None = None,
) -> list[Block]:
    """Return the intercept's and each term's columns; inside an interaction the first variable varies fastest.

    values: by label, each of `rows` rows; a missing category gives NaN. check: is given the name and values of every
    product. made: blocks already laid out, used again.
    """
    made = {} if made is None else made
    coding = _coding(terms, values)
    found = [_intercept(rows, made)] if terms.intercept else []
    for index, (term, full) in enumerate(zip(terms.terms, coding, strict=True)):
        labels = [terms.labels[variable] for variable in term]
        key = tuple((label, full[i] and isinstance(values[label], Factor)) for i, label in enumerate(labels))
        if key not in made:
            columns, names = _interaction([_coded(values[label], label, full) for label, full in key])
            if len(key) > 1:
                for name, column in zip(names, columns, strict=True):
                    check(name, column)
            made[key] = Block(index, key, columns, names)
        found.append(Block(index, key, made[key].columns, made[key].names))
    return found


def _intercept(rows: int, made: dict[Key, Block]) -> Block:
    if () not in made:
        made[()] = Block(-1, (), (np.ones(rows),), ("(Intercept)",))
    return made[()]


def _coding(terms: Terms, values: Mapping[str, Value]) -> Sequence[Sequence[bool]]:
    if terms.intercept:
        return terms.full
    # R gives the first factor of the first term that has one a dummy per level when there is no intercept.
    coding = [list(row) for row in terms.full]
    for index, term in enumerate(terms.terms):
        for i, variable in enumerate(term):
            if isinstance(values[terms.labels[variable]], Factor):
                coding[index][i] = True
                return coding
    return coding


Columns = tuple[tuple[np.ndarray, ...], tuple[str, ...]]


def _coded(value: Value, label: str, full: bool) -> Columns:
    if isinstance(value, Basis):
        suffixes = value.suffixes if len(value.suffixes) > 1 else ("",)
        return tuple(value.values.T), tuple(label + suffix for suffix in suffixes)
    if not isinstance(value, Factor):
        return (np.asarray(value, dtype=float),), (label,)
    if value.kind in TIMES:
        raise InputError(
            f"The column '{label}' holds {value.contents}: make numbers of them, such as {TIMES[value.kind]}, "
            f"or write factor({label})."
        )
    if len(value.levels) < 2:
        raise InputError(
            f"The factor '{label}' has a single level ('{''.join(value.levels)}') in the rows used: "
            "leave it out of the formula."
        )
    matrix, suffixes = coding_matrix(value, label, full)
    with_missing = np.vstack([matrix, np.full(matrix.shape[1], np.nan)])  # code -1 picks the last row
    columns = tuple(with_missing[:, j].take(value.codes, mode="wrap") for j in range(matrix.shape[1]))
    return columns, tuple(label + suffix for suffix in suffixes)


def _interaction(factors: Sequence[Columns]) -> Columns:
    columns, names = factors[0]
    for more_columns, more_names in factors[1:]:
        with np.errstate(over="ignore"):
            columns = tuple(a * b for b in more_columns for a in columns)
        names = tuple(f"{a}:{b}" for b in more_names for a in names)
    return columns, names


def matrix(laid_out: Sequence[Block], rows: int) -> np.ndarray:
    """Return the blocks side by side, float (rows, columns), each column contiguous in memory."""
    columns = [column for block in laid_out for column in block.columns]
    result = np.empty((rows, len(columns)), order="F")
    for position, column in enumerate(columns):
        result[:, position] = column
    return result


def column_names(laid_out: Sequence[Block]) -> tuple[str, ...]:
    """Return the names of the columns of `matrix`."""
    return tuple(name for block in laid_out for name in block.names)
