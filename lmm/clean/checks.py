"""What no model could be fitted to: each check raises one sentence with study, column and row or level."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from lmm.clean.groups import group_codes
from lmm.clean.shown import line_in
from lmm.clean.structure import incidence
from lmm.errors import InputError
from lmm.formula import parse
from lmm.formula.deparse import name_text
from lmm.formula.frame import model_frame
from lmm.formula.model_matrix import blocks
from lmm.study import Study


def check_values(study: Study, table: pd.DataFrame) -> None:
    """Refuse infinite values anywhere and weights that are not positive."""
    for column in table.select_dtypes("number"):
        infinite = np.isinf(table[column])
        if infinite.any():
            raise InputError(
                f"study {study.name}: the column {column} is infinite in {line_in(study, infinite.idxmax())}; mend "
                "that cell, or list its text under missing."
            )
    if study.weights is not None:
        refused = table[study.weights] <= 0
        if refused.any():
            first = int(np.argmax(refused.to_numpy()))
            raise InputError(
                f"study {study.name}: the weight {study.weights} is {table[study.weights].iloc[first]:g} in "
                f"{line_in(study, table.index[first])}; "
                "weights must be positive."
            )


def check_outcome(study: Study, outcome: pd.Series) -> None:
    """Refuse an outcome without any value, or with the same value in every row."""
    values = outcome.dropna()
    if values.empty:
        raise InputError(
            f"study {study.name}: the outcome {study.outcome} is missing in all {len(outcome)} rows of {study.source}; "
            "name another column, or mend missing."
        )
    if values.min() == values.max():
        raise InputError(
            f"study {study.name}: the outcome {study.outcome} is {values.iloc[0]:g} in all {len(values)} rows that "
            "have it; a model needs an outcome that varies."
        )


def check_rows_read(study: Study, raw: pd.DataFrame) -> None:
    """Refuse a table without rows."""
    if raw.empty:
        raise InputError(f"study {study.name}: {study.source} has column names but no rows; add rows.")


def check_rows_prepared(study: Study, table: pd.DataFrame) -> None:
    """Refuse steps that leave no row."""
    if table.empty:
        raise InputError(f"study {study.name}: the steps leave no row of {study.source}; mend their conditions.")


def check_rows_left(study: Study, raw: pd.DataFrame, complete: np.ndarray) -> None:
    """Refuse a table of which no row has a value in every variable."""
    if not complete.any():
        missing = raw.isna().sum()
        raise InputError(
            f"study {study.name}: no row of {study.source} has a value in every variable of its candidates; "
            f"{missing.idxmax()} alone is missing in {missing.max()} of {len(raw)} rows, so leave it out or mend it."
        )


def check_groups(study: Study, table: pd.DataFrame) -> None:
    """Refuse a grouping factor with the same levels as another.

    One with a single level, or with a row for each, is the ladder's to leave out: the study still has a report.
    """
    codes = {group: group_codes(table, group) for group in study.groups}
    for first, second in combinations(study.groups, 2):
        pair = incidence(codes[first], codes[second])
        if pair.first_within_second and pair.second_within_first:
            raise InputError(
                f"study {study.name}: the grouping factors {first} and {second} divide the rows into the same "
                f"{pair.levels[0]} levels; take one of them out of groups."
            )


def check_formulas(study: Study, table: pd.DataFrame) -> None:
    """Refuse fixed effects or slopes without a finite value in some row, or fixed effects with too many coefficients.

    A formula such as log(x) can lose rows that the table has; fixed effects need fewer coefficients than rows. Slopes
    with more coefficients than that are the ladder's to leave out.
    """
    fixed = _columns(study, table, study.fixed, "fixed")
    rank = len(fixed) if len(fixed) < len(table) else int(np.linalg.matrix_rank(np.column_stack(fixed)))
    if rank >= len(table):
        raise InputError(
            f"study {study.name}, key fixed: {study.fixed} needs {rank} coefficients, but there are {len(table)} rows; "
            "leave out predictors, or list none that has another label in every row."
        )
    for group, slopes in study.slopes.items():
        _columns(study, table, f"1 + {slopes}", f"slopes.{group}")


def _columns(study: Study, table: pd.DataFrame, right_hand_side: str, key: str) -> list[np.ndarray]:
    """Return the columns that a right-hand side makes, each of shape (rows,), with a value in every row."""
    try:
        formula = parse(f"{name_text(study.outcome)} ~ {right_hand_side}")
        frame = model_frame(formula, table, None, None)
        laid_out = blocks(formula.fixed, frame.values, len(frame.rows), frame.check)  # without copying a whole design
    except InputError as error:
        raise InputError(f"study {study.name}, key {key}: {error}") from error
    if len(frame.rows) < len(table):
        lost = np.setdiff1d(np.arange(len(table)), frame.rows)
        raise InputError(
            f"study {study.name}, key {key}: {right_hand_side} has no value in {len(lost)} of {len(table)} rows, first "
            f"in {line_in(study, table.index[lost[0]])}; mend the formula or those rows."
        )
    return [column for block in laid_out for column in block.columns]
