"""Quantiles of the residuals against the normal ones: are the errors normal?"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from lmm.diagnose import style
from lmm.diagnose.check import FINE, LOOK, NOTEWORTHY, UNLIKELY, WRONG, Check
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.residuals import LARGE
from lmm.diagnose.simulation import Simulation
from lmm.numbers import counted

NAME, TITLE = "residuals-normal", "Residuals against the normal distribution"
_MOST_QUANTILES = 600


def normal_scores(number: int) -> np.ndarray:
    """Normal quantiles at the plotting positions (i − 3/8) / (n + 1/4) (Blom 1958), ascending (n,)."""
    return ndtri((np.arange(1, number + 1) - 0.375) / (number + 0.25))


class Envelope:
    """A pointwise 95 % band around sorted values, from sorted values of simulated data sets, and who leaves it.

    Neighbouring quantiles move together, so that a handful may leave a pointwise band by luck: `usual` is the count
    that 95 % of the simulated data sets do not exceed, and `share` the share of them with as many outside.
    """

    def __init__(self, values: np.ndarray, simulated: np.ndarray):
        """`values` (m,) ascending; `simulated` (B, m), each row ascending."""
        self.lower, self.upper = np.quantile(simulated, [0.025, 0.975], axis=0)
        self.outside = (values < self.lower) | (values > self.upper)
        counts = ((simulated < self.lower) | (simulated > self.upper)).sum(axis=1)
        self.number = int(self.outside.sum())
        self.usual = int(np.quantile(counts, 0.95, method="higher"))
        self.share = Simulation.share_as_extreme(self.number, counts)


def residual_quantiles(evidence: Evidence) -> DiagnosticFigure | OmittedFigure:
    """Sorted standardised residuals over normal quantiles, with an envelope simulated from the model."""
    usable = np.isfinite(evidence.standardised)
    if not usable.any():
        reason = "Every row is fitted exactly, so that no residual is left to look at."
        return OmittedFigure(NAME, TITLE, reason)
    order = np.flatnonzero(usable)[np.argsort(evidence.standardised[usable], kind="stable")]
    simulated = np.sort(evidence.simulation.standardised[:, usable], axis=1)
    ranks = _ranks(len(order))
    values, scores = evidence.standardised[order][ranks], normal_scores(len(order))[ranks]
    envelope = Envelope(values, simulated[:, ranks])
    farthest = Simulation.share_as_extreme(np.abs(values).max(), np.abs(simulated).max(axis=1))
    outlying = farthest <= UNLIKELY
    # Of two questions, how many lie outside and how far the farthest, either may raise an alarm.
    share = min(1.0, 2 * min(envelope.share, farthest))
    tails = _tails(values, envelope, outlying)
    departs = envelope.share <= UNLIKELY or outlying
    shown = "residuals" if len(ranks) == len(order) else "quantiles shown"
    sentence = (
        f"{envelope.number} of the {len(ranks):,d} {shown} {'lies' if envelope.number == 1 else 'lie'} outside the "
        f"95% envelope of {evidence.simulation.replicates} data sets simulated from the model; "
        f"{envelope.usual} or fewer would be usual. {tails}"
    )
    alt = (
        f"Normal quantile plot of {counted(len(order), 'standardised residual')}: {envelope.number} of {len(ranks):,d} "
        f"points outside the simulated 95% envelope, where up to {envelope.usual} are usual. {tails}"
    )
    return drawn(
        _drawing(evidence, order[ranks], scores, values, envelope),
        name=NAME,
        title=TITLE,
        alt=alt,
        good="The points follow the line and stay inside the grey envelope, the tails included.",
        seen=sentence,
        do=_advice(departs, values),
        concern=f"The residuals are not normal. {tails}" if departs else "",
        checks=[
            Check(
                name="normality of residuals",
                what=f"Number of {shown} outside the 95% envelope simulated from the model",
                value=float(envelope.number),
                share=share,
                verdict=WRONG if departs else LOOK if share <= NOTEWORTHY else FINE,
                sentence=sentence,
            )
        ],
    )


def _ranks(number: int) -> np.ndarray:
    """All ranks, or so many evenly spaced in between and every one of the outermost 50 on either side."""
    if number <= _MOST_QUANTILES:
        return np.arange(number)
    ends = np.arange(50)
    inner = np.linspace(50, number - 51, _MOST_QUANTILES - 100).round().astype(int)
    return np.unique(np.concatenate([ends, inner, number - 1 - ends]))


def _tails(values: np.ndarray, envelope: Envelope, outlying: bool) -> str:
    """Which way the points leave the envelope, in the outer quarter of each side; single rows far out come first."""
    quarter = max(1, len(values) // 4)
    long_left = np.any(values[:quarter] < envelope.lower[:quarter])
    long_right = np.any(values[-quarter:] > envelope.upper[-quarter:])
    if envelope.share > UNLIKELY and outlying:
        return "Most residuals are as normal as chance allows, but single ones lie further out than it does."
    if envelope.share > UNLIKELY:
        return (
            "The tails are as long as normal ones would be."
            if not (long_left or long_right)
            else (
                f"The {_sides(long_left, long_right)} reaches a little further than normal, within what chance allows."
                if long_left != long_right
                else "Both tails reach a little further than normal, within what chance allows."
            )
        )
    if long_left and long_right:
        return "Both tails are longer than normal ones: a few rows lie far from what the model expects."
    if long_left or long_right:
        return f"The {_sides(long_left, long_right)} is longer than a normal one: the distribution is skewed."
    return "The tails are shorter, or the middle differs: a bounded or coarsely rounded outcome does this."


def _sides(left: bool, right: bool) -> str:
    return "lower tail" if left else "upper tail"


def _advice(departs: bool, values: np.ndarray) -> str:
    if not departs:
        return "Nothing: the normal distribution describes the residuals well enough."
    if np.abs(values).max() > LARGE:
        return (
            "Check the labelled rows against their source. Estimates of the fixed effects stand up to long tails; "
            "standard errors and predictions for single rows do so less: report a sensitivity analysis without these "
            "rows, or a transformed outcome."
        )
    return (
        "Consider a transformation of the outcome. With many rows, estimates and tests of the fixed effects stand up "
        "to this much; predictions for single rows do not."
    )


def _drawing(evidence: Evidence, rows: np.ndarray, scores: np.ndarray, values: np.ndarray, envelope: Envelope):
    figure, (axes,) = style.canvas(3.3)
    axes.fill_between(scores, envelope.lower, envelope.upper, color=style.INK, alpha=0.13, linewidth=0)
    ends = np.array([scores[0], scores[-1]])
    axes.plot(ends, ends, color=style.BLUE, linewidth=1.4)
    inside = ~envelope.outside
    axes.scatter(scores[inside], values[inside], **style.points(len(values)))
    axes.scatter(
        scores[envelope.outside], values[envelope.outside],
        **{**style.points(len(values)), "color": style.VERMILLION, "alpha": 0.9, "marker": "D"},
    )  # fmt: skip
    named = [k for k in np.argsort(-np.abs(values), kind="stable")[:3] if abs(values[k]) > LARGE]
    style.label_points(axes, scores[named], values[named], [evidence.row(rows[k]) for k in named])
    axes.set_xlabel("Normal quantile")
    axes.set_ylabel("Standardised residual")
    return figure
