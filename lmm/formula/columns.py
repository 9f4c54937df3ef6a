"""A column of the data as numbers or as a factor, with R's meaning of each kind of column."""

from __future__ import annotations

import decimal
import difflib
import numbers
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from lmm.errors import InputError

LARGEST_EXACT = 2**53
Kind = Literal["category", "logical", "date", "duration"]
TIMES = {"date": "days since the start", "duration": "their number of days"}  # and what numbers to make of them


@dataclass(frozen=True)
class Contrast:
    """How a factor is coded against the intercept: R's contr.treatment, contr.sum, contr.helmert or contr.poly.

    numbered: whether columns are named by the number of their level, as R does for C(x, contr.treatment).
    """

    kind: Literal["treatment", "SAS", "sum", "helmert", "poly"]
    base: str | int | None = None
    scores: tuple[float, ...] | None = None
    numbered: bool = False


@dataclass(frozen=True, eq=False)
class Factor:
    """Categories of n rows.

    codes: int (n,), positions in `levels`, -1 where missing; levels: their labels in order.
    kind: "logical" for R's logical vectors; "date" and "duration" are no predictors as they stand.
    """

    codes: np.ndarray
    levels: tuple[str, ...]
    ordered: bool = False
    kind: Kind = "category"
    contrast: Contrast | None = None

    @property
    def contents(self) -> str:
        """What the column holds, for a message."""
        return f"{self.kind}s" if self.kind in TIMES else f"text ({listing(self.levels, 3)})"

    def missing(self) -> np.ndarray:
        """Return a mask (n,) of the rows without a category."""
        return self.codes < 0

    def rows(self, rows: np.ndarray) -> Factor:
        """Return the factor of these rows, with the same levels."""
        return replace(self, codes=self.codes[rows])

    def used(self) -> Factor:
        """Return the factor without the levels that no row has; logical vectors keep both, as in R."""
        if self.kind == "logical":
            return self
        codes, kept = compact(self.codes, len(self.levels))
        if len(kept) == len(self.levels):
            return self
        return replace(self, codes=codes, levels=tuple(self.levels[i] for i in kept.tolist()))

    def relabelled(self, levels: Sequence[str]) -> tuple[Factor, list[str]]:
        """Return the factor with its codes in `levels`, and its own labels that are not among them (then missing)."""
        positions = {level: position for position, level in enumerate(levels)}
        table = np.array([positions.get(level, -1) for level in self.levels] + [-1], dtype=np.intp)
        unknown = [self.levels[i] for i in np.unique(self.codes[self.codes >= 0]) if self.levels[i] not in positions]
        return replace(self, codes=table[self.codes], levels=tuple(levels)), unknown


@dataclass(frozen=True, eq=False)
class Basis:
    """Several numeric columns that one expression gives, such as poly(x, 2): values (n, k), a suffix per column."""

    values: np.ndarray
    suffixes: tuple[str, ...]


Value = np.ndarray | Factor | Basis


class Table:
    """Read access to the columns of a DataFrame, each read once."""

    def __init__(self, data: pd.DataFrame):
        if not isinstance(data, pd.DataFrame):
            raise InputError(f"The data must be a pandas DataFrame, not {type(data).__name__}.")
        if isinstance(data.columns, pd.MultiIndex):
            raise InputError("The columns of the data are a MultiIndex: give each column a single name.")
        self.data = data
        self.rows = len(data)
        self._read: dict[str, np.ndarray | Factor] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.data.columns

    def __getitem__(self, name: str) -> np.ndarray | Factor:
        """Return the numbers (int or float) or the factor in the column `name`."""
        if name not in self._read:
            self._read[name] = self._column(name)
        return self._read[name]

    def _column(self, name: str) -> np.ndarray | Factor:
        try:
            series = self.data[name]
        except KeyError:
            names = [str(column) for column in self.data.columns]
            near = difflib.get_close_matches(name, names, 1, 0.5)
            hint = f"the nearest is '{near[0]}'" if near else f"they have {listing(names) or 'no columns'}"
            raise InputError(f"The formula uses the column '{name}', which the data do not have: {hint}.") from None
        if isinstance(series, pd.DataFrame):
            raise InputError(f"The data have {series.shape[1]} columns named '{name}': rename all but one.")
        return read_column(series, name)

    def place(self, row: int) -> str:
        """Return how to name the row at this position: by its index label, such as "row 17" or "line 18"."""
        index = self.data.index
        label = index[row]
        text = ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)
        place = f"{index.name or 'row'} {text}"
        return place if index.is_unique else f"{place} (number {row + 1} of {self.rows})"


