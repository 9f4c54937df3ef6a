"""Who is still there when: the share of subjects seen at a time or later, by arm where there is one."""

from __future__ import annotations

import numpy as np

from lmm.diagnose import style
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
    overall, by_arm = by_time["dropout"], _by_arm(by_time["dropout_by_arm"])
    subject, name = shorten(overall["subject"]), shorten(time)
    seen = " ".join([_seen(overall, name), *(_arms(arm, levels) for arm, levels in by_arm.items())])
    arms = [shorten(arm, 20) for arm in by_arm]
    return [
        drawn(
            _drawing(overall, by_arm, time),
            name=NAME,
            title=f"Levels of {subject} still seen over {name}{f', by {listing(arms)}' if arms else ''}",
            alt=(
                f"Falling steps: share of the levels of {subject} whose outcome was seen at a time of {name} or "
                f"later{', a line for each arm' if arms else ''}. {seen}"
            ),
            good="Lines stay high, and those of different arms fall together." if arms else "The line stays high.",
            seen=seen,
            do=(
                "Where times were planned, ask those who left early why, and compare their last outcomes with those "
                f"of the others{'; where arms part, say so in the report' if arms else ''}. Where every unit has times "
                "of its own by design, an early end is no dropout."
            ),
            section=DATA,
        )
    ]


def _by_arm(entries: list[dict]) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for entry in entries:
        found.setdefault(entry["arm"], []).append(entry)
    return found


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
        (pattern["dropped_out"], f"{{}} left before {time} {end} for good"),
        (pattern["intermittent"], "{} lack an earlier time"),
        (pattern["never"], "{} never had an outcome"),
    ]
    told += [text.format(count(number)) for number, text in kinds if number]
    return f"{told[0]}; {listing(told[1:])}."


def _arms(arm: str, levels: list[dict]) -> str:
    each = [
        f"{percent(entry['dropped_out'] / entry['subjects'])} of {count(entry['subjects'])} for "
        f"{shorten(entry['level'], 20)}"
        for entry in levels
    ]
    return f"By {shorten(arm)}, {listing(each)} left for good."


def _drawing(overall: dict, by_arm: dict[str, list[dict]], time: str):
    panels = list(by_arm.items())[:_MOST_PANELS] or [(None, [overall])]
    figure, grid = style.canvas(0.5 + 2.1 * len(panels), len(panels), 1, sharex=True)
    times = np.array([entry["time"] for entry in overall["last"]])
    # a step after the last time, so that its share has a width too
    end = times[-1] + 0.5 * np.diff(times).min()
    for axes, (arm, patterns) in zip(grid, panels, strict=True):
        ends = []
        for k, pattern in enumerate(patterns):
            share = 100 * still_seen(pattern)
            axes.step(
                [*times, end], [*share, share[-1]], where="post", color=_COLOURS[k % len(_COLOURS)],
                linestyle=_LINES[k % len(_LINES)], linewidth=2.0 if len(patterns) <= 4 else 1.2,
            )  # fmt: skip
            text = f"{shorten(pattern['level'], 14)} ({count(pattern['subjects'])})" if arm else ""
            ends.append((share[-1], text or f"all {count(pattern['subjects'])}"))
        _label_ends(axes, end, ends)
        axes.set_ylim(0, 104)
        axes.set_yticks([0, 25, 50, 75, 100])
        axes.set_ylabel("% still seen")
        if arm:
            axes.set_title(shorten(arm, 40))
        axes.set_xlim(times[0], end + 0.28 * (end - times[0]))
        every = -(-len(times) // 12)
        axes.set_xticks(times[::every], [plain(at) for at in times[::every]])
    grid[-1].set_xlabel(shorten(time, 60))
    return figure


def _label_ends(axes, x: float, ends: list[tuple[float, str]]) -> None:
    """The name of each line at its end, moved apart where ends meet."""
    height = -np.inf
    for share, text in sorted(ends):
        height = max(share, height + 9)
        axes.annotate(
            text, (x, share), xytext=(x + 0.012 * (x - axes.get_xlim()[0]), height), va="center", fontsize=9,
            annotation_clip=False,
        )  # fmt: skip
