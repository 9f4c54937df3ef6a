"""How to lay out new rows exactly as those a model was fitted to: kept with the fit, written to JSON with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmm.errors import InputError
from lmm.formula.columns import Contrast, Factor, Table, Value, as_factor, listing
from lmm.formula.deparse import deparse
from lmm.formula.evaluate import Evaluation, as_numbers, expression
from lmm.formula.magnitude import refuse_infinite
from lmm.formula.model_matrix import blocks, matrix

if TYPE_CHECKING:
    from lmm.formula.formula import Formula
    from lmm.formula.syntax import Node
    from lmm.formula.terms import Terms


@dataclass(frozen=True)
class DesignRecipe:
    """The formula with all that was learnt from the rows it was fitted to.

    states: per stateful call (poly, scale, splines) what it keeps; factors: per factor its levels, whether ordered,
    its kind and its contrast; extra_offset: the offset argument where it was text. All are plain JSON values.
    """

    formula: str
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    factors: dict[str, dict[str, Any]] = field(default_factory=dict)
    extra_offset: str | None = None

    def fixed(self, newdata: pd.DataFrame) -> np.ndarray:
        """Return the fixed-effects columns (m, p) of m new rows, in the order of Design.names; NaN where missing.

        Like `random` and `offset` it raises InputError where a value is infinite.
        """
        return self._matrix(self._parsed().fixed, self._evaluation(newdata))

    def random(self, newdata: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return for each random term of the Design its columns (m, q) and level labels (m,), None where missing."""
        evaluation = self._evaluation(newdata)
        found: list[tuple[np.ndarray, np.ndarray]] = []
        for part in self._parsed().random:
            labels = _labels([evaluation.factor(node) for node in part.group])
            columns = self._matrix(part.terms, evaluation)
            pieces = columns.T[:, :, None] if part.independent else [columns]
            found += [(piece, labels) for piece in pieces]
        return found

    def offset(self, newdata: pd.DataFrame) -> np.ndarray | None:
        """Return the sum (m,) of the formula's offsets and the offset column, or None if the model has none.

        An offset that was given as an array is not known for new rows and not part of the sum.
        """
        evaluation = self._evaluation(newdata)
        nodes = list(self._parsed().fixed.offsets)
        if self.extra_offset is not None:
            nodes.append(expression(self.extra_offset, evaluation.table))
        found = [evaluation.numbers(node) for node in nodes]
        for node, values in zip(nodes, found, strict=True):
            refuse_infinite(deparse(node), values, evaluation.table.place)
        return sum(found) if found else None

    def unknown_levels(self, newdata: pd.DataFrame) -> np.ndarray:
        """Return a mask (m,) of the new rows with a category that no row of the fit had, which cannot be laid out."""
        formula, evaluation = self._parsed(), self._evaluation(newdata)
        mask = np.zeros(len(newdata), dtype=bool)
        for terms in (formula.fixed, *(part.terms for part in formula.random)):
            for node, label in zip(terms.variables, terms.labels, strict=True):
                if label in self.factors:
                    found = as_factor(evaluation.variable(node))
                    mask |= found.relabelled(self.factors[label]["levels"])[0].missing() & ~found.missing()
        return mask

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `from_dict` makes an equal recipe of them, also after a trip through JSON text."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DesignRecipe:
        """Return the recipe that `to_dict` wrote."""
        return cls(**values)

    def _parsed(self) -> Formula:
        from lmm.formula.formula import parse

        return parse(self.formula)

    def _evaluation(self, newdata: pd.DataFrame) -> Evaluation:
        return Evaluation(Table(newdata), self.states)

    def _matrix(self, terms: Terms, evaluation: Evaluation) -> np.ndarray:
        used = {terms.labels[variable] for term in terms.terms for variable in term}
        values = {
            label: self._value(node, label, evaluation)
            for node, label in zip(terms.variables, terms.labels, strict=True)
            if label in used
        }
        table = evaluation.table

        def check(label: str, value: Value) -> None:
            refuse_infinite(label, value, table.place)

        for label, value in values.items():
            check(label, value)
        return matrix(blocks(terms, values, table.rows, check), table.rows)

    def _value(self, node: Node, label: str, evaluation: Evaluation) -> Value:
        value = evaluation.variable(node)
        if label not in self.factors:
            return as_numbers(value, node) if isinstance(value, Factor) else value
        if not isinstance(value, Factor | np.ndarray):
            raise InputError(f"{label} was a factor in the fit and has several columns in the new data.")
        known = self.factors[label]
        relabelled, unknown = as_factor(value).relabelled(known["levels"])
        if unknown:
            raise InputError(
                f"The new data have {label} = {listing(unknown)}, which was not among the rows the model was fitted to "
                f"({listing(known['levels'])})."
            )
        return factor_from_dict(relabelled.codes, known)


def factor_to_dict(factor: Factor) -> dict[str, Any]:
    """Return all of a factor but its codes, as plain JSON values."""
    contrast = factor.contrast and asdict(factor.contrast)
    if contrast and contrast["scores"] is not None:
        contrast["scores"] = list(contrast["scores"])
    return {"levels": list(factor.levels), "ordered": factor.ordered, "kind": factor.kind, "contrast": contrast}


def factor_from_dict(codes: np.ndarray, values: dict[str, Any]) -> Factor:
    """Return the factor with these codes and what `factor_to_dict` kept."""
    contrast = values["contrast"]
    if contrast is not None:
        scores = contrast["scores"]
        contrast = Contrast(**{**contrast, "scores": None if scores is None else tuple(scores)})
    return Factor(codes, tuple(values["levels"]), values["ordered"], values["kind"], contrast)


def _labels(factors: Sequence[Factor]) -> np.ndarray:
    texts = [np.array([*factor.levels, None], dtype=object)[factor.codes] for factor in factors]
    if len(texts) == 1:
        return texts[0]
    rows = zip(*texts, strict=True)
    joined = np.empty(len(texts[0]), dtype=object)
    joined[:] = [None if None in row else ":".join(row) for row in rows]
    return joined
