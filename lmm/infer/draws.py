"""Refits of one model to many data sets: what bootstrap and jackknife are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.infer.partsinorder import in_order
from lmm.model import LEAST_CURVATURE, LEAST_RESIDUAL_SHARE

if TYPE_CHECKING:
    from lmm.engine.refits import Refits
    from lmm.model import Fit

NOT_CONVERGED = "did not converge"
NOT_IDENTIFIED = "not identified"
NO_RESIDUAL = "no residual variance left"
RANK_DEFICIENT = "fixed effects not all estimable"


@dataclass(frozen=True, eq=False)
class Draws:
    """Estimates of a model from the data sets numbered start, start + 1, …

    Attributes:
        formula, reml: of the model.
        kind: how the data sets were made, in words.
        seed: where their random numbers start, or None where nothing is random.
        start: number of the first.
        beta: (B, p); sigma: (B,); theta: (B, t), as in a `Fit`; loglik: (B,). Not finite where there are none.
        singular: (B,) whether some direction of a random effect has no variance.
        failures: for every draw why it has no estimates, or None.
    """

    formula: str
    reml: bool
    kind: str
    seed: int | None
    start: int
    beta: np.ndarray
    sigma: np.ndarray
    theta: np.ndarray
    loglik: np.ndarray
    singular: np.ndarray
    failures: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.sigma)

    @property
    def used(self) -> np.ndarray:
        """(B,) whether a draw has estimates."""
        return np.array([failure is None for failure in self.failures], dtype=bool)

    @property
    def failed(self) -> dict[str, int]:
        """How many draws have no estimates, by the reason."""
        return dict(sorted(Counter(failure for failure in self.failures if failure is not None).items()))

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; the numbers of a failed draw are None."""

        def numbers(values: np.ndarray) -> list:
            return [row if used else None for row, used in zip(values.tolist(), self.used.tolist(), strict=True)]

        return {
            "formula": self.formula,
            "reml": self.reml,
            "kind": self.kind,
            "seed": self.seed,
            "start": self.start,
            "n_beta": self.beta.shape[1],
            "n_theta": self.theta.shape[1],
            **{name: numbers(getattr(self, name)) for name in ("beta", "sigma", "theta", "loglik")},
            "singular": self.singular.tolist(),
            "failures": list(self.failures),
        }

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Draws:
        """The inverse of `to_dict`."""

        def rows(name: str, width: int) -> np.ndarray:
            none = [float("nan")] * width
            return np.array([none if row is None else row for row in values[name]], dtype=float).reshape(-1, width)

        return Draws(
            **{name: values[name] for name in ("formula", "reml", "kind", "seed", "start")},
            beta=rows("beta", values["n_beta"]),
            sigma=np.array(values["sigma"], dtype=float),
            theta=rows("theta", values["n_theta"]),
            loglik=np.array(values["loglik"], dtype=float),
            singular=np.array(values["singular"], dtype=bool),
            failures=tuple(values["failures"]),
        )


def gather(parts: Sequence[Draws]) -> Draws:
    """The parts of one sequence of draws put together, in whatever order they come.

    Raises:
        InputError: the parts are of different models, kinds or seeds, or leave a gap, overlap or do not begin at 0.
    """
    ordered = in_order(parts, ("formula", "reml", "kind", "seed"))
    first = ordered[0]
    arrays = ("beta", "sigma", "theta", "loglik", "singular")
    return Draws(
        first.formula,
        first.reml,
        first.kind,
        first.seed,
        0,
        **{name: np.concatenate([getattr(part, name) for part in ordered]) for name in arrays},
        failures=tuple(failure for part in ordered for failure in part.failures),
    )


def draws_of_refits(
    fit: Fit, refits: Refits, kind: str, seed: int | None, start: int, deficient: np.ndarray | None = None
) -> Draws:
    """Refits of a model as draws, a failure of each in words.

    Args:
        fit: the model.
        refits: of it.
        kind, seed, start: of the data sets.
        deficient: (B,) data sets whose fixed effects are not all estimable.
    """
    theta = np.empty((len(refits), len(fit.theta)))
    position = 0
    for T in terms_of(fit, refits.T):
        rows, columns = np.tril_indices(T.shape[1])
        by_column = np.lexsort((rows, columns))
        size = len(rows)
        theta[:, position : position + size] = T[:, rows[by_column], columns[by_column]]
        position += size
    none = np.zeros(len(refits), dtype=bool)
    with np.errstate(invalid="ignore"):
        causes = [
            (RANK_DEFICIENT, none if deficient is None else deficient),
            (NO_RESIDUAL, refits.residual_share < LEAST_RESIDUAL_SHARE),
            (NOT_IDENTIFIED, refits.smallest_curvature < LEAST_CURVATURE),
            (NOT_CONVERGED, ~refits.converged),
        ]
    failures = tuple(next((cause for cause, of in causes if of[i]), None) for i in range(len(refits)))
    return Draws(
        fit.formula,
        fit.reml,
        kind,
        seed,
        start,
        refits.beta,
        refits.sigma,
        theta,
        -0.5 * refits.deviance,
        refits.singular,
        failures,
    )


def terms_of(fit: Fit, per_factor: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """The diagonal block (…, q, q) of every random term, from matrices of the grouping factors."""
    groups, filled = list(dict.fromkeys(term.group for term in fit.random)), Counter()
    for term in fit.random:
        part = slice(filled[term.group], filled[term.group] + len(term.names))
        filled[term.group] += len(term.names)
        yield per_factor[groups.index(term.group)][..., part, part]


def in_blocks(compute: Callable[[range], Any], start: int, stop: int, size: int) -> Iterator[tuple[Any, slice]]:
    """Compute draws in blocks that begin at multiples of `size`, with the part of each that was asked for.

    The last digits of a matrix product depend on how many columns it has; blocks that do not depend on how the draws
    are split make every draw the same to the last digit.

    Raises:
        InputError: no draw is asked for.
    """
    if not 0 <= start < stop:
        raise InputError(f"There are no draws from {start} up to, but without, {stop}: give 0 ≤ start < stop.")
    for block in range(start - start % size, stop, size):
        yield compute(range(block, block + size)), slice(max(start - block, 0), min(stop - block, size))


def natural_parameters(fit: Fit, beta: np.ndarray, sigma: np.ndarray, theta: np.ndarray) -> dict[str, np.ndarray]:
    """Standard deviations, correlations, sigma and fixed effects (B,) under the names of lme4's profile.

    A correlation with an effect without variance is NaN.

    Args:
        fit: the model. beta, sigma, theta: (B, p), (B,) and (B, t) estimates of it.
    """
    out, position = {}, 0
    for term in fit.random:
        q = len(term.names)
        T = np.zeros((len(sigma), q, q))
        rows, columns = np.triu_indices(q)
        T[:, columns, rows] = theta[:, position : position + len(rows)]
        position += len(rows)
        length = np.sqrt((T * T).sum(2))
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = T / np.where(length > 0, length, np.nan)[:, :, None]
        for column in range(q):
            out[f"sd_{term.names[column]}|{term.group}"] = sigma * length[:, column]
            for row in range(column + 1, q):
                cosine = (unit[:, row] * unit[:, column]).sum(1)
                out[f"cor_{term.names[row]}.{term.names[column]}|{term.group}"] = np.clip(cosine, -1.0, 1.0)
    out["sigma"] = sigma
    out.update(zip(fit.coefficients, beta.T, strict=True))
    return out
