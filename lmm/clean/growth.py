"""Whether the times of a table can tell the growth curve that a study declares."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lmm.engine.whitening import whiten_fixed
from lmm.errors import InputError
from lmm.formula import parse
from lmm.formula.deparse import name_text
from lmm.formula.frame import model_frame
from lmm.formula.model_matrix import blocks
from lmm.numbers import counted
from lmm.study import Study
from lmm.study.growth import POLYNOMIAL, SPLINE, Growth, coefficients, described, mean_terms


def check_growth(study: Study, table: pd.DataFrame) -> None:
    """Refuse a curve with as many coefficients as there are distinct times, or with knots where there are no times."""
    growth = study.growth
    if growth is None:
        return
    times = np.unique(table[growth.time].to_numpy(dtype=float))
    where = f"study {study.name}, key growth"
    needed = coefficients(growth)
    if needed >= len(times):
        raise InputError(
            f"{where}: {described(growth)} needs more than {counted(needed, 'distinct time')}, but {growth.time} has "
            f"{len(times)}; {_simpler(growth)}."
        )
    for knot in growth.knots or ():
        if not times[0] < knot < times[-1]:
            raise InputError(
                f"{where}.knots: {knot:g} does not lie within the times of {growth.time}, which go from {times[0]:g} "
                f"to {times[-1]:g}; choose knots between them."
            )
    told = _told_apart(study, table)
    if told < needed and growth.shape == POLYNOMIAL:
        raise InputError(
            f"{where}: the powers of {growth.time} are too much alike at times from {times[0]:g} to {times[-1]:g}, "
            f"counted from {growth.origin:g}; set growth.origin to a time among them, such as {np.median(times):g}."
        )
    if told < needed:
        raise InputError(
            f"{where}: {described(growth)} has {needed} coefficients, of which the times of {growth.time} can tell "
            f"{told} apart; {_simpler(growth)}, or place knots so that there are times on both sides of each."
        )


def _told_apart(study: Study, table: pd.DataFrame) -> int:
    """How many columns of the curve the engine would keep beside the intercept."""
    formula = parse(f"{name_text(study.outcome)} ~ {' + '.join(mean_terms(study.growth))}")
    frame = model_frame(formula, table, None, None)
    laid_out = blocks(formula.fixed, frame.values, len(frame.rows), frame.check)
    columns = np.column_stack([column for block in laid_out for column in block.columns])
    return len(whiten_fixed(np.zeros(len(columns)), columns).kept) - 1


def _simpler(growth: Growth) -> str:
    if growth.shape == POLYNOMIAL:
        return "lower the degree"
    if growth.shape == SPLINE and growth.knots is None:
        return "lower df"
    return "take out knots" if growth.knots else "leave growth out"
