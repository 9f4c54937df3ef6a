"""Coordinates in which one quantity of a mixed model stands alone, and everything else is free.

A chart maps z = (ψ, η) to the x of `unprofiled`: ψ is the quantity to be profiled and η whatever is left, so that a
profile is an unconstrained minimisation over η. They are chosen to be smooth where variances vanish. A standard
deviation is the length of a row of Λ, which a turn of the columns lays along the first: (ψ, 0, …), and D is even in
ψ. A correlation is the sine of the angle between two rows, v(sin ψ, cos ψ, 0, …) beneath (u, 0, …), and D is the same
on either side of ±π/2. All other rows stay square, as in `parameters`; the turns of their columns that change
nothing are what `rotations` returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, inf, pi, sin

import numpy as np

from lmm.engine.parameters import Parameters, orthonormal_basis
from lmm.engine.trustregion import stiffened

# Around a T of zero nothing turns: the curvature along so short a turn is that of the saddle, which is to be left.
_SHORTEST = 1e-7


@dataclass(frozen=True)
class Chart:
    """One quantity and the free rest.

    Attributes:
        frame: (x, y): x = frame @ y, with y = z but for a correlation, where y = (v sin ψ, v cos ψ, other η).
        polar: whether it is a correlation, v and u being the first of η.
        start: z at the optimum.
        lower, upper: the range of ψ; D is even about an end that is finite.
        turning: places in η of (rows, columns) whose columns may be turned among each other; with `first` the
            columns after the first may be, and the first one too at an end of the range.
        first: per entry of `turning`.
    """

    frame: np.ndarray
    polar: bool
    start: np.ndarray
    lower: float
    upper: float
    turning: tuple[np.ndarray, ...]
    first: tuple[bool, ...]

    def x(self, z: np.ndarray) -> np.ndarray:
        """The point of the deviance."""
        return self.frame @ self._y(z)

    def is_inside(self, z: np.ndarray) -> bool:
        """Whether z is what it seems: with u or v negative, sin ψ is the correlation with its sign changed."""
        return not self.polar or bool(z[1] >= 0.0 and z[2] >= 0.0)

    def _y(self, z: np.ndarray) -> np.ndarray:
        if not self.polar:
            return z
        y = z.copy()
        y[0], y[1] = z[1] * sin(z[0]), z[1] * cos(z[0])
        return y

    def pulled(self, z: np.ndarray, gradient: np.ndarray, hessian: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient and Hessian in z from those in x."""
        gradient = self.frame.T @ gradient
        hessian = self.frame.T @ hessian @ self.frame
        if not self.polar:
            return gradient, hessian
        sine, cosine, v = sin(z[0]), cos(z[0]), z[1]
        turn = np.eye(len(z))
        turn[:2, :2] = [[v * cosine, sine], [-v * sine, cosine]]
        out = turn.T @ hessian @ turn
        out[0, 0] -= v * (gradient[0] * sine + gradient[1] * cosine)
        bend = gradient[0] * cosine - gradient[1] * sine
        out[0, 1] += bend
        out[1, 0] += bend
        return turn.T @ gradient, out

    def rotations(self, z: np.ndarray) -> np.ndarray:
        """Orthonormal basis (η, g) of the directions of η in which nothing changes to first order."""
        eta = z[1:]
        at_end = z[0] in (self.lower, self.upper)
        directions = []
        for places, first in zip(self.turning, self.first, strict=True):
            for i in range(places.shape[1]):
                for j in range(1 if first and not at_end else 0, i):
                    direction = np.zeros(len(eta))
                    direction[places[:, j]], direction[places[:, i]] = eta[places[:, i]], -eta[places[:, j]]
                    directions.append(direction)
        return orthonormal_basis(directions, len(eta), _SHORTEST)

    def without_rotations(self, z: np.ndarray, curvature: np.ndarray) -> np.ndarray:
        """The Hessian of η with a large curvature in place of that of the rotations."""
        return stiffened(curvature, self.rotations(z))


def coordinate(parameters: Parameters, start: np.ndarray, position: int) -> Chart:
    """The chart of one entry of x itself: τ = log σ, or a fixed effect b."""
    others = [i for i in range(len(start)) if i != position]
    frame = np.eye(len(start))[:, [position, *others]]
    turning = _square_terms(parameters, [i for i in others if i < len(parameters)])
    return Chart(frame, False, start[[position, *others]], -inf, inf, turning, (False,) * len(turning))


