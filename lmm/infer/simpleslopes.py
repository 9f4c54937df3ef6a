"""Simple slopes: the derivative of the mean outcome in a covariate, at levels of other predictors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lmm.errors import InputError
from lmm.formula.columns import Table, listing
from lmm.infer.linearfunctions import Level, LinearFunctions
from lmm.infer.margins import averaged, names_of
from lmm.infer.referencegrid import cell_functions, columns_at, reference_grid, rows_used

if TYPE_CHECKING:
    import pandas as pd

    from lmm.model import Fit

# Of the covariate's range: the error of a central difference and that of rounding are both below 1e-7 here.
_STEP = 1e-4


def simple_slopes(
    fit: Fit,
    data: pd.DataFrame,
    of: str,
    over: str | Sequence[str] = (),
    *,
    by: str | Sequence[str] = (),
    at: Mapping[str, Level | Sequence[Level]] | None = None,
    weights: str = "equal",
) -> LinearFunctions:
    """Slopes of the mean outcome in the covariate `of`, at levels of `over` and `by`, as emmeans' emtrends has them.

    The slope is in the covariate itself, through log(), poly() and splines: at its mean, or at the values that `at`
    gives it, and averaged over those unless `over` names the covariate too. Other arguments are those of
    `marginal_means`; pairwise comparisons are `contrasts(slopes, pairwise(), …)`.

    Raises:
        InputError: `of` is no covariate of the fixed part.
    """
    over, by = names_of(over), names_of(by)
    grid = reference_grid(fit, data, at)
    if of not in grid.values or of in grid.factors:
        covariates = [name for name in grid.values if name not in grid.factors]
        raise InputError(f"'{of}' is not among the fixed part's covariates, which are {listing(covariates) or 'none'}.")
    values = np.asarray(Table(rows_used(fit, data))[of], dtype=float)
    # Of a constant there is no slope to estimate, which its dropped column says; any step serves to say so.
    step = _STEP * float(np.ptp(values) or np.abs(values).max() or 1.0)
    (above, offset_above), (below, offset_below) = (
        columns_at(fit, grid.cells.assign(**{of: grid.cells[of] + side * step})) for side in (1.0, -1.0)
    )
    columns, offsets = (above - below) / (2.0 * step), (offset_above - offset_below) / (2.0 * step)
    slopes = cell_functions(fit, columns, offsets)
    return averaged(grid, f"slope of {fit.outcome} in {of}", over, by, slopes, weights)
