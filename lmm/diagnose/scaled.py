"""Scaled residuals: does the outcome come from the distribution that the model says?"""

from __future__ import annotations

import numpy as np

from lmm.diagnose import calibration, style
from lmm.diagnose.check import FINE, Check, concern, rarity, verdict
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.numbers import count, percent

NAME, TITLE = "residuals-scaled", "Scaled residuals against the uniform distribution"
_MATTERS = 0.05
"""Share of rows that lie elsewhere than the model says."""


def scaled(evidence: Evidence) -> DiagnosticFigure:
    """The distribution of the ranks of the rows among simulated data sets, less the uniform one, with an envelope.

    Each data set has fresh random effects and errors, and is estimated anew. Rows of one level move together, so
    that the envelope is wider than that of independent values; it comes from ranking each data set like the data.
    """
    distance, outside = _departure(evidence.rank_pool)
    pool = np.stack([np.abs(distance).max(axis=1), outside], axis=1)
    shares = calibration.shares(calibration.excesses(pool))
    replicates = len(pool) - 1
    checks = [
        _uniform(distance[0], float(pool[0, 0]), float(shares[0]), replicates),
        _outliers(evidence, float(outside[0]), float(shares[1]), replicates),
    ]
    wrong = any(check.verdict != FINE for check in checks)
    seen = " ".join(check.sentence for check in checks)
    return drawn(
        _drawing(distance),
        name=NAME,
        title=TITLE,
        alt=f"Share of scaled residuals below each value, less the share expected, with its simulated envelope. {seen}",
        good="A curve that stays in the grey envelope around zero: every observation is as likely to lie high as low "
        "among outcomes that the model would produce.",
        seen=seen,
        do=(
            "See in the figures of residuals, spread and random effects which part of the model is wrong; a bounded, "
            "skewed or counted outcome needs a transformation or another family of models."
            if wrong
            else "Nothing: taken together, mean, random effects and errors give the distribution that is seen."
        ),
        concern=concern(checks),
        checks=checks,
    )


def _departure(ranks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of rows with a rank up to k, less that of a uniform one (1 + B, 1 + B), and of rows outside of all others.

    `ranks` (1 + B, n) from 0 to B.
    """
    sets, rows = ranks.shape
    cells = (ranks + sets * np.arange(sets, dtype=np.int64)[:, None]).ravel()
    counts = np.bincount(cells, minlength=sets**2).reshape(sets, sets) / rows
    below = counts.cumsum(axis=1) - np.arange(1, sets + 1) / sets
    return below, counts[:, 0] + counts[:, -1]


def _uniform(distance: np.ndarray, largest: float, share: float, replicates: int) -> Check:
    found = verdict(share, replicates, largest >= _MATTERS)
    uniform = "are about uniform" if found == FINE else "are not uniform"
    return Check(
        name="scaled residuals",
        what="Largest distance of the distribution of the scaled residuals from the uniform one",
        value=largest,
        share=share,
        verdict=found,
        sentence=f"The scaled residuals {uniform}: {percent(largest)} of the rows lie elsewhere than expected "
        f"({rarity(share, replicates, found)}).{'' if found == FINE else _shape(distance)}",
    )


def _shape(distance: np.ndarray) -> str:
    """In words where the rows are that are too many; `distance` (1 + B,) of the data."""
    third = len(distance) // 3
    low, high = distance[third], distance[2 * third]
    if low > 0 > high:
        return " Too many lie at both ends: the outcome is more spread out than the model says."
    if low < 0 < high:
        return " Too many lie in the middle: the outcome is less spread out, or has longer tails, than the model says."
    return f" Too many lie {'low' if low + high > 0 else 'high'}: the outcome is skewed."


def _outliers(evidence: Evidence, outside: float, share: float, replicates: int) -> Check:
    usual = 2 / (replicates + 1)
    found = verdict(share, replicates, outside >= max(2 * usual, 3 / evidence.fit.n))
    rows = round(outside * evidence.fit.n)
    return Check(
        name="outside of all simulated data sets",
        what="Share of rows that lie outside of all data sets simulated from the model",
        value=outside,
        share=share,
        verdict=found,
        sentence=f"{count(rows)} of {count(evidence.fit.n)} rows {'lies' if rows == 1 else 'lie'} outside of all "
        f"{count(replicates)} simulated data sets, where {count(round(usual * evidence.fit.n))} are expected "
        f"({rarity(share, replicates, found)}).",
    )


def _drawing(distance: np.ndarray):
    figure, (axes,) = style.canvas(2.8)
    at = (np.arange(distance.shape[1]) + 1) / distance.shape[1]
    axes.axhline(0, color=style.INK, linewidth=0.8)
    style.smooth_with_band(axes, at, distance[0], *calibration.band(distance))
    axes.set_xlabel(shorten("Scaled residual (rank among simulated data sets)", 60))
    axes.set_ylabel("Share below, less expected")
    return figure