def standard_deviation(
    parameters: Parameters, start: np.ndarray, term: np.ndarray, effect: np.ndarray
) -> tuple[Chart, float]:
    """The chart of the standard deviation of `effect` (q,), a combination of the whitened effects of a term.

    Args:
        parameters, start: of the deviance; x at the optimum.
        term: places in x of the (q, q) block, by rows.
        effect: (q,) combination, in the natural units of x.

    Returns:
        The chart and |effect|: the standard deviation is |effect| ψ.
    """
    length = float(np.linalg.norm(effect))
    rows = _completed(effect[None] / length)
    return _of_rows(parameters, start, term, rows, 1), length


def correlation(
    parameters: Parameters, start: np.ndarray, term: np.ndarray, first: np.ndarray, second: np.ndarray
) -> Chart:
    """The chart of the correlation sin ψ of two combinations (q,) of the whitened effects of a term."""
    rows = _completed(np.array([first / np.linalg.norm(first), second / np.linalg.norm(second)]))
    return _of_rows(parameters, start, term, rows, 2)


def _completed(rows: np.ndarray) -> np.ndarray:
    """The rows (h, q) and an orthonormal basis of what is orthogonal to them: (q, q)."""
    _, _, right = np.linalg.svd(rows)
    return np.vstack([rows, right[len(rows) :]])


def _of_rows(parameters: Parameters, start: np.ndarray, term: np.ndarray, rows: np.ndarray, heads: int) -> Chart:
    """The chart in which Y = rows @ ΛQ has its first rows (ψ, 0, …), or (u, 0, …) and v(sin ψ, cos ψ, 0, …).

    Q turns the columns of Λ at the optimum, and the frame turns them back: x there is the optimum itself, of which
    derivatives are known.
    """
    q = len(rows)
    Q, upper = np.linalg.qr((rows @ start[term].reshape(q, q)).T)
    signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
    Q, Y = Q * signs, upper.T * signs
    free = np.ones((q, q), dtype=bool)
    free[0, 1:] = False
    if heads == 2:
        free[1, 2:] = False
    # y begins with the entries that ψ enters, and η with v.
    entries = [(0, 0)] if heads == 1 else [(1, 0), (1, 1), (0, 0)]
    entries += [(row, column) for row in range(heads, q) for column in range(q)]
    own = np.zeros((q * q, len(entries)))
    inverse = np.linalg.inv(rows)
    for place, (row, column) in enumerate(entries):
        own.reshape(q, q, -1)[:, :, place] = np.outer(inverse[:, row], Q[:, column])
    others = [i for i in range(len(start)) if i not in set(term.tolist())]
    frame = np.zeros((len(start), len(entries) + len(others)))
    frame[term, : len(entries)] = own
    frame[others, np.arange(len(entries), frame.shape[1])] = 1.0
    z = np.concatenate([[Y[entry] for entry in entries], start[others]])
    if heads == 2:
        v = float(np.hypot(z[0], z[1]))
        z[0], z[1] = np.arctan2(z[0], z[1]), v
    offset = len(entries) - 1
    turning = list(_square_terms(parameters, [i for i in others if i < len(parameters)], others, offset))
    first = [False] * len(turning)
    if q > heads:
        place_of = {entry: place - 1 for place, entry in enumerate(entries)}
        turning.append(np.array([[place_of[row, column] for column in range(heads - 1, q)] for row in range(heads, q)]))
        first.append(True)
    lower, upper = (0.0, inf) if heads == 1 else (-pi / 2, pi / 2)
    return Chart(frame, heads == 2, z, lower, upper, tuple(turning), tuple(first))


def _square_terms(
    parameters: Parameters, inside: list[int], others: list[int] | None = None, offset: int = 0
) -> tuple[np.ndarray, ...]:
    """Places in η of the square blocks of the terms that are free altogether."""
    place_of = {position: offset + i for i, position in enumerate(inside if others is None else others)}
    out = []
    for term in parameters.term_parameters:
        size = round(len(term) ** 0.5)
        if size > 1 and all(position in place_of for position in term.tolist()):
            out.append(np.array([place_of[position] for position in term.tolist()]).reshape(size, size))
    return tuple(out)
