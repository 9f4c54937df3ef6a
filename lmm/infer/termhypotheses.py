"""What the F tests of types I, II and III say of each term of the fixed part: rows L with Lβ = 0.

Type I adds the terms one after the other. Type II leaves out of the model the terms that contain the tested one. Type
III keeps them and asks for a hypothesis orthogonal to theirs among the estimable ones (Goodnight 1978; SAS/STAT, "The
four types of estimable functions"), which for a design without empty cells is the one of sum contrasts. The rows are
those of lmerTest (Kuznetsova et al. 2017), laid out here in treatment contrasts whatever the model was fitted with, so
that nothing depends on the coding. The columns count as they stand, weights or not: what is tested does not depend on
how precisely the rows were measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lmm.engine.whitening import WhitenedFixed, whiten_fixed
from lmm.formula import parse
from lmm.formula.columns import Factor, Value
from lmm.formula.model_matrix import Block, blocks, matrix
from lmm.formula.terms import Terms
from lmm.infer.live import design_of

if TYPE_CHECKING:
    from lmm.formula import Design
    from lmm.model import Fit

TYPES = ("I", "II", "III")
_NOTHING = 1e-10


@dataclass(frozen=True, eq=False)
class TermHypotheses:
    """The hypotheses of one type.

    Attributes:
        rows: per label of a term, (r, p) over the kept fixed effects; r is 0 where other terms explain all its columns.
        empty_cells: combinations of levels in which there are no rows; type III then weighs what is left of the cells.
    """

    rows: dict[str, np.ndarray]
    empty_cells: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Layout:
    """The fixed part in treatment contrasts: (p,) the term of each column, the columns' QR, and (p, p) from β to it."""

    term_of_column: np.ndarray
    whitened: WhitenedFixed
    from_given: np.ndarray


def term_hypotheses(fit: Fit, type: str) -> TermHypotheses:
    """The hypothesis of every term of the fixed part.

    Args:
        fit: the model, in memory.
        type: "I", "II" or "III".

    Raises:
        InputError: the fit was read from a file.
    """
    design, terms = design_of(fit), parse(fit.recipe.formula).fixed
    layout = _treatment_contrasts(fit, design, terms)
    empty: tuple[str, ...] = ()
    if type == "I" or len(terms.terms) <= 1:
        rows = _sequential(layout, range(len(terms.terms)))
    else:
        containing = containing_terms(terms, design.values)
        if type == "II":
            rows = [_adjusted(layout, term, inside) for term, inside in enumerate(containing)]
        else:
            every_cell = _every_cell(terms, design)
            empty = tuple(name for block in every_cell for name in _empty_columns(block))
            rows = _orthogonal(layout, matrix(every_cell, fit.n), containing)
    named = zip(terms.term_labels, rows, strict=True)
    return TermHypotheses({label: L @ layout.from_given for label, L in named}, empty)


def containing_terms(terms: Terms, values: Mapping[str, Value]) -> list[list[int]]:
    """For each term the positions of those that contain it: more factors, and the same covariates.

    A basis of several columns, poly(x, 2) or a spline, counts as a factor does, as lmerTest has it: it has no zero at
    which the others could be compared.
    """
    sets = [frozenset(term) for term in terms.terms]
    covariates = frozenset(i for i, label in enumerate(terms.labels) if isinstance(values[label], np.ndarray))
    return [
        [i for i, other in enumerate(sets) if own < other and own & covariates == other & covariates] for own in sets
    ]


def _treatment_contrasts(fit: Fit, design: Design, terms: Terms) -> _Layout:
    values = {label: _with_treatment_contrasts(value) for label, value in design.values.items()}
    given = design.X[:, fit.kept]
    nothing = np.zeros(fit.n)
    term_of_column = np.asarray(design.term_of_column)[fit.kept]
    if not all(values[label] is value for label, value in design.values.items()):
        laid_out = blocks(terms, values, fit.n, unchecked)
        whitened = whiten_fixed(nothing, matrix(laid_out, fit.n))
        if len(whitened.kept) == len(fit.kept):
            of_all = np.array([block.term for block in laid_out for _ in block.names])
            return _Layout(of_all[whitened.kept], whitened, _coordinates(whitened, given))
    return _Layout(term_of_column, whiten_fixed(nothing, given), np.eye(len(fit.kept)))


def _with_treatment_contrasts(value: Value) -> Value:
    if not isinstance(value, Factor) or (value.contrast is None and not value.ordered):
        return value
    return replace(value, ordered=False, contrast=None)


def _coordinates(whitened: WhitenedFixed, columns: np.ndarray) -> np.ndarray:
    """(p, k) of columns (n, k) in the kept columns that were whitened; rounding set to zero."""
    found = np.linalg.solve(whitened.upper, whitened.orthonormal.T @ columns / len(columns))
    size = np.sqrt((columns**2).mean(0))
    own = np.sqrt((whitened.upper**2).sum(0))
    relative = np.abs(found) * own[:, None] / np.where(size > 0, size, 1.0)
    return np.where(relative > _NOTHING, found, 0.0)


def _unit_rows(upper: np.ndarray) -> np.ndarray:
    """Rows of R divided by their diagonal: what each column adds to those before it (Doolittle's L')."""
    return upper / np.diag(upper)[:, None]


def _sequential(layout: _Layout, terms: Sequence[int]) -> list[np.ndarray]:
    rows = _unit_rows(layout.whitened.upper)
    return [rows[layout.term_of_column == term] for term in terms]


def _adjusted(layout: _Layout, term: int, containing: list[int]) -> np.ndarray:
    """Type II: what the term adds to all others but those that contain it."""
    if not containing:
        return np.eye(len(layout.term_of_column))[layout.term_of_column == term]
    own = layout.term_of_column == term
    inside = np.isin(layout.term_of_column, containing)
    order = np.concatenate([np.flatnonzero(~own & ~inside), np.flatnonzero(own), np.flatnonzero(inside)])
    upper = np.linalg.qr(layout.whitened.upper[:, order], mode="r")
    rows = np.empty_like(upper)
    rows[:, order] = _unit_rows(upper)
    return rows[np.isin(order, np.flatnonzero(own))]


def _orthogonal(layout: _Layout, every_cell: np.ndarray, containing: list[list[int]]) -> list[np.ndarray]:
    """Type III: β in terms of the cell parameters θ is Mθ, and each term's rows of M are freed of its containers'."""
    M = _coordinates(layout.whitened, every_cell)
    eye = np.eye(len(M))
    found = []
    for term, inside in enumerate(containing):
        own, others = layout.term_of_column == term, np.isin(layout.term_of_column, inside)
        shared = np.linalg.lstsq(M[others].T, M[own].T, rcond=None)[0].T
        found.append(eye[own] - np.where(np.abs(shared) > _NOTHING, shared, 0.0) @ eye[others])
    return found


def _every_cell(terms: Terms, design: Design) -> list[Block]:
    """The columns of each term by itself, a dummy for every cell of its factors, and the constant."""
    every = replace(terms, terms=terms.terms, full=tuple(tuple(True for _ in term) for term in terms.terms))
    return blocks(every, design.values, len(design.y), unchecked)


def _empty_columns(block: Block) -> list[str]:
    return [name for name, column in zip(block.names, block.columns, strict=True) if not column.any()]


def unchecked(label: str, values: np.ndarray) -> None:
    """Products of columns that were checked when the model was laid out."""
