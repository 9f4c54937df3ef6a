"""Key estimates of several studies on one scale: of a family, or of studies with the same predictor and unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose.labels import bare, shorten
from lmm.report.coefficients import INTERCEPT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lmm.study import Study

_LABEL = 26
"""Letters of a study's title that leave the estimates half of the drawing."""
_GROUND = "#ffffff"
_ROW = 0.21
"""Inches from one study to the next."""


@dataclass(frozen=True)
class Forest:
    """A drawing of key estimates with its heading, and what it shows in a sentence."""

    name: str
    title: str
    seen: str
    drawing: Markup


@dataclass(frozen=True)
class Line:
    """A study's key estimate; `clear` where its p-value, adjusted in its family, is below the study's α."""

    label: str
    estimate: float
    lower: float
    upper: float
    clear: bool


def forests(studies: Sequence[Study], entries: Mapping[str, dict], families: Mapping[str, dict]) -> list[Forest]:
    """A forest for each family, and for each predictor and unit that studies outside of families share."""
    known = [study for study in studies if study.name in entries and entries[study.name]["key"]]
    together: dict[tuple[str, ...], list[Study]] = {}
    for study in known:
        key = entries[study.name]["key"]
        if study.family in families:
            together.setdefault(("family", study.family), []).append(study)
        elif key["unit"]:
            together.setdefault(("unit", key["unit"], key["name"]), []).append(study)
    found = []
    for number, (what, members) in enumerate(together.items(), start=1):
        keys = [entries[study.name]["key"] for study in members]
        scale, limits = _on_one_scale(keys)
        lines = [
            Line(
                study.title or study.name, one["estimate"], one["lower"], one["upper"], _clear(study, entries, families)
            )
            for study, one in zip(members, limits, strict=True)
            if one is not None
        ]
        if len(lines) > 1:
            title = f"Key estimates of family {what[1]}" if what[0] == "family" else f"Key estimates: {scale}"
            found.append(_forest(f"forest-{number}", title, scale, keys, lines, len(members) - len(lines)))
    return found


def _on_one_scale(keys: Sequence[dict]) -> tuple[str, list[dict | None]]:
    """What the axis is, and each estimate on it: as it is where unit and predictor agree, else standardised."""
    first = keys[0]
    if first["unit"] and all((key["unit"], key["name"]) == (first["unit"], first["name"]) for key in keys):
        what = "mean" if first["name"] == INTERCEPT else bare(first["name"])
        return f"{what}, {first['unit']}", list(keys)
    return "standardised coefficients", [key["standardised"] for key in keys]


def _clear(study: Study, entries: Mapping[str, dict], families: Mapping[str, dict]) -> bool:
    entry = entries[study.name]
    p = entry["key"]["p"]
    for test in families[study.family]["tests"] if study.family in families else []:
        if (test["study"], test["term"]) == (study.name, entry["key"]["term"]):
            p = test["adjusted"]
    return p is not None and p < entry["alpha"]


def _forest(name: str, title: str, scale: str, keys: Sequence[dict], lines: Sequence[Line], left_out: int) -> Forest:
    ordered = sorted(lines, key=lambda line: -line.estimate)
    levels = numbers.listing(list(dict.fromkeys(key["level"] for key in keys)), "or")
    seen = _seen(ordered, all(key["name"] == INTERCEPT for key in keys), left_out)
    from lmm.diagnose import drawing, style  # here, as most indexes have no forest and need no matplotlib

    with style.applied():
        figure = _draw(ordered, shorten(f"{scale} ({levels} intervals)", 60), zero=keys[0]["name"] != INTERCEPT)
        shown = drawing.render(figure, name, title, seen).svg
    # An open point covers its line with the page's own ground, light or dark.
    return Forest(name, title, seen, Markup(shown.replace(_GROUND, "var(--paper)")))


def _seen(lines: Sequence[Line], means: bool, left_out: int) -> str:
    """What the drawing shows, largest first."""
    largest, smallest = lines[0], lines[-1]
    places = numbers.places_for(min((line.upper - line.lower) / 4 for line in lines) or None)
    said = (
        f"{numbers.counted(len(lines), 'estimate')} from {numbers.decimal(largest.estimate, places)} "
        f"({shorten(largest.label, 60)}) down to {numbers.decimal(smallest.estimate, places)} "
        f"({shorten(smallest.label, 60)})."
    )
    if not means:
        clear = sum(line.clear for line in lines)
        said += f" {numbers.count(clear)} of them, filled, {'differs' if clear == 1 else 'differ'} clearly from zero."
    if left_out:
        verb = "has" if left_out == 1 else "have"
        said += f" {numbers.counted(left_out, 'study', 'studies')} {verb} no such estimate."
    return said


def _draw(lines: Sequence[Line], scale: str, zero: bool) -> Figure:
    """Intervals from top to bottom; the label of each stands left of it, where no interval can run over it."""
    from lmm.diagnose import style

    figure, (axes,) = style.canvas(0.75 + _ROW * len(lines))
    heights = [-row for row in range(len(lines))]
    if zero:
        axes.axvline(0, color=style.INK, alpha=0.5, linewidth=0.9)
    axes.hlines(
        heights, [line.lower for line in lines], [line.upper for line in lines], color=style.BLUE, linewidth=1.3
    )
    for clear, face in ((True, style.BLUE), (False, _GROUND)):
        shown = [(line.estimate, height) for line, height in zip(lines, heights, strict=True) if line.clear == clear]
        if shown:
            axes.scatter(
                *zip(*shown, strict=True), s=26, facecolor=face, edgecolor=style.BLUE, linewidths=1.3, zorder=3
            )
    axes.set_yticks(heights, [shorten(line.label, _LABEL) for line in lines])
    axes.set_ylim(-len(lines) + 0.4, 0.6)
    axes.set_xlabel(scale)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    return figure