def read_column(series: pd.Series, name: str) -> np.ndarray | Factor:
    """Return a column's numbers, or its factor: text and categories, True and False, dates."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _categories(series.array)
    kind = dtype.kind if isinstance(dtype, np.dtype) else _extension_kind(dtype)
    if kind == "f":
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    if kind in "iu":
        return _whole_numbers(series, name)
    if kind == "b":
        missing = series.isna().to_numpy()
        codes = np.where(missing, -1, series.to_numpy(dtype=bool, na_value=False))
        return Factor(codes.astype(np.intp), ("FALSE", "TRUE"), kind="logical")
    if kind == "c":
        raise InputError(f"The column '{name}' holds complex numbers: use their real part or their modulus.")
    return _objects(series, name, {"M": "date", "m": "duration"}.get(kind, "category"))


def _extension_kind(dtype: Any) -> str:
    checks = {
        "b": pd.api.types.is_bool_dtype,
        "i": pd.api.types.is_integer_dtype,
        "f": pd.api.types.is_float_dtype,
        "M": pd.api.types.is_datetime64_any_dtype,
        "m": pd.api.types.is_timedelta64_dtype,
    }
    return next((kind for kind, check in checks.items() if check(dtype)), "O")


def _whole_numbers(series: pd.Series, name: str) -> np.ndarray:
    if isinstance(series.dtype, np.dtype):
        return series.to_numpy()
    if not series.isna().any():
        return series.to_numpy(dtype=np.int64)
    floats = series.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.nanmax(np.abs(floats), initial=0.0) > LARGEST_EXACT:
        raise InputError(
            f"The column '{name}' holds whole numbers beyond 2^53 beside missing ones, which would be rounded: "
            "turn it into text."
        )
    return floats


def _categories(values: pd.Categorical) -> Factor:
    categories, dtype = values.categories.tolist(), values.categories.dtype
    codes, ordered = values.codes.astype(np.intp), bool(values.ordered)
    if isinstance(dtype, pd.StringDtype):  # pandas keeps categories distinct
        return Factor(codes, tuple(categories), ordered=ordered)
    if dtype.kind in "iu":  # different whole numbers are different texts
        return Factor(codes, tuple(map(str, categories)), ordered=ordered)
    return _merged(codes, [*map(label, categories)], ordered=ordered)


def _objects(series: pd.Series, name: str, kind: Kind) -> np.ndarray | Factor:
    try:
        codes, found = pd.factorize(series)
    except TypeError:
        raise InputError(f"The column '{name}' holds values that are neither numbers nor text.") from None
    uniques = found.tolist()
    if not uniques:
        return np.full(len(series), np.nan)
    if kind == "category" and not isinstance(uniques[0], str):
        if all(isinstance(value, bool | np.bool_) for value in uniques):
            truth = np.array([int(value) for value in uniques] + [-1], dtype=np.intp)
            return Factor(truth[codes], ("FALSE", "TRUE"), kind="logical")
        if all(isinstance(value, numbers.Real | decimal.Decimal) for value in uniques):
            try:
                floats = np.array([float(value) for value in uniques] + [np.nan])
            except OverflowError:
                raise InputError(
                    f"The column '{name}' holds a whole number of more than 308 digits: rescale the column, or turn it "
                    "into text if these are labels."
                ) from None
            if all(isinstance(value, int | np.integer) for value in uniques) and (codes >= 0).all():
                return np.array(uniques)[codes]
            return floats[codes]
    if kind in TIMES or not all(isinstance(value, str) for value in uniques):
        uniques = [label(value) for value in uniques]
    order = sorted(range(len(uniques)), key=uniques.__getitem__)
    position = np.empty(len(uniques) + 1, dtype=np.intp)
    position[order] = np.arange(len(uniques))
    position[-1] = -1
    return _merged(position[codes], [uniques[i] for i in order], kind=kind)


def _merged(codes: np.ndarray, labels: list[str], **rest: Any) -> Factor:
    """Return a factor; categories with the same label, such as 1 and "1", are one level."""
    if len(set(labels)) < len(labels):
        position = {text: i for i, text in enumerate(dict.fromkeys(labels))}
        codes = np.array([position[text] for text in labels] + [-1], dtype=np.intp)[codes]
        labels = list(position)
    return Factor(codes, tuple(labels), **rest)


def label(value: Any) -> str:
    """Return a category's text: whole numbers without a decimal point, R's TRUE and FALSE, else as it prints."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:.15g}"
    if isinstance(value, pd.Timestamp) and value == value.normalize() and value.tz is None:
        return value.date().isoformat()
    return str(value)


