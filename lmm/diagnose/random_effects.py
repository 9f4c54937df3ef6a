"""Conditional modes of the random effects: which levels stand out, and are the levels normal?"""

from __future__ import annotations

import numpy as np

from lmm.diagnose import style
from lmm.diagnose.check import FINE, LOOK, NOTEWORTHY, UNLIKELY, WRONG, Check
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.quantiles import Envelope, normal_scores
from lmm.diagnose.thin import by_rank
from lmm.numbers import count, counted, listing, significant

INTERCEPT = "(Intercept)"
_NAMED_LEVELS = 40
"""Up to so many levels have a labelled row each; more are drawn by rank."""
_DRAWN_LEVELS = 100
_FEWEST_LEVELS = 5
"""Fewer levels than this cannot speak for or against a normal distribution."""


def of_term(evidence: Evidence, position: int) -> list[DiagnosticFigure | OmittedFigure]:
    """Caterpillar and quantile plot of the random term at `position` in `fit.random`."""
    component = evidence.fit.random[position]
    suffix = f"{position + 1}"
    group = shorten(component.group)
    caterpillar = (f"random-effects-{suffix}", f"Levels of {group}: {_effects(component.names)}")
    quantiles = (f"random-effects-normal-{suffix}", f"Levels of {group} against the normal distribution")
    alive = [k for k, sd in enumerate(component.sd) if sd > 1e-6 * evidence.fit.sigma]
    if not alive:
        reason = (
            f"The variance between levels of {component.group} was estimated as 0, so that every level's deviation "
            "is 0 and there is nothing to draw."
        )
        return [OmittedFigure(*caterpillar, reason), OmittedFigure(*quantiles, reason)]
    modes, sds = (table.iloc[:, alive] for table in evidence.modes(position))
    simulated = evidence.simulation.modes[position][:, :, alive]
    outlying = _outlying(modes.to_numpy(), simulated)
    labels = [shorten(modes.index[row]) for row in outlying[:3]]
    figures = [_caterpillar(evidence, component.group, modes, sds, labels, *caterpillar)]
    if len(modes) < _FEWEST_LEVELS:
        reason = f"{counted(len(modes), 'level')} cannot speak for or against a normal distribution."
        figures.append(OmittedFigure(*quantiles, reason))
    else:
        figures.append(_quantiles(evidence, component, modes, simulated, *quantiles))
    return figures


def _effects(names: tuple[str, ...]) -> str:
    """What varies, in words: "intercept and slope of Days"."""
    return listing([effect_name(name) for name in names])


def effect_name(name: str) -> str:
    """A coefficient that varies by level, in words: "intercept", "slope of Days"."""
    return "intercept" if name == INTERCEPT else f"effect of {shorten(name)}"


def _outlying(modes: np.ndarray, simulated: np.ndarray) -> np.ndarray:
    """Rows of levels further out (in SD of their effect) than the farthest of nearly every simulated data set.

    `modes` (levels, q) and `simulated` (B, levels, q). With many levels some lie far out by chance alone.
    """

    def spread(values: np.ndarray) -> np.ndarray:
        centred = np.abs(values - values.mean(axis=-2, keepdims=True))
        return (centred / np.maximum(values.std(axis=-2, keepdims=True), 1e-300)).max(axis=-1)

    farthest = np.quantile(spread(simulated).max(axis=-1), 1 - UNLIKELY)
    distance = spread(modes)
    order = np.argsort(-distance, kind="stable")
    return order[distance[order] > farthest]


def _caterpillar(evidence, group, modes, sds, outlying, name, title) -> DiagnosticFigure:
    half = 1.96 * sds.to_numpy()
    values = modes.to_numpy()
    apart = np.abs(values) > half
    sentences = []
    for k, effect in enumerate(modes.columns):
        top, bottom = modes.index[np.argmax(values[:, k])], modes.index[np.argmin(values[:, k])]
        sentences.append(
            f"{_capital(effect_name(effect))}: the intervals of {count(int(apart[:, k].sum()))} of "
            f"{counted(len(modes), 'level')} leave out zero; the deviations run from "
            f"{significant(values[:, k].min())} ({shorten(bottom)}) to "
            f"{significant(values[:, k].max())} ({shorten(top)})."
        )
    return drawn(
        _caterpillar_drawing(modes, half, apart, evidence),
        name=name,
        title=title,
        alt=f"Conditional modes of {shorten(group)} with 95% intervals, sorted. {' '.join(sentences)}",
        good="A smooth slope from the lowest to the highest level, with no level far off on its own.",
        seen=" ".join([*sentences, *_also_said(len(modes), outlying)]),
        do=(
            f"Look at {listing(outlying)} in the raw data, and report the model with and without."
            if outlying
            else "Nothing. Read the deviations as shrunken towards zero; overlap of two intervals is no test of their "
            "difference."
        ),
        concern=(
            f"{shorten(group)}: {listing(outlying)} {'lies' if len(outlying) == 1 else 'lie'} far from the rest."
            if outlying
            else ""
        ),
    )


def _also_said(levels: int, outlying: list[str]) -> list[str]:
    """Which levels stand out, and how many are drawn."""
    told = []
    if outlying:
        told.append(f"{listing(outlying)} {'stands' if len(outlying) == 1 else 'stand'} far from the rest.")
    if levels > _DRAWN_LEVELS:
        told.append(f"{_DRAWN_LEVELS} levels are drawn, evenly spaced by rank, with the lowest and the highest.")
    return told


