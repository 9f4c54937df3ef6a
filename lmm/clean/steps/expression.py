"""Expressions over the columns, in the language of formulas: interpreted, never run as code."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lmm.clean.steps import cells
from lmm.clean.steps.step import Place
from lmm.errors import InputError
from lmm.formula.columns import Basis, Factor, Table
from lmm.formula.evaluate import Evaluation, as_numbers, check_expression, names_used, parts
from lmm.formula.syntax import COMPARISONS, Binary, Name, Node, Text, parse_expression

LONGEST = 10_000
"""Characters; reading and telling a longer text would only take long."""


def read_expression(text: str, place: Place) -> Node:
    """Return the tree of an expression, or say what about it cannot be read."""
    if len(text) > LONGEST:
        raise place.mistake(f"the expression has {len(text)} characters, and may have {LONGEST}; derive it in parts.")
    try:
        node = parse_expression(text)
        check_expression(node, text)
    except InputError as error:
        raise place.mistake(_of_expression(error)) from error
    return node


def columns_of(text: str, names: list[str], place: Place) -> list[str]:
    """Return the columns an expression names, all of which the table must have."""
    found = [name for name in names_used(read_expression(text, place)) if name in names or name != "pi"]
    for name in found:
        place.need(names, name)
    return found


def column(text: str, table: pd.DataFrame, place: Place) -> pd.Series:
    """Return the column of an expression: float64, or text where it gives a factor."""
    value = _value(text, table, place)
    if isinstance(value, Factor):
        levels = np.array([*value.levels, None], dtype=object)
        return pd.Series(levels[value.codes], index=table.index, dtype="str")
    return pd.Series(np.asarray(value, dtype=np.float64), index=table.index)


def truth(text: str, table: pd.DataFrame, place: Place) -> pd.Series:
    """Return where a condition is true (1), false (0) or has no value (NaN)."""
    value = _value(text, table, place)
    if isinstance(value, Factor) and value.kind != "logical":
        raise place.mistake(f"{text} gives labels, not true or false; compare it with something.")
    return pd.Series(np.asarray(as_numbers(value, read_expression(text, place)), dtype=np.float64), index=table.index)


def _value(text: str, table: pd.DataFrame, place: Place) -> np.ndarray | Factor:
    node = read_expression(text, place)
    used = columns_of(text, list(table.columns), place)
    try:
        labels = _compared_with_text(node)
        operands = {name: cells.labels(table[name]) if name in labels else _operand(table[name]) for name in used}
        value = Evaluation(Table(pd.DataFrame(operands, table.index)), {}).variable(node)
    except InputError as error:
        raise place.mistake(_of_expression(error)) from error
    except RecursionError:
        raise place.mistake("the expression is nested too deeply; derive its parts in steps of their own.") from None
    if isinstance(value, Basis):
        raise place.mistake(f"{text} gives several columns where one is needed.")
    return value


def _compared_with_text(node: Node) -> set[str]:
    """Return the columns an expression compares with quoted text: in ward == '7' the cells are labels."""
    found = set()
    for part in parts(node):
        if isinstance(part, Binary) and part.operator in COMPARISONS:
            sides = (part.left, part.right)
            if any(isinstance(side, Text) for side in sides):
                found |= {side.text for side in sides if isinstance(side, Name)}
    return found


def _operand(values: pd.Series) -> pd.Series:
    """Return a column as the expression sees it: text that is numbers throughout is numbers."""
    if cells.is_numeric(values) or isinstance(values.dtype, pd.CategoricalDtype):
        return values
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values
    amounts, text = cells.parsed(values), cells.labels(values)
    return amounts if (amounts.notna() == text.notna()).all() else text


def _of_expression(error: InputError) -> str:
    return (
        str(error)
        .replace("The formula", "The expression")
        .replace("A formula", "An expression")
        .replace("in the formula", "in the expression")
    )


def names_in(text: str) -> list[str]:
    """Return the names in an expression that can be read, columns or not."""
    return names_used(parse_expression(text))
