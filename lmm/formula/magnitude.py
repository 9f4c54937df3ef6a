"""Which numbers can be computed with: finite ones, neither too large nor too small for their powers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lmm.errors import InputError
from lmm.formula.columns import Basis, Factor, Value

# Estimates hold squared ratios of outcome and covariates: fourth powers of these must stay within a double, 1e±308.
LARGEST = 1e75
SMALLEST = 1e-75

Place = Callable[[int], str]


def refuse_infinite(label: str, value: Value, place: Place) -> None:
    """Raise InputError where `value` is infinite; place: how to name a row by its position."""
    values = numbers_in(value)
    if values is not None and np.isinf(values).any():
        raise InputError(
            f"'{label}' is infinite in {place(_first_row(np.isinf(values)))}: mend that value or remove the row."
        )


def refuse_unusable(label: str, value: Value, place: Place) -> None:
    """Raise InputError where `value` is infinite, too large, or too small in all rows; it holds nothing missing."""
    values = numbers_in(value)
    if values is None or SMALLEST**2 < sum_of_squares(values) < LARGEST**2:
        return
    refuse_infinite(label, value, place)
    magnitudes = np.abs(values)
    largest = magnitudes.max(initial=0.0)
    if largest > LARGEST:
        row = _first_row(magnitudes > LARGEST)
        raise InputError(
            f"'{label}' reaches {magnitudes[row].max():g} in {place(row)}, beyond {LARGEST:g}, where powers overflow: "
            "rescale it."
        )
    if 0 < largest < SMALLEST:
        raise InputError(
            f"'{label}' is nowhere larger than {largest:g}, below {SMALLEST:g}, where powers vanish: rescale it."
        )


def numbers_in(value: Value) -> np.ndarray | None:
    """Return the floats in `value`; None for factors and machine integers, which are never out of range."""
    values = value.values if isinstance(value, Basis) else value
    if isinstance(values, Factor) or values.dtype.kind in "iu":
        return None
    return values.astype(float, copy=False)  # integers beyond 64 bits are Python's


def sum_of_squares(values: np.ndarray) -> float:
    """Return the sum of squares: NaN or infinite if any value is, and several times faster than a mask."""
    with np.errstate(all="ignore"):
        return float(np.vdot(values, values))


def _first_row(mask: np.ndarray) -> int:
    return int(np.flatnonzero(mask if mask.ndim == 1 else mask.any(axis=1))[0])
