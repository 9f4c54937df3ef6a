"""Case bootstrap: whole levels of a grouping factor drawn with replacement, each copy a new level.

It assumes only that the levels are a sample, not that the model is true (Davison & Hinkley 1997, section 3.8; van der
Leeden, Meijer & Busing 2008, section 11.4). Leaving each level out once, the jackknife, uses the same sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from lmm.engine.factor import is_nested
from lmm.engine.refits import Refits
from lmm.engine.repeats import refit_repeated, refit_rows, repeats_at_once
from lmm.errors import InputError
from lmm.infer.draws import Draws, draws_of_refits, in_blocks
from lmm.infer.live import design_of, optimum_of
from lmm.infer.resampledlevels import ResampledRows, levels_drawn
from lmm.infer.simulate import relative_factors
from lmm.model import one_thread
from lmm.progress import Progress

if TYPE_CHECKING:
    from lmm.model import Fit


def case_draws(fit: Fit, start: int, stop: int, seed: int, group: str | None = None) -> Draws:
    """The draws [start, stop) of the case bootstrap, which `gather` puts together.

    Args:
        fit: fitted in this process.
        start, stop: numbers of the draws; a draw depends on the seed and its number alone.
        seed: where the random numbers start.
        group: the grouping factor whose levels are drawn. By default the one that all others are nested in. Levels of
            factors nested in it are copied with it; those of factors crossed with it keep their identity, so that
            only the sampling of this one factor is seen.

    Raises:
        InputError: the factors are crossed and none is named, or the fit was read from a file.
    """
    group = resampled_factor(fit, group)
    n_levels = fit.groups[group]

    def repeats(numbers: range) -> np.ndarray:
        return levels_drawn(n_levels, seed, numbers)

    return _draws(fit, group, repeats, f"cases by {group}", seed, start, stop)


def group_deletions(fit: Fit, group: str | None = None) -> Draws:
    """The model without each level of a grouping factor in turn, in the order of the levels.

    Args:
        fit: fitted in this process.
        group: the grouping factor; by default the one that all others are nested in.

    Raises:
        InputError: the factors are crossed and none is named, or the fit was read from a file.
    """
    group = resampled_factor(fit, group)
    n_levels = fit.groups[group]

    def repeats(numbers: range) -> np.ndarray:
        out = np.ones((n_levels, len(numbers)), dtype=int)
        out[[level % n_levels for level in numbers], np.arange(len(numbers))] = 0
        return out

    return _draws(fit, group, repeats, f"without each {group}", None, 0, n_levels)


def resampled_factor(fit: Fit, group: str | None = None) -> str:
    """The grouping factor whose levels are the independent cases: the named one, or the one all others are nested in.

    Raises:
        InputError: there is none, the factors being crossed, or no such factor.
    """
    codes = {term.group: term.codes for term in design_of(fit).random}
    if not codes:
        raise InputError(f"'{fit.formula}' has no grouping factor, so there are no groups to resample or leave out.")
    if group is not None:
        if group not in codes:
            raise InputError(f"'{fit.formula}' has no grouping factor {group}: name one of {', '.join(codes)}.")
        return group
    for name in sorted(codes, key=lambda name: fit.groups[name]):
        if all(is_nested(inner, codes[name]) for inner in codes.values()):
            return name
    raise InputError(
        f"The grouping factors of '{fit.formula}' are crossed ({', '.join(codes)}), so that no level can be drawn with "
        f"all that belongs to it: name the factor whose levels are to be resampled or left out."
    )


def _draws(
    fit: Fit, group: str, repeats: Callable[[range], np.ndarray], kind: str, seed: int | None, start: int, stop: int
) -> Draws:
    optimum = optimum_of(fit)
    from_sums = repeats_at_once(optimum.problem)
    by_rows = _RowsRefitted(fit, group)

    def compute(numbers: range) -> tuple[Refits, np.ndarray]:
        counts = repeats(numbers)
        if from_sums is None:
            found = [by_rows(column) for column in counts.T]
            return Refits.joined([refits for refits, _ in found]), np.array([deficient for _, deficient in found])
        refits, deficient = refit_repeated(optimum, counts, fit.weights)
        for draw in np.flatnonzero(~refits.converged & ~deficient):
            again, deficient[draw] = by_rows(counts[:, draw])
            refits = refits.replaced(np.array([draw]), again)
        return refits, deficient

    parts, progress = [], Progress(stop - start, f"refits ({kind})")
    with one_thread():
        for (refits, deficient), asked in in_blocks(compute, start, stop, from_sums or 1):
            parts.append((refits.part(asked), deficient[asked]))
            progress.add(asked.stop - asked.start)
    refits = Refits.joined([refits for refits, _ in parts])
    return draws_of_refits(fit, refits, kind, seed, start, np.concatenate([deficient for _, deficient in parts]))


class _RowsRefitted:
    """The model fitted to the rows of levels drawn so many times."""

    def __init__(self, fit: Fit, group: str):
        self.fit = fit
        self.design = design_of(fit)
        self.resampled = ResampledRows(self.design, group)
        names = list(dict.fromkeys(term.group for term in self.design.random))
        T = [np.zeros((factor.n_columns, factor.n_columns)) for factor in self.resampled.factors]
        filled = [0] * len(T)
        for term, root in zip(fit.random, relative_factors(fit), strict=True):
            k = names.index(term.group)
            part = slice(filled[k], filled[k] + len(root))
            T[k][part, part] = root
            filled[k] += len(root)
        self.T = T

    def __call__(self, repeats: np.ndarray) -> tuple[Refits, bool]:
        design, fit = self.design, self.fit
        rows, factors = self.resampled(repeats)
        y = design.y if design.offset is None else design.y - design.offset
        weights = None if design.weights is None else design.weights[rows]
        return refit_rows(optimum_of(fit), self.T, y[rows], design.X[rows][:, fit.kept], factors, weights)
