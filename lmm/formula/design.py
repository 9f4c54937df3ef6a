"""The numbers a model is fitted to: outcome, fixed-effects columns, random terms, weights and offset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmm.errors import InputError
from lmm.formula.columns import Factor, Value, interaction
from lmm.formula.deparse import deparse
from lmm.formula.frame import ModelFrame, model_frame
from lmm.formula.model_matrix import Block, Key, blocks, column_names, matrix
from lmm.formula.random_part import RandomPart
from lmm.formula.recipe import DesignRecipe, factor_to_dict

if TYPE_CHECKING:
    from lmm.formula.formula import Formula


@dataclass(frozen=True, eq=False)
class RandomTerm:
    """One random term: q columns whose coefficients vary together over the levels of one grouping factor.

    expression: the left side, such as "1 + Days"; group: "Subject" or "batch:cask"; names: R's names of the q columns;
    columns: float (n, q), which may share memory with Design.X; codes: intp (n,), positions in `levels`;
    levels: labels of the J levels that occur, in the order of the categories, else sorted (numbers by size, text by
    code point); for an interaction "A:a", the last factor varying fastest; term_of_column: for each column the label of
    its term, "1" for the intercept.
    """

    expression: str
    group: str
    names: tuple[str, ...]
    columns: np.ndarray
    codes: np.ndarray
    levels: tuple[str, ...]
    term_of_column: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Design:
    """What a formula makes of the n complete rows of a table.

    outcome: the outcome's text, such as "log1p(TICKS)"; y: float (n,); X: float (n, p), each column contiguous,
    possibly rank deficient; names: p names as R has them; term_of_column: for each column the index into term_labels,
    -1 for the intercept; values: of the fixed part's variables, by label; weights, offset: float (n,) or None; random:
    the random terms; rows: intp (n,), positions in the data of the rows used; recipe: lays out new rows.
    """

    outcome: str
    y: np.ndarray
    X: np.ndarray
    names: tuple[str, ...]
    term_of_column: tuple[int, ...]
    term_labels: tuple[str, ...]
    values: Mapping[str, Value]
    weights: np.ndarray | None
    offset: np.ndarray | None
    random: tuple[RandomTerm, ...]
    rows: np.ndarray
    recipe: DesignRecipe


def make_design(formula: Formula, data: pd.DataFrame, weights: Any = None, offset: Any = None) -> Design:
    """Return the design of `formula` over the complete rows of `data`; see Formula.design."""
    frame = model_frame(formula, data, weights, offset)
    n = len(frame.rows)
    made: dict[Key, Block] = {}
    fixed = blocks(formula.fixed, frame.values, n, frame.check, made)
    X = matrix(fixed, n)
    place = _places(fixed)
    grouping = {part.group_label: _grouping_factor(part, frame) for part in formula.random}
    random = [
        term
        for part in formula.random
        for term in _random_terms(part, grouping[part.group_label], frame, made, X, place)
    ]
    return Design(
        outcome=formula.outcome,
        y=frame.outcome,
        X=X,
        names=column_names(fixed),
        term_of_column=tuple(block.term for block in fixed for _ in block.names),
        term_labels=formula.fixed.term_labels,
        values={label: frame.values[label] for label in formula.fixed.labels},
        weights=frame.weights,
        offset=frame.offset,
        random=tuple(random),
        rows=frame.rows,
        recipe=DesignRecipe(
            formula=formula.text,
            states=frame.states,
            factors={label: factor_to_dict(one) for label, one in frame.values.items() if isinstance(one, Factor)},
            extra_offset=offset if isinstance(offset, str) else None,
        ),
    )


def _places(laid_out: list[Block]) -> dict[Key, slice]:
    places, start = {}, 0
    for block in laid_out:
        places[block.key] = slice(start, start + len(block.columns))
        start += len(block.columns)
    return places


def _random_terms(
    part: RandomPart, group: Factor, frame: ModelFrame, made: dict[Key, Block], X: np.ndarray, place: dict[Key, slice]
) -> list[RandomTerm]:
    laid_out = blocks(part.terms, frame.values, len(frame.rows), frame.check, made)
    columns, names = _shared_columns(laid_out, X, place), column_names(laid_out)
    terms = {-1: "1", **dict(enumerate(part.terms.term_labels))}
    labels = tuple(terms[block.term] for block in laid_out for _ in block.names)
    if not part.independent:
        return [RandomTerm(str(part.terms), part.group_label, names, columns, group.codes, group.levels, labels)]
    # A factor's contrasts become independent too, as in glmmTMB and lme4 2's diag(); lme4 1 keeps them correlated.
    expressions = ["1" if name == "(Intercept)" else f"0 + {name}" for name in names]
    return [
        RandomTerm(expression, part.group_label, (name,), columns[:, j : j + 1], group.codes, group.levels, (label,))
        for j, (expression, name, label) in enumerate(zip(expressions, names, labels, strict=True))
    ]


def _shared_columns(laid_out: list[Block], X: np.ndarray, place: dict[Key, slice]) -> np.ndarray:
    """Return the columns, as a view of X where they stand there side by side in this order."""
    places = [place.get(block.key) for block in laid_out]
    if None not in places and all(a.stop == b.start for a, b in pairwise(places)):
        return X[:, places[0].start : places[-1].stop]
    return matrix(laid_out, len(X))


def _grouping_factor(part: RandomPart, frame: ModelFrame) -> Factor:
    group = interaction([frame.groups[deparse(node)] for node in part.group])
    rows, levels, name = len(group.codes), len(group.levels), part.group_label
    if levels == 1:
        raise InputError(
            f"The grouping factor '{name}' has a single level ('{group.levels[0]}') in the {rows} rows used: "
            "a random effect needs at least two."
        )
    if levels == rows:
        raise InputError(
            f"The grouping factor '{name}' has {levels} levels in {rows} rows, one row per level: its random effect "
            "cannot be told from the residual, choose a factor with repeated rows."
        )
    return group
