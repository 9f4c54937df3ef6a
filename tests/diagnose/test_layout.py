"""Where axes come to stand: everything inside the figure, nothing over anything else."""

import io
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_svg import RendererSVG

from lmm.diagnose import style
from lmm.diagnose.layout import PAD, arrange
from lmm.diagnose.small_panels import SmallPanels


def arranged(rows, columns, label="y", high=1.0, **grid):
    with style.applied():
        figure, axes = style.canvas(2.0 * rows, rows, columns, **grid)
        for one in axes:
            one.plot([0, 1], [0, high])
            one.set_title("A title")
            one.set_ylabel(label)
            one.set_xlabel("x")
        style.key(figure, [("a line", {"color": style.INK})])
        figure.supxlabel("Below all")
        figure.dpi = 72
        width, height = figure.get_size_inches() * 72
        renderer = RendererSVG(width, height, io.StringIO())
        arrange(figure, renderer)
        boxes = [one.get_tightbbox(renderer) for one in axes]
        boxes += [figure.legends[0].get_tightbbox(renderer), figure.texts[0].get_window_extent(renderer)]
    return axes, boxes, (width, height)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 3), (3, 2)])
@pytest.mark.parametrize("high", [1.0, 123_456.0])
def test_all_is_inside_and_apart(rows, columns, high):
    _, boxes, (width, height) = arranged(rows, columns, high=high)
    for box in boxes:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height
    for one, other in combinations(boxes, 2):
        apart = max(one.x0, other.x0) - min(one.x1, other.x1), max(one.y0, other.y0) - min(one.y1, other.y1)
        assert max(apart) >= 0


def test_frames_stand_in_line_and_share_the_room_by_their_ratios():
    axes, _, _ = arranged(2, 2, height_ratios=(1, 2), width_ratios=(3, 1))
    frames = [one.get_position() for one in axes]
    assert frames[0].y0 == pytest.approx(frames[1].y0)
    assert frames[0].x0 == pytest.approx(frames[2].x0)
    assert frames[2].height == pytest.approx(2 * frames[0].height)
    assert frames[0].width == pytest.approx(3 * frames[1].width)


def test_no_room_is_left_unused():
    _, boxes, (width, height) = arranged(1, 1)
    assert boxes[0].x0 == pytest.approx(PAD, abs=0.5)
    assert boxes[0].x1 == pytest.approx(width - PAD, abs=0.5)
    assert height - boxes[0].y1 - boxes[1].height == pytest.approx(3 * PAD, abs=0.5)


def test_small_panels_keep_their_points_to_themselves():
    x, y = np.array([0.0, 9.0]), np.array([-3.0, 5.0])
    panels = SmallPanels.over(7, x, y)
    assert (panels.columns, panels.rows) == (5, 2)
    across, up = panels.placed(np.arange(7)[:, None], x, y)
    # one unit to the right is one column, one unit down one row
    assert np.array_equal(np.floor(across), np.repeat(np.arange(7) % 5, 2).reshape(7, 2))
    assert np.array_equal(np.floor(up), -1 - np.repeat(np.arange(7) // 5, 2).reshape(7, 2))
    assert np.all(np.diff(across) > 0)
    assert np.all(np.diff(up) > 0)
    assert np.allclose(np.diff(across), np.diff(across)[0])
