"""Scale and location: is the scatter the same everywhere?"""

from __future__ import annotations

import numpy as np

from lmm.diagnose import calibration, style
from lmm.diagnose.check import FINE, Check, concern, rarity, verdict
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.levels import spread_by_level
from lmm.diagnose.predictors import factors_of_mean, numbers_of_mean
from lmm.diagnose.residuals import nothing_to_plot
from lmm.diagnose.smooth import Smooth
from lmm.diagnose.thin import by_rank
from lmm.numbers import decimal

NAME, TITLE = "residuals-spread", "Spread of the residuals (scale–location)"
_MATTERS = 1.2
"""Ratio of standard deviations two SD of the predictor apart; 1.2 is a variance larger by 44 %."""


def scale_location(evidence: Evidence) -> DiagnosticFigure | OmittedFigure:
    """The root of |studentised residual| over fitted values, with a smooth and its band.

    A trend of the spread is looked for over the fitted values and over every number of the mean, a difference between
    the levels of every factor of the mean; all are compared with data sets simulated from the model.
    """
    reason = nothing_to_plot(evidence)
    if reason:
        return OmittedFigure(NAME, TITLE, reason)
    checks = [*_trends(evidence), *spread_by_level(evidence, factors_of_mean(evidence))]
    wrong = [check for check in checks if check.verdict != FINE]
    told = wrong or checks[:1]
    seen = " ".join(check.sentence for check in told)
    others = len(checks) - len(told)
    if others:
        seen += " Nothing else that was looked at changes it." if wrong else _looked_at(checks[1:])
    smooth = Smooth(np.arange(evidence.residual_pool.shape[1]))(np.sqrt(np.abs(evidence.residuals_by_fitted)))
    return drawn(
        _drawing(evidence, smooth),
        name=NAME,
        title=TITLE,
        alt=f"Root of the absolute residual over fitted {shorten(evidence.fit.outcome)}, with a smooth. {seen}",
        good="A smooth that runs level, within the grey band of data sets simulated from the model.",
        seen=seen,
        do=(
            "Where lines fan out, add the random slope. Else model the outcome on another scale (its logarithm, say) "
            "or let the residual variance differ (in R: weights = varPower() or varIdent() of nlme::lme). Until then, "
            "tests of what goes with the spread are off."
            if wrong
            else "Nothing: one residual variance is enough."
        ),
        concern=concern(checks),
        checks=checks,
    )


def _looked_at(others: list[Check]) -> str:
    largest = max(others, key=lambda check: check.value or 0)
    return (
        f" Neither does it with what else was looked at ({len(others)} more, largest ratio of SDs "
        f"{decimal(largest.value)})."
    )


def _trends(evidence: Evidence) -> list[Check]:
    """How the spread changes with the fitted values and with each number of the mean."""
    spread = np.abs(evidence.residual_pool)
    found = {"fitted value": evidence.fitted_pool}
    for name, values in numbers_of_mean(evidence).items():
        found[name] = values[evidence.usable][None, :]
    pool = np.stack([_log_ratio(spread, x) for x in found.values()], axis=1)
    shares = calibration.shares(calibration.departures(pool))
    return [
        _trend(name, float(log_ratio), float(share), len(pool) - 1)
        for name, log_ratio, share in zip(found, pool[0], shares, strict=True)
    ]


def _log_ratio(spread: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Logarithm of the ratio of |residual| one SD above the mean of x to that one SD below, by a line (1 + B,).

    `spread` (1 + B, m); x likewise or (1, m).
    """
    centred = x - x.mean(axis=1, keepdims=True)
    scale = np.sqrt((centred**2).mean(axis=1))
    level = spread.mean(axis=1)
    rise = np.einsum("ij,ij->i", np.broadcast_to(centred, spread.shape), spread) / spread.shape[1]
    rise = np.divide(rise, scale, out=np.zeros_like(rise), where=scale > 0)
    tilt = np.clip(rise / level, -0.9, 0.9)
    return np.log1p(tilt) - np.log1p(-tilt)


def _trend(name: str, log_ratio: float, share: float, replicates: int) -> Check:
    found = verdict(share, replicates, abs(log_ratio) >= np.log(_MATTERS))
    of = "the fitted value" if name == "fitted value" else shorten(name)
    changes = "hardly changes with" if found == FINE else f"{'grows' if log_ratio > 0 else 'shrinks'} with"
    ratio = float(np.exp(log_ratio))
    return Check(
        name=f"spread over {name}",
        what=f"Ratio of residual SDs one SD above and one SD below the mean of {of}",
        value=ratio,
        share=share,
        verdict=found,
        sentence=f"The spread of the residuals {changes} {of}: the SD one SD above its mean is {decimal(ratio)} times "
        f"that one SD below ({rarity(share, replicates, found)}).",
    )


def _drawing(evidence: Evidence, smooth: np.ndarray):
    figure, (axes,) = style.canvas(2.9)
    fitted = evidence.fit.fitted[evidence.usable]
    roots = np.sqrt(np.abs(evidence.residual_pool[0]))
    shown = by_rank(roots)
    axes.scatter(fitted[shown], roots[shown], **style.points(len(shown)))
    at = np.quantile(fitted, np.linspace(0.01, 0.99, smooth.shape[1]))
    style.smooth_with_band(axes, at, smooth[0], *calibration.band(smooth))
    axes.set_ylim(bottom=0)
    axes.set_xlabel(shorten(f"Fitted {evidence.outcome_label}", 60))
    axes.set_ylabel("Square root of |standardised residual|")
    return figure