def as_factor(value: np.ndarray | Factor) -> Factor:
    """Return numbers as the factor of their distinct values in increasing order, as R's factor(); factors unchanged."""
    if isinstance(value, Factor):
        return replace(value, kind="category") if value.kind in TIMES else value
    if value.dtype.kind == "f":
        missing = np.isnan(value)
        any_missing = bool(missing.any())
    else:
        missing, any_missing = None, False
    present = value[~missing] if any_missing else value
    small = _small_whole(present)
    if small is not None:
        low, offsets, span = small
        codes, kept = compact(offsets, span)
        labels = [str(low + position) for position in kept.tolist()]
    else:
        raw, uniques = pd.factorize(present)
        order = np.argsort(uniques, kind="stable")
        position = np.empty(len(uniques), dtype=np.intp)
        position[order] = np.arange(len(uniques))
        codes = position[raw]
        labels = [label(number) for number in uniques[order].tolist()]
    if any_missing:
        everywhere = np.full(len(value), -1, dtype=np.intp)
        everywhere[~missing] = codes
        codes = everywhere
    return _merged(codes, labels)


def _small_whole(values: np.ndarray) -> tuple[int, np.ndarray, int] | None:
    """Return (lowest, values - lowest, span) where a table over the span is cheaper than hashing, else None."""
    if not len(values):
        return None
    low, high = values.min(), values.max()
    if not (-1e15 < low and high < 1e15 and float(high) - float(low) < 4 * len(values) + 1000):
        return None
    whole = values.astype(np.intp, copy=False)
    if values.dtype.kind == "f" and not np.array_equal(whole, values):
        return None
    offsets = whole - int(low)
    return int(low), offsets, int(high) - int(low) + 1


def compact(codes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (codes among those that occur, the codes that occur, ascending); codes run below `size`, -1 stays."""
    if size > 4 * len(codes) + 1000:
        kept, positions = np.unique(codes, return_inverse=True)
        if len(kept) and kept[0] < 0:
            return positions - 1, kept[1:]
        return positions.astype(np.intp), kept
    counts = np.bincount(codes + 1, minlength=size + 1)
    kept = np.flatnonzero(counts[1:])
    if len(kept) == size:
        return codes, kept
    position = np.full(size + 1, -1, dtype=np.intp)
    position[kept + 1] = np.arange(len(kept))
    return position[codes + 1], kept


def interaction(factors: Sequence[Factor]) -> Factor:
    """Return the factor of the combinations that occur, labelled "A:a"; the last factor varies fastest, as in lme4."""
    result = factors[0]
    for factor in factors[1:]:
        width = len(factor.levels)
        crossed = result.codes * width + factor.codes
        if min(result.codes.min(initial=0), factor.codes.min(initial=0)) < 0:
            crossed[(result.codes < 0) | (factor.codes < 0)] = -1
        codes, kept = compact(crossed, len(result.levels) * width)
        first, second = result.levels, factor.levels
        labels = tuple(f"{first[cell // width]}:{second[cell % width]}" for cell in kept.tolist())
        if len(set(labels)) < len(labels):
            twice = next(text for text in labels if labels.count(text) > 1)
            raise InputError(
                f"Two different combinations of levels are both called '{twice}': rename levels with a colon in them."
            )
        result = Factor(codes, labels)
    return result


def listing(items: Sequence[str], most: int = 6) -> str:
    """Return the first few items in quotes, for a message."""
    shown = ", ".join(f"'{item}'" for item in items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"
