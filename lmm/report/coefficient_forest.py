"""The fixed effects as a forest: term by term, on one scale, standardised where they have units of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from lmm import numbers
from lmm.diagnose import style
from lmm.diagnose.figure import DiagnosticFigure, drawn
from lmm.diagnose.labels import bare, shorten
from lmm.report.case import Case
from lmm.report.coefficients import INTERCEPT, level_of
from lmm.report.dots import label_row
from lmm.report.parts import Part, parts

NAME, SECTION = "coefficients", "fixed effects"
_MOST_DRAWN = 24
_NAMED = 3


@dataclass(frozen=True)
class Estimate:
    """A coefficient on the scale of the drawing, with its interval."""

    label: str
    value: float
    lower: float
    upper: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.lower > 0 or self.upper < 0

    @property
    def places(self) -> int:
        """Decimals that the width of the interval supports."""
        return numbers.places_for((self.upper - self.lower) / 4)


def coefficient_figure(case: Case) -> DiagnosticFigure | None:
    """The coefficients beside the intercept, grouped by term; None where there are none."""
    raw = in_one_unit(case)
    groups = _groups(case, raw)
    every = [estimate for _, estimates in groups for estimate in estimates]
    if not every:
        return None
    what = "Coefficients" if raw else "Standardised coefficients"
    scale = "b" if raw else "Standardised b"
    scale += f" in {case.unit}" if raw and case.unit and len(every) > 1 else ""
    seen = _seen(every)
    caveat = (
        " Terms were selected by the same data, so that their intervals are too short."
        if case.selects_fixed_effects
        else ""
    )
    with style.applied():
        return drawn(
            _drawing(groups, shorten(f"{scale}, {case.level} interval", 60)),
            name=NAME,
            title=f"{what} of the final model",
            alt=f"{what} with their {case.level} intervals, term by term, and a line at zero. {seen}",
            good="Not a check but the result: a dot far from zero with a short interval is an effect that is known "
            "well; where the interval reaches zero (thin), not even its direction is.",
            seen=seen + caveat + _left_out(every),
            do=_DO_RAW if raw else _DO_STANDARDISED,
            section=SECTION,
        )


_DO_RAW = (
    "Judge the size by what matters in the unit of the outcome, not by the distance from zero alone. An interval that "
    "reaches zero is no evidence that there is no effect: look at how large an effect it still holds."
)
_DO_STANDARDISED = (
    "Compare terms by these numbers, in standard deviations of outcome and predictor, but quote the raw ones of the "
    "table: how far a predictor happens to spread is a matter of the sample. Products are standardised as they stand."
)


def in_one_unit(case: Case) -> bool:
    """Whether all coefficients have one unit: there is but one, or all are differences between levels of factors."""
    effects = [name for name in case.coefficients if name != INTERCEPT]
    return len(effects) == 1 or all(level_of(case, part) is not None for name in effects for part in name.split(":"))


def _groups(case: Case, raw: bool) -> list[tuple[str, list[Estimate]]]:
    """The estimates of each term under its name, which is empty where there is but one and its label says all."""
    rows = case.inference["coefficients"]["rows"] if raw else case.inference["standardised"] or []
    known = {bare(row["name"]): row for row in rows if row["estimate"] is not None and row["lower"] is not None}
    found = []
    for part in parts(case):
        names = [name for name in part.coefficients if name in known]
        if names:
            estimates = [
                Estimate(_label(case, name), *(known[name][key] for key in ("estimate", "lower", "upper")))
                for name in names
            ]
            found.append((_title(part) if len(names) > 1 else "", estimates))
    return found


def _title(part: Part) -> str:
    return " + ".join(" × ".join(term.split(":")) for term in part.terms)


def _label(case: Case, name: str) -> str:
    """A contrast by its levels: "arm: drug − placebo"; products with a cross between their parts."""
    return " × ".join(_part_label(case, part) for part in name.split(":"))


def _part_label(case: Case, part: str) -> str:
    contrast = level_of(case, part)
    if contrast is None:
        return part
    column, level, reference = contrast
    return f"{column}: {level} − {reference}"


def _seen(every: Sequence[Estimate]) -> str:
    """How many are clear, and the largest of them."""
    clear = sorted((one for one in every if one.is_clear), key=lambda one: -abs(one.value))
    if len(every) == 1:
        verdict = "leaves zero out" if clear else "reaches zero"
        return f"{_told(every[0])}: the interval {verdict}."
    told = (
        f"{numbers.counted(len(clear), 'interval')} of {len(every)} {'leaves' if len(clear) == 1 else 'leave'} zero out"
    )
    if not clear:
        return f"{told}."
    shown = "; ".join(_told(one) for one in clear[:_NAMED])
    return f"{told}{', the largest' if len(clear) > _NAMED else ''}: {shown}."


def _told(one: Estimate) -> str:
    limits = numbers.interval(one.lower, one.upper, one.places)
    return f"{shorten(one.label, 60)} {numbers.decimal(one.value, one.places)} {limits}"


def _left_out(every: Sequence[Estimate]) -> str:
    more = len(every) - _MOST_DRAWN
    return f" {numbers.counted(more, 'further coefficient')} in the table alone." if more > 0 else ""


def _rows(groups: Sequence[tuple[str, list[Estimate]]]) -> Iterator[tuple[str, Estimate | None]]:
    """What stands in each row, from top to bottom: a heading, or an estimate with its label."""
    drawn_so_far = 0
    for title, estimates in groups:
        shown = estimates[: max(0, _MOST_DRAWN - drawn_so_far)]
        drawn_so_far += len(shown)
        if title and shown:
            yield title, None
        yield from ((one.label, one) for one in shown)


def _drawing(groups: Sequence[tuple[str, list[Estimate]]], scale: str) -> Figure:
    rows = list(_rows(groups))
    # A heading needs the height of its own label only.
    heights, height = [], 0.0
    for _, one in rows:
        height -= 0.55 if one is None else 1.0
        heights.append(height)
    figure, (axes,) = style.canvas(0.65 - 0.36 * height)
    # In pieces, so that the line at zero does not strike out the labels.
    places = [place for (_, one), place in zip(rows, heights, strict=True) if one]
    axes.vlines(
        [0] * len(places), [place - 0.3 for place in places], [place + 0.18 for place in places],
        color=style.INK, alpha=0.5, linewidth=0.9,
    )  # fmt: skip
    for is_clear, colour, width, size in ((True, style.BLUE, 2.6, 34), (False, style.INK, 1.1, 20)):
        shown = [
            (one, place) for (_, one), place in zip(rows, heights, strict=True) if one and one.is_clear == is_clear
        ]
        if shown:
            places = [place for _, place in shown]
            ends = [[getattr(one, side) for one, _ in shown] for side in ("lower", "upper")]
            axes.hlines(places, *ends, color=colour, linewidth=width)
            axes.scatter([one.value for one, _ in shown], places, s=size, color=colour, zorder=3, linewidths=0)
    for (label, one), place in zip(rows, heights, strict=True):
        label_row(axes, label, place, 0.2, bold=one is None)
    axes.set_ylim(height - 0.45, -0.1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    axes.set_xlabel(scale)
    return figure
