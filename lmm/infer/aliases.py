"""Columns of the fixed part that were left out because earlier ones explain them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmm.numbers import listing

if TYPE_CHECKING:
    from lmm.model import Fit

# A share of the dropped column's size that is no more than rounding.
_ROUNDING = 1e-9


def dropped_places(fit: Fit) -> np.ndarray:
    """(d,) positions among all columns of the fixed part of those that were left out, in order."""
    return np.setdiff1d(np.arange(len(fit.coefficients) + len(fit.dropped_columns)), fit.kept)


def aliases(fit: Fit) -> np.ndarray | None:
    """(p, d) A with X_dropped = X_kept A over the rows used, rounding set to zero; None where the fit has no data."""
    if fit.design is None:
        return None
    kept, dropped = fit.design.X[:, fit.kept], fit.design.X[:, dropped_places(fit)]
    size = np.sqrt((kept**2).mean(0))
    found = np.linalg.lstsq(kept / size, dropped, rcond=None)[0]
    length = np.sqrt((dropped**2).mean(0))
    return np.where(np.abs(found) > _ROUNDING * length, found, 0.0) / size[:, None]


def dropped_reason(fit: Fit, name: str) -> str:
    """Why a column has no coefficient."""
    found = aliases(fit)
    if found is None:
        return "Left out: earlier columns explain it."
    involved = np.flatnonzero(found[:, fit.dropped_columns.index(name)])
    if not len(involved):
        return "Left out: it is zero in every row used."
    return f"Left out: it is a combination of {listing([fit.coefficients[i] for i in involved])}."


def alias_note(fit: Fit, contrast: np.ndarray) -> str | None:
    """What a linear function (p,) of the kept coefficients owes to the choice of the columns left out, or None.

    It can be estimated without that choice only if it leaves out of the dropped columns all that they share with the
    kept ones: A'c = 0 (Searle 1971, section 5.4).
    """
    found = aliases(fit) if fit.dropped_columns else None
    if found is None:
        return None
    size = np.abs(found).T @ np.abs(contrast)
    moved = np.abs(found.T @ contrast) > _ROUNDING * np.where(size > 0, size, 1.0)
    if not moved.any():
        return None
    names = [name for name, one in zip(fit.dropped_columns, moved, strict=True) if one]
    return f"Its value rests on {listing(names)} having been left out: other columns could have been."
