"""Who is still there when: the share of subjects seen at a time or later, by arm where there is one."""

from __future__ import annotations

import numpy as np

from lmm.diagnose import arms, style
from lmm.diagnose.figure import DiagnosticFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.section import DATA
from lmm.numbers import count, counted, listing, percent, plain

NAME = "dropout"
_MOST_PANELS = 3
_LINES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 1.5, 1, 1.5)))
_COLOURS = (style.BLUE, style.VERMILLION, style.INK)


def dropout(audit: dict, time: str | None) -> list[DiagnosticFigure]:
    """Curves of the subjects still seen, where a study with occasions has some who were not seen at all of them."""
    by_time = audit["missing_by_time"]
    if not by_time or by_time["dropout"]["complete"] == by_time["dropout"]["subjects"]:
        return []
    overall, by_arm = by_time["dropout"], arms.by_arm(by_time["dropout_by_arm"])
    subject, name = shorten(overall["subject"]), shorten(time)
    seen = " ".join([_seen(overall, name), *(_arms(arm, levels) for arm, levels in by_arm.items())])
    names = [shorten(arm, 20) for arm in by_arm]
    return [
        drawn(
            _drawing(overall, by_arm, time),
            name=NAME,
            title=f"Levels of {subject} still seen over {name}{f', by {listing(names)}' if names else ''}",
            alt=(
                f"Falling steps: share of the levels of {subject} whose outcome was seen at a time of {name} or "
                f"later{', a line for each arm' if names else ''}. {seen}"
            ),
            good="Lines stay high, and those of different arms fall together." if names else "The line stays high.",
            seen=seen,
            do=(
                "Where times were planned, ask those who left early why, and compare their last outcomes with those "
                f"of the others{'; where arms part, say so in the report' if names else ''}. "
                "Where every unit has times of its own by design, an early end is no dropout."
            ),
            section=DATA,
        )
    ]


def still_seen(pattern: dict) -> np.ndarray:
    """Share of the subjects whose last occasion is that time or a later one (times,)."""
    last = np.array([entry["subjects"] for entry in pattern["last"]])
    return last[::-1].cumsum()[::-1] / pattern["subjects"]


def _seen(pattern: dict, time: str) -> str:
    subject, end = shorten(pattern["subject"]), plain(pattern["last"][-1]["time"])
    told = [
        f"Of {counted(pattern['subjects'], 'level')} of {subject}, {count(pattern['complete'])} "
        f"({percent(pattern['complete'] / pattern['subjects'])}) have an outcome at every one of the "
        f"{len(pattern['last'])} times"
    ]
    kinds = [
        (pattern["came_late"], "{} were first seen later"),
        (pattern["intermittent"], "{} missed a time in between"),
        (pattern["dropped_out"], f"{{}} left before {time} {end} for good"),
        (pattern["never"], "{} never had an outcome"),
    ]
    told += [text.format(count(number)) for number, text in kinds if number]
    return f"{told[0]}; {listing(told[1:])}."


def _arms(arm: str, levels: list[dict]) -> str:
    each = [
        f"{percent(entry['dropped_out'] / entry['subjects'])} of {count(entry['subjects'])} for "
        f"{shorten(entry['level'], 20)}"
        for entry in arms.told(levels)
    ]
    share = listing(each) if len(each) == len(levels) else f"from {each[0]} to {each[1]}"
    return f"By {shorten(arm)}, {share} left for good."


def _drawing(overall: dict, by_arm: dict[str, list[dict]], time: str):
    panels = list(by_arm.items())[:_MOST_PANELS] or [(None, [overall])]
    figure, grid = style.canvas(0.5 + 2.1 * len(panels), len(panels), 1, sharex=True)
    times = np.array([entry["time"] for entry in overall["last"]])
    # a step after the last time, so that its share has a width too
    end = times[-1] + 0.5 * np.diff(times).min()
    for axes, (arm, patterns) in zip(grid, panels, strict=True):
        few = len(patterns) <= arms.MOST_NAMED
        ends = []
        for k, pattern in enumerate(patterns):
            share = 100 * still_seen(pattern)
            look = {"color": style.INK, "alpha": 0.5, "linewidth": 1.0}
            if few:
                look = {"color": _COLOURS[k % len(_COLOURS)], "linestyle": _LINES[k], "linewidth": 2.0}
            axes.step([*times, end], [*share, share[-1]], where="post", **look)
            who = shorten(pattern["level"], 14) if arm else "all"
            ends.append((share[-1], f"{who} ({count(pattern['subjects'])})", look))
        ends.sort(key=lambda found: found[:2])
        _label_ends(axes, end, end - times[0], ends if few else [ends[0], ends[-1]])
        axes.set_ylim(0, 104)
        axes.set_yticks([0, 25, 50, 75, 100])
        axes.set_ylabel("% still seen")
        if arm:
            axes.set_title(shorten(arm, 40))
        axes.set_xlim(times[0], end + 0.36 * (end - times[0]))
        every = -(-len(times) // 12)
        axes.set_xticks(times[::every], [plain(at) for at in times[::every]])
    grid[-1].set_xlabel(shorten(time, 60))
    return figure


def _label_ends(axes, x: float, width: float, ends: list[tuple[float, str, dict]]) -> None:
    """The name of each line beside its end with a piece of the line, moved apart where ends meet; lowest first."""
    height = -np.inf
    for share, text, look in ends:
        height = max(share, height + 9)
        axes.plot([x + 0.02 * width, x + 0.08 * width], [height, height], **look)
        axes.text(x + 0.095 * width, height, text, va="center", fontsize=9)
