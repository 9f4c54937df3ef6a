"""Residuals over time: do those close in time resemble one another more than the model says?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmm.diagnose import calibration, style
from lmm.diagnose.check import FINE, Check, concern, rarity, verdict
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.structure import line_grouping
from lmm.numbers import bounded, decimal, plain

NAME, TITLE = "residuals-autocorrelation", "Residuals over time"
_CORRELATION_MATTERS, _SEMIVARIANCE_MATTERS = 0.1, 0.15
_MOST_LAGS = 10
_FEWEST_PAIRS = 20
_MOST_PAIRS = 4_000
"""Of one lag; more do not change a correlation that matters."""


@dataclass(frozen=True)
class Lag:
    """Pairs of rows of one unit: their mean distance in time, and the rows (pairs,) each."""

    distance: float
    first: np.ndarray
    second: np.ndarray


@dataclass(frozen=True)
class ByLag:
    """A statistic by lag: its name, the lags' distances (m,), the pool (1 + B, m) and the share of each lag (m,)."""

    name: str
    distances: np.ndarray
    pool: np.ndarray
    share: np.ndarray

    @property
    def excess(self) -> np.ndarray:
        """What the data have more than the simulated data sets (m,)."""
        return self.pool[0] - calibration.expected(self.pool)


def autocorrelation(evidence: Evidence) -> list[DiagnosticFigure | OmittedFigure]:
    """Correlation of residuals by lag, and semivariogram of standardised residuals, within the finest unit.

    Where measurements are equally spaced, the autocorrelation of the studentised conditional residuals pools all
    pairs of a lag; conditional residuals correlate negatively even if the errors do not, as the band shows. The
    semivariogram, ½ E(r_i − r_j)² over the distance in time (Diggle et al. 2002, section 3.4), is that of the
    residuals standardised by the whole covariance: level at 1 if the model is right.
    """
    column = evidence.study.time
    if column is None or column not in evidence.table or evidence.table[column].dtype.kind not in "iuf":
        return []
    time = evidence.table[column].to_numpy(dtype=float)
    unit = line_grouping(evidence, time)
    if unit is None:
        return [OmittedFigure(NAME, TITLE, f"No grouping factor has levels with several values of {shorten(column)}.")]
    lags = _lags(unit.codes, time, evidence.usable)
    if not lags:
        return [OmittedFigure(NAME, TITLE, "There are too few pairs of measurements of one unit to correlate.")]
    found = _statistics(evidence, lags, _spacing(time) is not None)
    checks = [_told(one, shorten(column), len(one.pool) - 1) for one in found]
    wrong = [check for check in checks if check.verdict != FINE]
    seen = " ".join(check.sentence for check in checks)
    alike = bool(wrong) and _falls_off(found[0])
    if alike:
        seen += " The correlation falls off with the distance in time, as that of a first-order autoregressive process "
        seen += "does."
    return [
        drawn(
            _drawing(found, column),
            name=NAME,
            title=f"Residuals over {shorten(column)}",
            alt=f"{' and '.join(one.name for one in found).capitalize()} of the residuals by distance in "
            f"{shorten(column)}, within {shorten(unit.group)}. {seen}",
            good="Points inside the grey band: what resembles itself over time is in the model already.",
            seen=seen,
            do=_advice(bool(wrong), alike, column, unit.group),
            concern=concern(wrong[:1]),
            checks=checks,
        )
    ]


def _spacing(time: np.ndarray) -> float | None:
    """The step of which all gaps between times are multiples; None where there is none."""
    times = np.unique(time)
    step = float(np.diff(times).min())
    multiples = (times - times[0]) / step
    even = np.abs(multiples - multiples.round()).max() < 1e-6
    return step if even else None


def _lags(unit: np.ndarray, time: np.ndarray, usable: np.ndarray) -> list[Lag]:
    """Pairs of usable rows by lag, in positions among the rows: the nearest ten lags, or ten classes of distance."""
    rows = np.flatnonzero(usable)
    rows = rows[np.lexsort((time[rows], unit[rows]))]
    first, second = [], []
    # Pairs further apart in rank than there are classes of distance tell nothing of what is close in time.
    for apart in range(1, 2 * _MOST_LAGS):
        same = np.flatnonzero(unit[rows[apart:]] == unit[rows[:-apart]])
        if not len(same):
            break
        first.append(rows[same])
        second.append(rows[same + apart])
    if not first:
        return []
    first, second = np.concatenate(first), np.concatenate(second)
    distance = time[second] - time[first]
    step = _spacing(time)
    if step is not None:
        group = (distance / step).round().astype(int)
        groups = range(1, _MOST_LAGS + 1)
    else:
        edges = np.unique(np.quantile(distance[distance > 0], np.linspace(0, 1, _MOST_LAGS + 1)[1:-1]))
        group = np.where(distance > 0, np.searchsorted(edges, distance), -1)
        groups = range(len(edges) + 1)
    found = []
    for one in groups:
        pairs = np.flatnonzero(group == one)
        if len(pairs) >= _FEWEST_PAIRS:
            mean = float(distance[pairs].mean())
            chosen = pairs[np.linspace(0, len(pairs) - 1, min(len(pairs), _MOST_PAIRS)).astype(int)]
            found.append(Lag(mean, first[chosen], second[chosen]))
    return found


