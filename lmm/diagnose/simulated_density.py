"""Density of the outcome and of data sets simulated from the model: would the model produce such data?"""

from __future__ import annotations

import numpy as np

from lmm.diagnose import style
from lmm.diagnose.calibration import excesses, expected, shares
from lmm.diagnose.check import FINE, Check, concern, rarity, verdict
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.numbers import counted, percent, significant

NAME, TITLE = "simulated-density", "Outcome and outcomes simulated from the model"
_MATTERS, _MORE_THAN_CHANCE = 0.05, 0.02
"""Share of the rows that lie elsewhere than the model says, and by how much it exceeds that of simulated data sets."""
_PLACES, _CELLS, _CURVES = 100, 400, 40
_FEW_VALUES = 12


def simulated_density(evidence: Evidence) -> DiagnosticFigure | OmittedFigure:
    """Kernel densities of the outcome and of simulated data sets, all with one bandwidth."""
    outcomes = evidence.fit.fitted_fixed + evidence.marginal_pool
    width = _bandwidth(outcomes[0])
    if width == 0:
        return OmittedFigure(NAME, TITLE, "The outcome hardly varies, so that its density cannot be drawn.")
    places, densities = _densities(outcomes, width)
    # Half of the area between two densities is the share of one that would have to be moved to make it the other.
    pool = 0.5 * np.abs(densities - densities.mean(axis=0)).sum(axis=1, keepdims=True) * (places[1] - places[0])
    check = _agreement(pool)
    seen = " ".join([check.sentence, *_boundaries(outcomes)])
    return drawn(
        _drawing(evidence, places, densities),
        name=NAME,
        title=TITLE,
        alt=f"Density of {shorten(evidence.fit.outcome)} over those of {min(_CURVES, len(pool) - 1)} data sets "
        f"simulated from the model. {seen}",
        good="The line of the data runs among the thin lines of the simulated data sets: same middle, width and tails.",
        seen=seen,
        do=(
            "Look where the line leaves the others: two humps ask for a predictor that separates them, a pile at "
            "a bound or a long tail for a transformation or another family of models."
            if check.verdict != FINE
            else "Nothing: the model produces data like these."
        ),
        concern=concern([check]),
        checks=[check],
    )


def _bandwidth(y: np.ndarray) -> float:
    """R's bw.nrd0 (Silverman 1986, equation 3.31)."""
    low, high = np.quantile(y, [0.25, 0.75])
    spread = min(y.std(ddof=1), (high - low) / 1.34) or y.std(ddof=1)
    return float(0.9 * spread * len(y) ** -0.2)


def _densities(outcomes: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Places over the range of all data sets and Gaussian kernel densities there (1 + B, places), counted in cells."""
    low, high = outcomes.min() - 3 * width, outcomes.max() + 3 * width
    cell = (high - low) / _CELLS
    middles = low + cell * (np.arange(_CELLS) + 0.5)
    places = np.linspace(low, high, _PLACES)
    sets, rows = outcomes.shape
    which = np.minimum(((outcomes - low) / cell).astype(np.int64), _CELLS - 1)
    which += _CELLS * np.arange(sets)[:, None]
    counts = np.bincount(which.ravel(), minlength=sets * _CELLS).reshape(sets, _CELLS)
    # A kernel narrower than the cells and places would fall between them.
    wide = max(width, cell, places[1] - places[0])
    kernel = np.exp(-0.5 * ((places[None, :] - middles[:, None]) / wide) ** 2) / (wide * np.sqrt(2 * np.pi))
    return places, counts @ kernel / rows


def _agreement(pool: np.ndarray) -> Check:
    share, apart, usual = float(shares(excesses(pool))[0]), float(pool[0, 0]), float(expected(pool)[0])
    replicates = len(pool) - 1
    found = verdict(share, replicates, apart >= max(_MATTERS, usual + _MORE_THAN_CHANCE))
    told = (
        "The outcome is distributed much as the model says"
        if found == FINE
        else "The model would not produce such data"
    )
    return Check(
        name="simulated density",
        what="Share of the rows that lie elsewhere than in data sets simulated from the model",
        value=apart,
        share=share,
        verdict=found,
        sentence=f"{told}: the densities of the data and of simulated data sets differ by {percent(apart)} of their "
        f"area, where {percent(usual)} is usual ({rarity(share, replicates, found)}).",
    )


def _boundaries(outcomes: np.ndarray) -> list[str]:
    """What a density hides: values the outcome cannot take, and an outcome that takes few."""
    observed, told = outcomes[0], []
    below = float((outcomes[1:] < 0).mean())
    if observed.min() >= 0 and below >= 0.01:
        told.append(f"No value lies below 0, but the model puts {percent(below)} of them there.")
    values = len(np.unique(observed))
    if values <= _FEW_VALUES:
        told.append(
            f"The outcome takes {counted(values, 'value')} only, from {significant(observed.min())} to "
            f"{significant(observed.max())}; if these are categories and not a measurement that was rounded, "
            "a model for ordered categories serves it better."
        )
    return told


def _drawing(evidence: Evidence, places: np.ndarray, densities: np.ndarray):
    figure, (axes,) = style.canvas(2.8)
    for density in densities[1 : _CURVES + 1]:
        axes.plot(places, density, color=style.INK, alpha=0.18, linewidth=0.7)
    axes.plot(places, densities[0], color=style.BLUE, linewidth=2.2)
    style.key(
        figure,
        [
            ("data", {"color": style.BLUE, "linewidth": 2.2}),
            ("simulated from the model", {"color": style.INK, "alpha": 0.5, "linewidth": 0.7}),
        ],
    )
    axes.set_ylim(bottom=0)
    axes.set_yticks([])
    axes.set_xlabel(shorten(evidence.outcome_label, 60))
    axes.set_ylabel("Density")
    return figure
