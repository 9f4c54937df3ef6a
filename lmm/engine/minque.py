"""Start values: MINQUE(0), the quadratic estimates that are unbiased and need no iteration (Rao 1971).

For balanced designs with an interior optimum they are the REML estimates themselves, so that the first evaluation
only confirms them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lmm.engine.border import DenseBorder
from lmm.engine.factor import Factor
from lmm.engine.parameters import Parameters
from lmm.engine.problem import Problem

# The smallest start eigenvalue in natural units: from exactly zero no gradient leads away.
_FLOOR = 0.05


def minque(problem: Problem, parameters: Parameters) -> list[np.ndarray]:
    """Lower triangular start values of T, one (q, q) matrix per factor, in whitened coordinates."""
    system, right = _normal_equations(problem)
    scale = 1.0 / np.sqrt(np.abs(np.diag(system)) + 1e-300)
    solution = scale * np.linalg.lstsq(system * np.outer(scale, scale), right * scale, rcond=1e-10)[0]
    residual = problem.rest.outcome_square / (problem.n - problem.p)
    sigma2 = max(solution[-1], 0.05 * residual)
    out, position = [], 0
    for k, factor in enumerate(problem.factors):
        units = problem.natural_units[k]
        T = np.zeros((factor.n_columns, factor.n_columns))
        for term in factor.slices:
            size = term.stop - term.start
            covariance = np.zeros((size, size))
            for i, j in _pairs(size):
                covariance[i, j] = covariance[j, i] = solution[position]
                position += 1
            natural = covariance / (sigma2 * np.outer(units[term], units[term]))
            values, vectors = np.linalg.eigh(natural)
            natural = (vectors * np.maximum(values, _FLOOR)) @ vectors.T
            T[term, term] = np.linalg.cholesky(natural) * units[term, None]
        out.append(T)
    return out


def _pairs(size: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(size) for j in range(i + 1)]


def _normal_equations(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Σ_b tr(QV_aQV_b) θ_b = y'QV_aQy, with Q = I − X(X'X)⁻¹X', over all covariance entries and σ²."""
    products = _Products(problem)
    n, p, K = problem.n, problem.p, len(problem.factors)
    stacks = [np.array(_elements(factor)) for factor in problem.factors]
    ends = np.cumsum([0, *map(len, stacks)])
    of = [slice(start, end) for start, end in pairwise(ends)]
    size = ends[-1]
    system, right = np.zeros((size + 1, size + 1)), np.zeros(size + 1)
    squares = [products.fixed_square(k) for k in range(K)]
    on_fixed = np.concatenate([np.einsum("eab,abxy->exy", stacks[k], squares[k]) for k in range(K)])
    for k in range(K):
        traced = products.gram_sum(k) - np.einsum("abxx->ab", squares[k])
        system[of[k], size] = np.einsum("eab,ab->e", stacks[k], traced)
        score = products.with_outcome(k)
        right[of[k]] = np.einsum("eab,ab->e", stacks[k], score @ score.T)
        for other in range(k, K):
            tensor = products.square(k, other) - 2.0 * products.square_on_fixed(k, other)
            block = np.einsum("eac,fbd,abcd->ef", stacks[k], stacks[other], tensor)
            system[of[k], of[other]] = block
            system[of[other], of[k]] = block.T
    system[:size, :size] += np.einsum("exy,fyx->ef", on_fixed, on_fixed)
    system[size, :size] = system[:size, size]
    system[size, size] = n - p
    right[size] = problem.rest.outcome_square
    return system, right


def _elements(factor: Factor) -> list[np.ndarray]:
    """For every covariance entry of a factor, in the order of its terms, the (q, q) matrix with ones at its places."""
    out = []
    for term in factor.slices:
        for i, j in _pairs(term.stop - term.start):
            E = np.zeros((factor.n_columns, factor.n_columns))
            E[term.start + i, term.start + j] = E[term.start + j, term.start + i] = 1.0
            out.append(E)
    return out


