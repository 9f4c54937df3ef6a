"""Missing values by variable, time and arm: a strip of cells for each, darker where more is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmm.diagnose import style
from lmm.diagnose.figure import DiagnosticFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.section import DATA
from lmm.numbers import counted, decimal, listing, percent, plain

NAME = "missing-values"
_MOST_STRIPS = 30
_NUMBERED_TIMES = 12
"""So many cells side by side have room for their number."""
_DARKEST = 0.4
"""Text in ink keeps a contrast of 4.5:1 on ink of this opacity, on a light page and on a dark one."""
_TOLD, _TOLD_ARMS = 3, 2


@dataclass(frozen=True)
class Strip:
    """Rows and missing values of a variable at each time (times,), over all rows or in one level of an arm."""

    variable: str
    arm: str | None
    level: str | None
    rows: np.ndarray
    missing: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """Share of the rows at each time that lack a value (times,); not a number where there is no row."""
        return np.divide(self.missing, self.rows, out=np.full(len(self.rows), np.nan), where=self.rows > 0)


def missing_values(audit: dict, time: str | None) -> list[DiagnosticFigure]:
    """The picture, where a study with occasions has missing values."""
    by_time = audit["missing_by_time"]
    if not by_time or not by_time["counts"]:
        return []
    times = sorted({entry["time"] for entry in by_time["counts"]})
    strips = _strips(by_time["counts"], times)
    shown = strips if len(strips) <= _MOST_STRIPS else [strip for strip in strips if strip.arm is None][:_MOST_STRIPS]
    seen = _seen(strips, times, time)
    return [
        drawn(
            _drawing(shown, times, time),
            name=NAME,
            title=f"Missing values by variable and {shorten(time)}{_by_arm(shown)}",
            alt=f"Strips of cells, one cell per time, darker where more values are missing. {seen}",
            good=f"Pale strips, alike from left to right{' and from one arm to the other' if _by_arm(shown) else ''}.",
            seen=seen + _left_out(strips, shown),
            do=(
                "Ask why values are missing where cells are dark. The model may be trusted if that depends on nothing "
                "but the variables it holds (missing at random); if it depends on the missing value itself, add what "
                "foretells it to the fixed part, or report how far the answer moves under other assumptions."
            ),
            section=DATA,
        )
    ]


def _strips(counts: list[dict], times: list[float]) -> list[Strip]:
    """The strips, variables with most missing values first, each over all rows and then by arm."""
    place = {time: k for k, time in enumerate(times)}
    found: dict[tuple, Strip] = {}
    for entry in counts:
        key = (entry["variable"], entry["arm"], entry["level"])
        strip = found.setdefault(key, Strip(*key, np.zeros(len(times), int), np.zeros(len(times), int)))
        strip.rows[place[entry["time"]]] += entry["rows"]
        strip.missing[place[entry["time"]]] += entry["missing"]
    total = {strip.variable: strip.missing.sum() for strip in found.values() if strip.arm is None}
    return sorted(found.values(), key=lambda strip: (-total[strip.variable], strip.variable))


def _seen(strips: list[Strip], times: list[float], time: str) -> str:
    overall = [strip for strip in strips if strip.arm is None]
    told = []
    for strip in overall[:_TOLD]:
        known = np.flatnonzero(strip.rows)
        low, high = known[np.argmin(strip.share[known])], known[np.argmax(strip.share[known])]
        all_rows, lost = int(strip.rows.sum()), int(strip.missing.sum())
        sentence = f"{shorten(strip.variable)} is missing in {percent(lost / all_rows)} of {counted(all_rows, 'row')}"
        if strip.share[high] > strip.share[low]:
            sentence += (
                f", from {percent(strip.share[low])} at {shorten(time)} {plain(times[low])} to "
                f"{percent(strip.share[high])} at {plain(times[high])}"
            )
        told.append(f"{sentence}.{_arms(strip.variable, strips)}")
    if len(overall) > _TOLD:
        told.append(f"{counted(len(overall) - _TOLD, 'further variable')} with missing values follow.")
    return " ".join(told)


def _arms(variable: str, strips: list[Strip]) -> str:
    """The shares of the levels of each arm, the highest first; of an arm with many levels, highest and lowest."""
    levels: dict[str, dict[str, float]] = {}
    for strip in strips:
        if strip.variable == variable and strip.arm is not None and strip.rows.sum():
            levels.setdefault(strip.arm, {})[strip.level] = strip.missing.sum() / strip.rows.sum()
    sentences = ""
    for arm, shares in list(levels.items())[:_TOLD_ARMS]:
        ordered = sorted(shares.items(), key=lambda item: -item[1])
        ends = ordered if len(ordered) <= 4 else [ordered[0], ordered[-1]]
        each = [f"{percent(share)} for {shorten(level, 20)}" for level, share in ends]
        sentences += f" By {shorten(arm)} it is {listing(each)}."
    return sentences


def _by_arm(strips: list[Strip]) -> str:
    arms = list(dict.fromkeys(shorten(strip.arm, 20) for strip in strips if strip.arm is not None))
    return f", and by {listing(arms)}" if arms else ""


def _left_out(strips: list[Strip], shown: list[Strip]) -> str:
    if len(shown) == len(strips):
        return ""
    return f" Strips by arm are too many to draw; {counted(len(shown), 'strip')} over all rows are drawn."


def _drawing(strips: list[Strip], times: list[float], time: str):
    figure, (axes,) = style.canvas(0.75 + 0.27 * len(strips))
    top = max(float(np.nanmax(strip.share)) for strip in strips) or 1.0
    for row, strip in enumerate(strips):
        for column, share in enumerate(strip.share):
            if np.isnan(share):
                continue
            axes.barh(
                row,
                0.94,
                left=column - 0.47,
                height=0.86,
                color=style.INK,
                alpha=0.04 + (_DARKEST - 0.04) * share / top,
                linewidth=0,
            )
            if len(times) <= _NUMBERED_TIMES:
                text = _hundredths(share)
                axes.text(column, row, text, ha="center", va="center_baseline", fontsize=8.5)
    axes.set_yticks(range(len(strips)), [_label(strip) for strip in strips])
    for label, strip in zip(axes.get_yticklabels(), strips, strict=True):
        label.set_fontweight("bold" if strip.arm is None else "normal")
    every = -(-len(times) // 14)
    axes.set_xticks(range(0, len(times), every), [plain(at) for at in times[::every]])
    axes.set_xlim(-0.5, len(times) - 0.5)
    axes.set_ylim(len(strips) - 0.5, -0.5)
    axes.grid(False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel(shorten(time, 60))
    axes.set_title(f"% of rows without a value (darkest: {_hundredths(top)} %)", fontsize=9)
    return figure


def _hundredths(share: float) -> str:
    return "<1" if 0 < share < 0.005 else decimal(100 * share, 0)


def _label(strip: Strip) -> str:
    return shorten(strip.variable, 20) if strip.arm is None else shorten(f"{strip.arm} {strip.level}", 22)
