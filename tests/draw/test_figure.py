"""Panels and their labels: all inside the figure, none over another, shared axes alike."""

import numpy as np
import pytest

from lmm.draw.axes import reach
from lmm.draw.figure import Figure
from lmm.draw.font import width
from lmm.draw.marks import Area, Markers, Stroke, Text


def texts(figure):
    return [mark for mark in figure.marks if isinstance(mark, Text)]


def edges(text):
    left, right = reach(text)
    if text.upright:
        return text.x - 0.76 * text.size, text.y - right, text.x + 0.24 * text.size, text.y + left
    return text.x - left, text.y - 0.76 * text.size, text.x + right, text.y + 0.24 * text.size


def panels(rows=2, columns=2, **shared):
    figure = Figure(374, 300, rows, columns, **shared)
    for k, axes in enumerate(figure.axes):
        axes.plot([0, 10**k], [-(10**k), 10**k])
        axes.set_title(f"Panel {k}")
        axes.set_xlabel("x")
        axes.set_ylabel("y")
    figure.key([("a line", {"linewidth": 2.0}), ("a marker", {"marker": "D", "linestyle": "none"})])
    figure.set_xlabel("below all")
    figure.set_ylabel("beside all")
    return figure


@pytest.mark.parametrize("shared", [{}, {"sharex": True}, {"sharey": True}, {"sharex": True, "sharey": True}])
def test_no_text_leaves_the_figure_or_lies_on_another(shared):
    boxes = [edges(text) for text in texts(panels(**shared))]
    assert len(boxes) > 20
    for left, top, right, bottom in boxes:
        assert left >= 0 and top >= 0 and right <= 374 and bottom <= 300
    for k, one in enumerate(boxes):
        for other in boxes[:k]:
            apart = one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
            assert apart, (one, other)


def test_panels_that_share_an_axis_have_one_scale_and_its_labels_once():
    figure = panels(sharex=True, sharey=True)
    numbers = [text.text for text in texts(figure) if text.text in ("−1000", "1000")]
    assert {(axes.x.low, axes.x.high) for axes in figure.axes} == {(-30.0, 1030.0)}
    # twice at the left and twice below
    assert sorted(numbers) == ["1000", "1000", "1000", "1000", "−1000", "−1000"]


def test_a_panel_above_an_empty_place_has_its_labels():
    figure = Figure(374, 300, 2, 2, sharex=True)
    for axes in figure.axes[:3]:
        axes.plot([0, 4], [0, 1])
    figure.axes[3].set_visible(False)
    assert [text.text for text in texts(figure)].count("4") == 2


def test_a_text_that_reaches_beyond_the_axes_makes_them_narrower():
    figure = Figure(374, 150)
    (axes,) = figure.axes
    axes.plot([0, 1], [0, 1])
    axes.text(1, 0.5, "a long label at the end of a line")
    assert max(edges(text)[2] for text in texts(figure)) <= 374


def test_lines_break_where_a_point_is_not_a_number():
    figure = Figure(374, 150)
    (axes,) = figure.axes
    axes.plot([0, 1, 2, 3, 4], [0, 1, np.nan, 1, 0])
    axes.fill_between([0, 1, 2, 3, 4], [0, 0, np.nan, 0, 0], [1, 1, np.nan, 1, 1])
    areas = [mark for mark in figure.marks if isinstance(mark, Area)]
    lines = [mark for mark in figure.marks if isinstance(mark, Stroke) and mark.pen.width == 1.6]
    assert [len(area.polygons) for area in areas] == [2]
    assert [len(line) for line in lines[0].lines] == [2, 2]


def test_limits_follow_the_data_with_a_margin_but_bars_stand_on_the_axis():
    (axes,) = Figure(374, 150).axes
    axes.scatter([10, 20], [1, 2])
    assert axes.get_xlim() == pytest.approx((9.7, 20.3))
    assert axes.get_ylim() == pytest.approx((0.95, 2.05))
    (bars,) = Figure(374, 150).axes
    bars.barh(0, 5.0)
    assert bars.get_xlim() == pytest.approx((0, 5.15))


@pytest.mark.parametrize("value", [0.0, 3.0, -1e9])
def test_one_value_alone_has_room_around_it(value):
    figure = Figure(374, 150)
    (axes,) = figure.axes
    axes.scatter([value], [value])
    (marker,) = [mark for mark in figure.marks if isinstance(mark, Markers)]
    assert axes.x.low < value < axes.x.high
    assert 100 < marker.places[0, 0] < 274


def test_an_axis_may_be_upside_down_or_follow_a_function():
    figure = Figure(374, 150)
    (axes,) = figure.axes
    axes.set_xscale(np.log10)
    axes.set_xlim(1, 100)
    axes.set_ylim(3, 0)
    axes.scatter([10], [1])
    (marker,) = [mark for mark in figure.marks if isinstance(mark, Markers)]
    frame = next(mark for mark in figure.marks if isinstance(mark, Stroke) and mark.pen.alpha == 1).lines
    (left, bottom), (_, top) = frame[0]
    right = frame[1][1, 0]
    assert marker.places[0] == pytest.approx([(left + right) / 2, top + (bottom - top) / 3])


def test_widths_are_those_of_the_font():
    # Advance widths of DejaVu Sans 2.37 in its units of 1/2048 em: a 1255, W 2025, space 651; bold a 1382.
    assert width("a W", 2048) == 1255 + 651 + 2025
    assert width("a", 2048, bold=True) == 1382