class _Products:
    """Sums of products of Z_k'Z_l and Z_k'X, X scaled to X'X = I."""

    def __init__(self, problem: Problem):
        self.problem = problem
        p, r = problem.p, int(problem.offsets[-1])
        border = problem.border
        fixed = border.values[r:] if isinstance(border, DenseBorder) else border.fixed_and_outcome
        self.Z_fixed = [fixed[:p].transpose(1, 2, 0) / np.sqrt(problem.n)]
        self.Z_outcome = [fixed[p]]
        for k, factor in enumerate(problem.factors[1:], 1):
            rows = problem.rest.with_fixed[problem.offsets[k - 1] : problem.offsets[k]]
            shape = (factor.n_columns, factor.n_levels)
            self.Z_fixed.append(rows[:, :p].reshape(*shape, p) / np.sqrt(problem.n))
            self.Z_outcome.append(rows[:, p].reshape(shape))

    def with_outcome(self, k: int) -> np.ndarray:
        """Z_k'Qy: (q, J); y is a residual already."""
        return self.Z_outcome[k]

    def fixed_square(self, k: int) -> np.ndarray:
        """Σ_j (Z'X)_{aj}(Z'X)_{bj}': (a, b, x, y)."""
        q, J, p = self.Z_fixed[k].shape
        flat = self.Z_fixed[k].transpose(0, 2, 1).reshape(q * p, J)
        return (flat @ flat.T).reshape(q, p, q, p).transpose(0, 2, 1, 3)

    def gram_sum(self, k: int) -> np.ndarray:
        """Σ_j Z_k'Z_k: (q, q)."""
        return self._weighted_gram(k).sum(2)

    def _gram(self, k: int) -> np.ndarray:
        return self.problem.rest.grams[k - 1] if k else self.problem.gram

    def _weighted_gram(self, k: int) -> np.ndarray:
        return self._gram(k) if k else self.problem.gram * self.problem.multiplicity

    def _across(self, k: int, other: int) -> np.ndarray:
        """Z_k'Z_l for a later l: (q_k, J_k, q_l, J_l)."""
        return self.problem.rest.across[other, k].T.reshape(*self.Z_outcome[k].shape, *self.Z_outcome[other].shape)

    def _border_block(self, other: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Z₀'Z_other as values (q₀, q_other, entries), with level and other level of each entry, or dense."""
        problem, border = self.problem, self.problem.border
        q, J = self.Z_outcome[other].shape
        start, stop = problem.offsets[other - 1], problem.offsets[other]
        if isinstance(border, DenseBorder):
            values = border.values[start:stop].reshape(q, J, *border.values.shape[1:])
            return values.transpose(2, 0, 3, 1), None, None
        inside = (border.indices >= start) & (border.indices < stop)
        column, other_level = np.divmod(border.indices[inside] - start, J)
        data, level = border.data[:, inside], border.level_of_entry[inside]
        order = np.argsort(column, kind="stable")
        per_column = len(order) // q
        shape = (len(data), q, per_column)
        return data[:, order].reshape(shape), level[order][:per_column], other_level[order][:per_column]

    def square(self, k: int, other: int) -> np.ndarray:
        """Σ (Z_k'Z_l)_{ab}(Z_k'Z_l)_{cd} over pairs of levels, as (a, b, c, d): a, c of k and b, d of l."""
        if other == k:
            q, _, J = self._gram(k).shape
            flat, weighted = self._gram(k).reshape(q * q, J), self._weighted_gram(k).reshape(q * q, J)
            return (weighted @ flat.T).reshape(q, q, q, q)
        if k == 0:
            values, _, _ = self._border_block(other)
            q, q_other = values.shape[:2]
            flat = values.reshape(q * q_other, -1)
        else:
            block = self._across(k, other)
            q, _, q_other, _ = block.shape
            flat = block.transpose(0, 2, 1, 3).reshape(q * q_other, -1)
        return (flat @ flat.T).reshape(q, q_other, q, q_other)

    def square_on_fixed(self, k: int, other: int) -> np.ndarray:
        """Σ X'Z_k[a] (Z_k'Z_l)[c, b] Z_l'X[d], traced over X, as (a, b, c, d)."""
        left, right = self.Z_fixed[k], self.Z_fixed[other]
        q, J, _ = left.shape
        q_other = len(right)
        out = np.empty((q, q_other, q, q_other))
        if other == k:
            fixed = np.einsum("ajx,djx->adj", left, right).reshape(q * q, J)
            inner = (self._gram(k).reshape(q * q, J) @ fixed.T).reshape(q, q, q, q)
            return inner.transpose(2, 1, 0, 3)
        if k == 0:
            values, level, other_level = self._border_block(other)
        for c in range(q):
            for b in range(q_other):
                if k > 0:
                    moved = np.tensordot(self._across(k, other)[c, :, b], right, (1, 1))
                    out[:, b, c] = np.einsum("ajx,jdx->ad", left, moved)
                elif level is None:
                    moved = np.tensordot(values[c, b], right, (1, 1))
                    out[:, b, c] = np.einsum("ajx,jdx->ad", left, moved)
                else:
                    near, far = left[:, level], right[:, other_level] * values[c, b][:, None]
                    out[:, b, c] = np.einsum("aex,dex->ad", near, far)
        return out
