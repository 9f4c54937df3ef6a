"""The free entries of square T as one vector, in natural units.

T is not triangular here: TT' is the same for T and TO with O orthogonal, and on square T no direction crawls when a
leading diagonal goes to zero. The rotations are projected out instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lmm.engine.problem import Problem


@dataclass(frozen=True)
class Parameters:
    """Where each entry of the parameter vector stands.

    Attributes:
        sizes: q of every factor.
        terms: for every factor the slices of its terms.
        factor, row, column: (a,) position of each parameter.
        units: (a,) natural unit of each parameter.
    """

    sizes: tuple[int, ...]
    terms: tuple[list[slice], ...]
    factor: np.ndarray
    row: np.ndarray
    column: np.ndarray
    units: np.ndarray

    @staticmethod
    def of(problem: Problem) -> Parameters:
        """Every entry of every diagonal block of every T."""
        positions, units = [], []
        for k, factor in enumerate(problem.factors):
            natural = problem.natural_units[k]
            for term in factor.slices:
                for row in range(term.start, term.stop):
                    for column in range(term.start, term.stop):
                        positions.append((k, row, column))
                        units.append(natural[row])
        factor, row, column = np.array(positions).T
        sizes = tuple(factor.n_columns for factor in problem.factors)
        terms = tuple(factor.slices for factor in problem.factors)
        return Parameters(sizes, terms, factor, row, column, np.array(units))

    def __len__(self) -> int:
        return len(self.factor)

    def matrices(self, x: np.ndarray) -> list[np.ndarray]:
        """The T of every factor, in whitened coordinates, from a vector in natural units."""
        out = [np.zeros((q, q)) for q in self.sizes]
        for k, T in enumerate(out):
            mine = self.factor == k
            T[self.row[mine], self.column[mine]] = (x * self.units)[mine]
        return out

    def vector(self, T: list[np.ndarray]) -> np.ndarray:
        """The inverse of `matrices`."""
        entries = [T[k][i, j] for k, i, j in zip(self.factor, self.row, self.column, strict=True)]
        return np.array(entries) / self.units

    @cached_property
    def term_parameters(self) -> list[np.ndarray]:
        """Positions of the parameters of each term, in row-major order of its square block."""
        out = []
        for k, terms in enumerate(self.terms):
            for term in terms:
                inside = (self.factor == k) & (self.row >= term.start) & (self.row < term.stop)
                out.append(np.flatnonzero(inside))
        return out

    def rotations(self, x: np.ndarray) -> np.ndarray:
        """Orthonormal basis (a, g) of the directions in which TT' does not change to first order."""
        directions = []
        for position in self.term_parameters:
            size = round(len(position) ** 0.5)
            if size == 1:
                continue
            T = x[position].reshape(size, size)
            for i in range(size):
                for j in range(i):
                    turned = np.zeros((size, size))
                    turned[:, j], turned[:, i] = T[:, i], -T[:, j]
                    direction = np.zeros(len(x))
                    direction[position] = turned.ravel()
                    directions.append(direction)
        return orthonormal_basis(directions, len(x))


def orthonormal_basis(directions: list[np.ndarray], size: int, shortest: float = 1e-300) -> np.ndarray:
    """Of what the directions (size,) span, less those that depend on others or are shorter: (size, g)."""
    if len(directions) == 1:
        length = np.linalg.norm(directions[0])
        return directions[0][:, None] / length if length > shortest else np.empty((size, 0))
    if not directions:
        return np.empty((size, 0))
    basis, lengths, _ = np.linalg.svd(np.array(directions).T, full_matrices=False)
    return basis[:, lengths > max(1e-7 * lengths[0], shortest)]