def _caterpillar_drawing(modes, half, apart, evidence):
    levels, columns = modes.shape
    values = modes.to_numpy()
    named = levels <= _NAMED_LEVELS
    figure, grid = style.canvas(max(2.2, 0.7 + 0.155 * levels) if named else 2.9, 1, columns, sharey=named)
    for k, axes in enumerate(grid):
        # Rows with names stay the same level across panels; without names each panel runs from low to high.
        order = np.argsort(values[:, 0 if named else k], kind="stable")
        order = order[by_rank(values[order, k], _DRAWN_LEVELS, ends=10)]
        place = np.arange(len(order))
        across = [(values[order, k], place), (place, values[order, k])][not named]
        bar = {"color": style.INK, "alpha": 0.45, "linewidth": 0.9}
        ends = values[order, k] - half[order, k], values[order, k] + half[order, k]
        (axes.hlines if named else axes.vlines)(place, *ends, **bar)
        (axes.axvline if named else axes.axhline)(0, color=style.INK, linewidth=0.8)
        for chosen, look in (
            (~apart[order, k], {"facecolors": "none", "edgecolors": style.INK, "linewidths": 0.9}),
            (apart[order, k], {"color": style.BLUE, "linewidths": 0}),
        ):
            axes.scatter(across[0][chosen], across[1][chosen], s=15 if named else 7, zorder=3, **look)
        axes.set_title(shorten(_capital(effect_name(modes.columns[k])), 48 // columns))
        if named:
            axes.grid(visible=False)
            axes.set_yticks(place, [shorten(level, 18) for level in modes.index[order]])
            axes.set_xlabel("Deviation")
        else:
            axes.set_xticks([])
            axes.set_xlabel(f"{counted(levels, 'level')}, sorted")
            axes.set_ylabel("Deviation" if k == 0 else "")
    return figure


def _quantiles(evidence, component, modes, simulated, name, title) -> DiagnosticFigure:
    """Sorted modes over normal quantiles, one panel per effect; each envelope comes from simulated modes."""
    scores = normal_scores(len(modes))
    envelopes, sentences = [], []
    for k, effect in enumerate(modes.columns):
        values = np.sort(modes.iloc[:, k].to_numpy())
        envelope = Envelope(values, np.sort(simulated[:, :, k], axis=1))
        envelopes.append((effect, values, envelope))
        sentences.append(
            f"{_capital(effect_name(effect))}: {count(envelope.number)} of {counted(len(values), 'level')} outside "
            f"the 95% envelope, where up to {envelope.usual} are usual."
        )
    odd = [effect_name(effect) for effect, _, envelope in envelopes if envelope.share <= UNLIKELY]
    return drawn(
        _quantile_drawing(scores, envelopes),
        name=name,
        title=title,
        alt=f"Normal quantile plot of the conditional modes of {shorten(component.group)}. {' '.join(sentences)}",
        good="The points stay inside the grey envelope, which is what the fitted model itself would produce.",
        seen=" ".join(sentences),
        do=(
            f"Look for sub-populations or single odd levels of {shorten(component.group)}, and for a predictor "
            "that would explain them. Fixed effects stand up to this; predictions for new levels do not."
            if odd
            else "Nothing: the levels look like draws from a normal distribution. Shrinkage hides mild departures."
        ),
        concern=(
            f"Over levels of {shorten(component.group)} the {listing(odd)} "
            f"{'is' if len(odd) == 1 else 'are'} not normally distributed."
            if odd
            else ""
        ),
        checks=[_normality(component.group, envelopes, " ".join(sentences))],
    )


def _normality(group: str, envelopes: list[tuple[str, np.ndarray, Envelope]], sentences: str) -> Check:
    """Over the effects of a term; the share is that of the effect that departs most, times the number of effects."""
    share = min(1.0, len(envelopes) * min(envelope.share for _, _, envelope in envelopes))
    odd = any(envelope.share <= UNLIKELY for _, _, envelope in envelopes)
    return Check(
        name=f"normality of {group}",
        what=f"Number of levels of {shorten(group)} outside the 95% envelope simulated from the model",
        value=float(max(envelope.number for _, _, envelope in envelopes)),
        share=share,
        verdict=WRONG if odd else LOOK if share <= NOTEWORTHY else FINE,
        sentence=f"{shorten(group)}. {sentences}",
    )


def _quantile_drawing(scores, envelopes):
    figure, grid = style.canvas(2.9, 1, len(envelopes))
    shown = by_rank(scores, 600)
    for axes, (effect, values, envelope) in zip(grid, envelopes, strict=True):
        axes.fill_between(
            scores[shown],
            envelope.lower[shown],
            envelope.upper[shown],
            color=style.INK,
            alpha=0.13,
            linewidth=0,
        )
        middle = (envelope.lower + envelope.upper) / 2
        axes.plot(scores[shown], middle[shown], color=style.BLUE, linewidth=1.2)
        for outside, colour, marker in ((False, style.INK, "o"), (True, style.VERMILLION, "D")):
            chosen = shown[envelope.outside[shown] == outside]
            look = {
                **style.points(len(shown)),
                "color": colour,
                "marker": marker,
                "alpha": 0.9 if outside else 0.6,
            }
            axes.scatter(scores[chosen], values[chosen], **look)
        axes.set_title(shorten(_capital(effect_name(effect)), 48 // len(envelopes)))
        axes.set_xlabel("Normal quantile")
    grid[0].set_ylabel("Conditional mode")
    return figure


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