def _statistics(evidence: Evidence, lags: list[Lag], evenly_spaced: bool) -> list[ByLag]:
    """The statistics that these data call for; the shares are of the largest departure over all lags of all of them."""
    place = np.cumsum(evidence.usable) - 1
    studentised = np.ascontiguousarray(evidence.residual_pool.T)
    pools = {}
    among_usable = [(place[lag.first], place[lag.second]) for lag in lags]
    if evenly_spaced:
        pools["autocorrelation"] = autocorrelations(studentised, among_usable)
    standardised = evidence.standardised_pool
    if standardised is not None:
        by_row = np.ascontiguousarray(standardised.T)
        pools["semivariogram"] = semivariances(by_row, [(lag.first, lag.second) for lag in lags])
    elif not evenly_spaced:
        pools["semivariogram"] = semivariances(studentised, among_usable)
    shares = calibration.shares(calibration.departures(np.hstack(list(pools.values()))))
    distances = np.array([lag.distance for lag in lags])
    return [
        ByLag(name, distances, pool, part)
        for (name, pool), part in zip(pools.items(), np.split(shares, len(pools)), strict=True)
    ]


Pairs = list[tuple[np.ndarray, np.ndarray]]
"""For each lag the positions (pairs,) of the earlier and of the later row."""


def autocorrelations(by_row: np.ndarray, lags: Pairs) -> np.ndarray:
    """Mean product of the pairs of each lag over the mean square of all rows (m, lags), as ACF() of nlme has it.

    `by_row` (n, m) holds the residuals of m data sets.
    """
    variance = (by_row**2).mean(axis=0)
    products = [np.einsum("ij,ij->j", by_row[first], by_row[second]) / len(first) for first, second in lags]
    return np.stack([product / variance for product in products], axis=1)


def semivariances(by_row: np.ndarray, lags: Pairs) -> np.ndarray:
    """½ the mean squared difference of the pairs of each lag (m, lags); `by_row` (n, m)."""
    out = []
    for first, second in lags:
        difference = by_row[first] - by_row[second]
        out.append(0.5 * np.einsum("ij,ij->j", difference, difference) / len(first))
    return np.stack(out, axis=1)


def _told(found: ByLag, column: str, replicates: int) -> Check:
    """The lag that departs most, in words."""
    correlation = found.name == "autocorrelation"
    matters = _CORRELATION_MATTERS if correlation else _SEMIVARIANCE_MATTERS
    k = int(np.argmin(found.share))
    share, excess = float(found.share[k]), float(found.excess[k])
    result = verdict(share, replicates, abs(excess) >= matters)
    value, usual = float(found.pool[0, k]), float(calibration.expected(found.pool)[k])
    shown = bounded if correlation else decimal
    at = f"{plain(found.distances[k])} apart in {column}"
    more = (excess > 0) == correlation
    alike = f"resemble one another {'more' if more else 'less'} than the model says"
    what = "correlation" if correlation else "semivariance"
    return Check(
        name=found.name,
        what=f"{what.capitalize()} of residuals {at}, less that of the model",
        value=excess,
        share=share,
        verdict=result,
        sentence=(
            f"{'Residuals' if correlation else 'Standardised residuals'} {at} "
            f"{'are about as alike as the model says' if result == FINE else alike}: their {what} is {shown(value)}, "
            f"where the model itself produces {shown(usual)} (departures {rarity(share, replicates, result)})."
        ),
    )


def _falls_off(found: ByLag) -> bool:
    """Is the resemblance beyond that of the model surest between neighbours? Long lags have few pairs and scatter."""
    sign = 1 if found.name == "autocorrelation" else -1
    nearness = sign * (found.pool[0] - found.pool[1:].mean(axis=0)) / found.pool[1:].std(axis=0)
    return bool(nearness[0] > 0 and np.all(nearness[1:] < nearness[0]))


def _advice(wrong: bool, alike: bool, column: str, unit: str) -> str:
    if not wrong:
        return "Nothing: the random effects account for the resemblance over time."
    if alike:
        return (
            f"First see that the mean over {shorten(column)} does not bend. If not, let the errors be autoregressive "
            f"(in R: correlation = corCAR1(form = ~ {shorten(column)} | {shorten(unit)}) of nlme::lme) and see whether "
            f"the answer stays; until then standard errors of what changes over {shorten(column)} are too small."
        )
    return (
        f"See whether the mean over {shorten(column)} bends or jumps, or differs between levels of {shorten(unit)} (a "
        f"random slope or curve of {shorten(column)}): both make residuals resemble one another in patterns."
    )


def _drawing(found: list[ByLag], column: str):
    figure, grid = style.canvas(2.7, 1, len(found))
    for axes, one in zip(grid, found, strict=True):
        lower, upper = calibration.band(one.pool)
        axes.axhline(0 if one.name == "autocorrelation" else 1, color=style.INK, linewidth=0.8)
        if len(one.distances) == 1:
            axes.vlines(one.distances, lower, upper, color=style.INK, alpha=0.2, linewidth=8)
        axes.fill_between(one.distances, lower, upper, color=style.INK, alpha=0.16, linewidth=0)
        axes.plot(one.distances, one.pool[0], color=style.BLUE, linewidth=1.2, marker="o", markersize=4)
        axes.set_title(one.name.capitalize())
        axes.set_xlabel(shorten(f"Distance in {column}", 50 // len(found)))
    return figure
