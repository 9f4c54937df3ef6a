"""Residuals against fitted values: is the mean right?"""

from __future__ import annotations

import numpy as np

from lmm.diagnose import calibration, style
from lmm.diagnose.check import FINE, UNLIKELY, Check, concern, rarity, verdict
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.smooth import Smooth
from lmm.diagnose.thin import by_rank
from lmm.numbers import counted, decimal, listing

__all__ = ["LARGE", "NAME", "TITLE", "UNLIKELY", "against_fitted", "nothing_to_plot"]

NAME, TITLE = "residuals-fitted", "Residuals against fitted values"
_BENDS = 0.25
"""A smooth nearer to 0 (in SD) than this is harmless, however sure with many rows."""
LARGE = 3.0
"""Standardised residuals beyond this are named by their row."""


def against_fitted(evidence: Evidence) -> DiagnosticFigure | OmittedFigure:
    """Studentised conditional residuals over fitted values, with a smooth and its band.

    The largest departure of the smooth from 0 is compared with data sets simulated from the model.
    """
    reason = nothing_to_plot(evidence)
    if reason:
        return OmittedFigure(NAME, TITLE, reason)
    rows = np.flatnonzero(evidence.usable)
    fitted, residuals = evidence.fit.fitted[rows], evidence.standardised[rows]
    smooth, check = _curvature(evidence)
    bends = check.verdict != FINE
    largest = rows[np.argmax(np.abs(residuals))]
    curved = "bends away from zero" if bends else "stays close to zero"
    return drawn(
        _drawing(evidence, fitted, residuals, rows, smooth),
        name=NAME,
        title=TITLE,
        alt=(
            f"Scatter of {counted(len(rows), 'standardised residual')} over fitted {shorten(evidence.fit.outcome)}. "
            f"The smooth line {curved}."
        ),
        good="A level, structureless band around zero, the smooth within its grey band, nearly all rows within ±2.",
        seen=f"{check.sentence} {_outliers(evidence, largest)}" + style.rings_told(evidence.flagged[rows]),
        do=_advice(bends, abs(evidence.standardised[largest]) > LARGE),
        concern=concern([check]),
        checks=[check],
    )


def nothing_to_plot(evidence: Evidence) -> str:
    """Why residuals cannot be shown over fitted values; empty where they can."""
    if not evidence.usable.any():
        return "Every row is fitted exactly, so that no residual is left to look at."
    fitted = evidence.fit.fitted[evidence.usable]
    if np.ptp(fitted) <= 1e-9 * (np.abs(fitted).max() + evidence.fit.sigma):
        return "All fitted values are the same, so that there is nothing to plot against."
    return ""


def _curvature(evidence: Evidence) -> tuple[np.ndarray, Check]:
    """The smooth of each data set over the rank of its fitted values (1 + B, places), and how far it bends."""
    smooth = Smooth(np.arange(evidence.residual_pool.shape[1]))(evidence.residuals_by_fitted)
    pool = np.abs(smooth).max(axis=1, keepdims=True)
    share, bend = float(calibration.shares(pool)[0]), float(pool[0, 0])
    replicates = len(pool) - 1
    found = verdict(share, replicates, bend >= _BENDS)
    curved = "stays close to zero" if found == FINE else "bends away from zero"
    return smooth, Check(
        name="mean over fitted values",
        what="Largest departure of the smoothed residuals from 0, in residual SD",
        value=bend,
        share=share,
        verdict=found,
        sentence=f"The smooth of the residuals {curved} (largest departure {decimal(bend)} SD; "
        f"{rarity(share, replicates, found)}).",
    )


def _outliers(evidence: Evidence, largest: int) -> str:
    value = evidence.standardised[largest]
    beyond = int(np.sum(np.abs(evidence.standardised[np.isfinite(evidence.standardised)]) > LARGE))
    return (
        f"The largest standardised residual is {decimal(value)}, at {evidence.row(largest)}; "
        f"{counted(beyond, 'row')} of {evidence.fit.n:,d} {'lies' if beyond == 1 else 'lie'} beyond ±{LARGE:.0f}."
    )


def _advice(bends: bool, outlying: bool) -> str:
    steps = []
    if bends:
        steps.append("add a curve or an interaction to the fixed effects")
    if outlying:
        steps.append("check the rows named here against their source, and report the model with and without them")
    return f"{listing(steps)[0].upper()}{listing(steps)[1:]}." if steps else "Nothing: the mean looks right."


def _drawing(evidence: Evidence, fitted: np.ndarray, residuals: np.ndarray, rows: np.ndarray, smooth: np.ndarray):
    figure, (axes,) = style.canvas(3.1)
    shown = by_rank(residuals)
    axes.axhline(0, color=style.INK, linewidth=0.8)
    axes.scatter(fitted[shown], residuals[shown], **style.points(len(shown)))
    at = np.quantile(fitted, np.linspace(0.01, 0.99, smooth.shape[1]))
    style.smooth_with_band(axes, at, smooth[0], *calibration.band(smooth))
    marked = evidence.flagged[rows]
    if marked.any():
        style.ring(axes, fitted[marked], residuals[marked])
        style.key(figure, [("flagged before any model", style.FLAGGED)])
    named = [row for row in np.argsort(-np.abs(residuals), kind="stable")[:3] if abs(residuals[row]) > LARGE]
    style.label_points(axes, fitted[named], residuals[named], [evidence.row(rows[row]) for row in named])
    axes.set_xlabel(shorten(f"Fitted {evidence.outcome_label}", 60))
    axes.set_ylabel("Standardised residual")
    return figure
