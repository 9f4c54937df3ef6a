"""Levels of a factor compared: do the residuals scatter alike in all, and does one stand apart?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from lmm.diagnose import calibration
from lmm.diagnose.check import FINE, Check, rarity, verdict
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.labels import shorten
from lmm.diagnose.structure import Grouping
from lmm.numbers import counted, decimal

_FEWEST_ROWS = 3
"""Rows of a level whose spread is looked at."""
_FEW_LEVELS = 12
"""Up to so many levels the largest and the smallest SD are compared; of more, those one in ten lies beyond."""
_MATTERS = 1.25
"""Ratio of standard deviations, over what the model itself produces."""
_APART = 1.5
"""SD of the standardised residuals of a level that deserves to be named; 1 is expected."""


def spread_by_level(evidence: Evidence, factors: Sequence[Grouping]) -> list[Check]:
    """For every factor that has levels of three rows or more, whether the spread of the residuals differs by level.

    The statistic is that of Levene's test, the variance of |residual| between levels over that within, compared with
    data sets simulated from the model.
    """
    spread = np.abs(evidence.residual_pool)
    known = [one for one in (_Levels(factor, evidence.usable) for factor in factors) if len(one.kept) > 1]
    if not known:
        return []
    pool = np.log(np.stack([_levene(spread, levels) for levels in known], axis=1))
    shares = calibration.shares(calibration.excesses(pool))
    return [
        _told(levels, np.sqrt(levels.means(spread**2)), float(share))
        for levels, share in zip(known, shares, strict=True)
    ]


class _Levels:
    """The levels of a factor with enough usable rows: which, their sizes, and means over their rows."""

    def __init__(self, factor: Grouping, usable: np.ndarray):
        self.factor = factor
        codes = factor.codes[usable]
        sizes = np.bincount(codes, minlength=len(factor.levels))
        self.kept = np.flatnonzero(sizes >= _FEWEST_ROWS)
        self.sizes = sizes[self.kept]
        place = np.full(len(factor.levels), -1)
        place[self.kept] = np.arange(len(self.kept))
        rows = np.flatnonzero(place[codes] >= 0)
        self._indicator = sparse.csr_array(
            (np.ones(len(rows)), (rows, place[codes[rows]])), shape=(len(codes), len(self.kept))
        )

    def means(self, values: np.ndarray) -> np.ndarray:
        """Means of (1 + B, m) by level (1 + B, levels)."""
        return (self._indicator.T @ values.T).T / self.sizes


def _levene(spread: np.ndarray, levels: _Levels) -> np.ndarray:
    """Sum of squares between levels over that within (1 + B,)."""
    means, sizes = levels.means(spread), levels.sizes
    total = levels.means(spread**2) @ sizes
    grand = means @ sizes / sizes.sum()
    between = ((means - grand[:, None]) ** 2) @ sizes
    within = total - (means**2) @ sizes
    return np.maximum(between, 1e-300) / np.maximum(within, 1e-300)


def _told(levels: _Levels, sds: np.ndarray, share: float) -> Check:
    """`sds` (1 + B, levels): the SD of each level in each data set."""
    few = len(levels.kept) <= _FEW_LEVELS
    ends = (sds.min(axis=1), sds.max(axis=1)) if few else np.quantile(sds, [0.1, 0.9], axis=1)
    ratios = np.divide(ends[1], ends[0], out=np.full(len(sds), np.inf), where=ends[0] > 0)
    ratio, usual = float(ratios[0]), float(np.median(ratios[1:]))
    replicates = len(sds) - 1
    found = verdict(share, replicates, ratio >= _MATTERS * usual)
    group = shorten(levels.factor.group)
    low, high = (shorten(levels.factor.levels[levels.kept[k]], 20) for k in (np.argmin(sds[0]), np.argmax(sds[0])))
    which = (
        f"largest ({high}) and smallest ({low}) SD"
        if few
        else f"SDs above and below which one in ten of {counted(len(levels.kept), 'level')} lies"
    )
    size = (
        f"the largest SD ({high}) is {decimal(ratio)} times the smallest ({low})"
        if few
        else f"the ratio of the {which} is {decimal(ratio)}"
    )
    differs = "hardly differs between" if found == FINE else "differs between"
    return Check(
        name=f"spread by {levels.factor.group}",
        what=f"Ratio of the {which} of the residuals by {group}",
        value=ratio,
        share=share,
        verdict=found,
        sentence=f"The spread of the residuals {differs} levels of {group}: {size}, "
        f"where the model itself produces {decimal(usual)} (differences {rarity(share, replicates, found)}).",
    )


def levels_apart(evidence: Evidence, factors: Sequence[Grouping]) -> list[Check]:
    """For every factor, whether a level lies further from the model than the farthest one of simulated data sets.

    The distance of a level is the sum of its squared standardised residuals; where levels do not depend on one another
    that is their Mahalanobis distance, by which Nobre & Singer (2007, section 4) look for outlying subjects.
    """
    residuals = evidence.standardised_pool
    if residuals is None:
        return []
    known = [one for one in (_Levels(factor, np.ones(evidence.fit.n, bool)) for factor in factors) if len(one.kept) > 1]
    if not known:
        return []
    squares = [levels.means(residuals**2) for levels in known]
    # A level of n rows has expectation n and variance 2n; so scaled, small levels and large ones can be compared.
    beyond = [(mean - 1) * np.sqrt(levels.sizes / 2) for mean, levels in zip(squares, known, strict=True)]
    shares = calibration.shares(calibration.excesses(np.stack([one.max(axis=1) for one in beyond], axis=1)))
    return [
        _farthest(
            levels, float(np.sqrt(mean[0, np.argmax(far[0])])), int(np.argmax(far[0])), float(share), len(far) - 1
        )
        for levels, mean, far, share in zip(known, squares, beyond, shares, strict=True)
    ]


def _farthest(levels: _Levels, sd: float, place: int, share: float, replicates: int) -> Check:
    found = verdict(share, replicates, sd >= _APART)
    group, level = shorten(levels.factor.group), shorten(levels.factor.levels[levels.kept[place]])
    apart = (
        f"No level of {group} stands apart" if found == FINE else f"{level} stands apart from other levels of {group}"
    )
    residuals = (
        f"the standardised residuals of the one farthest from the model ({level})"
        if found == FINE
        else "its standardised residuals"
    )
    return Check(
        name=f"level apart of {levels.factor.group}",
        what=f"SD of the standardised residuals of the level of {group} farthest from the model ({level})",
        value=sd,
        share=share,
        verdict=found,
        sentence=f"{apart}: {residuals} have an SD of {decimal(sd)}, where 1 is expected "
        f"({rarity(share, replicates, found)}).",
    )
