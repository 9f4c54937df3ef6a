"""Residuals against fitted values: is the mean right, and is the scatter the same everywhere?"""

from __future__ import annotations

import numpy as np

from lmm.diagnose import style
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.simulation import Simulation
from lmm.diagnose.smooth import evenly, smoother
from lmm.diagnose.thin import by_rank
from lmm.numbers import bounded, counted, decimal, listing

NAME, TITLE = "residuals-fitted", "Residuals against fitted values"
UNLIKELY = 0.01
"""A statistic as extreme in at most this share of the simulated data sets is a concern; 5 % would cry wolf."""
_BENDS, _SPREADS = 0.25, 0.1
"""A smooth nearer to 0 (in SD) and a correlation smaller than this are harmless, however sure with many rows."""
LARGE = 3.0
"""Standardised residuals beyond this are named by their row."""
_SMOOTHED_ROWS = 1_200


def against_fitted(evidence: Evidence) -> DiagnosticFigure | OmittedFigure:
    """Standardised conditional residuals over fitted values, with a smooth.

    Curvature (largest departure of the smooth from 0) and change of spread (correlation of |residual| with the
    fitted value) are each compared with data sets simulated from the model.
    """
    usable = np.isfinite(evidence.standardised)
    if not usable.any():
        reason = "Every row is fitted exactly, so that no residual is left to look at."
        return OmittedFigure(NAME, TITLE, reason)
    fitted, residuals = evidence.fit.fitted[usable], evidence.standardised[usable]
    if np.ptp(fitted) <= 1e-9 * (np.abs(fitted).max() + evidence.fit.sigma):
        return OmittedFigure(NAME, TITLE, "All fitted values are the same, so that there is nothing to plot against.")
    simulation = evidence.simulation
    rows = np.flatnonzero(usable)
    bend, bend_share = _curvature(fitted, residuals, simulation, rows)
    slope, slope_share = _spread(fitted, residuals, simulation, rows)
    largest = rows[np.argmax(np.abs(residuals))]
    bends = bend_share <= UNLIKELY and bend >= _BENDS
    spreads = slope_share <= UNLIKELY and abs(slope) >= _SPREADS

    curved = "bends away from zero" if bends else "stays close to zero"
    scatter = (
        f"{'grows' if slope > 0 else 'shrinks'} with the fitted value" if spreads else "is the same from left to right"
    )
    seen = (
        f"The smooth {curved} (largest departure {decimal(bend)} SD; as large in "
        f"{_share(bend_share)} of {simulation.replicates} data sets simulated from the model). "
        f"The spread {scatter}: |residual| and fitted value correlate at r = {bounded(slope)} (as strong in "
        f"{_share(slope_share)} of the simulated data sets). {_outliers(evidence, largest)}"
    )
    return drawn(
        _drawing(evidence, fitted, residuals, rows),
        name=NAME,
        title=TITLE,
        alt=(
            f"Scatter of {counted(len(rows), 'standardised residual')} over fitted {shorten(evidence.fit.outcome)}. "
            f"The smooth line {curved}, and the spread {scatter}."
        ),
        good="A level, structureless band around zero, equally wide from left to right, nearly all within ±2.",
        seen=seen + style.rings_told(evidence.flagged[usable]),
        do=_advice(bends, spreads, abs(evidence.standardised[largest]) > LARGE),
        concern=f"The smooth of the residuals {curved}, and their spread {scatter}." if bends or spreads else "",
    )


def _curvature(
    fitted: np.ndarray, residuals: np.ndarray, simulation: Simulation, rows: np.ndarray
) -> tuple[float, float]:
    """Largest departure of the smooth from 0, and the share of simulated data sets in which it is as large."""
    chosen = by_rank(fitted, _SMOOTHED_ROWS)

    def departure(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.abs(smoother(x, evenly(x)) @ y).max())

    observed = departure(fitted[chosen], residuals[chosen])
    simulated = np.array(
        [
            departure(x, y)
            for x, y in zip(simulation.fitted[:, rows[chosen]], simulation.standardised[:, rows[chosen]], strict=True)
        ]
    )
    return observed, Simulation.share_as_extreme(observed, simulated)


def _spread(fitted: np.ndarray, residuals: np.ndarray, simulation: Simulation, rows: np.ndarray) -> tuple[float, float]:
    """Correlation of |residual| with the fitted value, and the share of simulated data sets as far from 0."""
    observed = float(np.corrcoef(np.abs(residuals), fitted)[0, 1])
    simulated = np.array(
        [
            np.corrcoef(np.abs(y), x)[0, 1]
            for x, y in zip(simulation.fitted[:, rows], simulation.standardised[:, rows], strict=True)
        ]
    )
    return observed, Simulation.share_as_extreme(abs(observed), np.abs(simulated))


def _share(share: float) -> str:
    return f"{decimal(100 * share, 1 if share < 0.02 else 0)}%"


def _outliers(evidence: Evidence, largest: int) -> str:
    value = evidence.standardised[largest]
    beyond = int(np.sum(np.abs(evidence.standardised[np.isfinite(evidence.standardised)]) > LARGE))
    return (
        f"The largest standardised residual is {decimal(value)}, at {evidence.row(largest)}; "
        f"{counted(beyond, 'row')} of {evidence.fit.n:,d} {'lies' if beyond == 1 else 'lie'} beyond ±{LARGE:.0f}."
    )


def _advice(bends: bool, spreads: bool, outlying: bool) -> str:
    steps = []
    if bends:
        steps.append("add a curve or an interaction to the fixed effects")
    if spreads:
        steps.append("model the outcome on another scale (its logarithm, say) or let the residual variance differ")
    if outlying:
        steps.append("check the rows named here against their source, and report the model with and without them")
    return f"{listing(steps)[0].upper()}{listing(steps)[1:]}." if steps else "Nothing: mean and spread look right."


def _drawing(evidence: Evidence, fitted: np.ndarray, residuals: np.ndarray, rows: np.ndarray):
    figure, (axes,) = style.canvas(3.1)
    shown = by_rank(residuals)
    axes.axhline(0, color=style.INK, linewidth=0.8)
    axes.scatter(fitted[shown], residuals[shown], **style.points(len(shown)))
    chosen = by_rank(fitted, _SMOOTHED_ROWS)
    at = evenly(fitted)
    axes.plot(at, smoother(fitted[chosen], at) @ residuals[chosen], color=style.BLUE, linewidth=2)
    marked = evidence.flagged[rows]
    if marked.any():
        style.ring(axes, fitted[marked], residuals[marked])
        style.key(figure, [("flagged before any model", style.FLAGGED)])
    named = [row for row in np.argsort(-np.abs(residuals), kind="stable")[:3] if abs(residuals[row]) > LARGE]
    style.label_points(axes, fitted[named], residuals[named], [evidence.row(rows[row]) for row in named])
    axes.set_xlabel(shorten(f"Fitted {evidence.outcome_label}", 60))
    axes.set_ylabel("Standardised residual")
    return figure
