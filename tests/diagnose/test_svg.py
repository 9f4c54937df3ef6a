"""A drawing as SVG: its own ids, the page's colours, text as text, the same bytes each time."""

from xml.etree import ElementTree

import numpy as np
import pytest

from lmm.diagnose import drawing, style
from lmm.diagnose.labels import bare, shorten

SVG = "{http://www.w3.org/2000/svg}"


def draw(name="one", label="x", points=50):
    with style.applied():
        figure, (axes,) = style.canvas(2.0)
        axes.plot([0, 1], [0, 1], color=style.INK)
        axes.plot([0, 1], [1, 0], color=style.BLUE)
        axes.scatter(np.arange(points), np.sqrt(np.arange(points)), **style.points(points))
        axes.set_xlabel(label)
        return drawing.render(figure, name, "A <title>", "What it & shows").svg


def texts(drawing):
    return [element.text for element in ElementTree.fromstring(drawing).iter(f"{SVG}text")]


def test_the_same_drawing_has_the_same_bytes():
    assert draw() == draw()


def test_two_drawings_share_no_id():
    ids = [
        {element.get("id") for element in ElementTree.fromstring(draw(name)).iter() if element.get("id")}
        for name in ("one", "two")
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_name_and_description_come_first():
    root = ElementTree.fromstring(draw())
    assert (root[0].tag, root[0].text) == (f"{SVG}title", "A <title>")
    assert (root[1].tag, root[1].text) == (f"{SVG}desc", "What it & shows")
    assert root.get("aria-labelledby") == "one-title one-description"
    assert root.get("role") == "img"


def test_ink_follows_the_page_and_colours_stay():
    drawing = draw()
    assert "#000000" not in drawing
    assert "currentColor" in drawing
    assert style.BLUE in drawing


def test_nothing_styles_the_page_or_tells_the_time():
    drawing = draw()
    assert "<style" not in drawing
    assert "metadata" not in drawing
    assert "DejaVu" not in drawing


@pytest.mark.parametrize("label", ["$x^2$", "<b>&amp;", "_hidden", "שלום", "😀", "per 100\\%"])
def test_text_is_text_whatever_it_says(label):
    assert label in texts(draw(label=label))


def test_control_characters_do_not_break_the_drawing():
    assert "a\N{REPLACEMENT CHARACTER}b" in texts(draw(label="a\x07b"))


def test_a_point_costs_few_bytes():
    assert (len(draw(points=1050)) - len(draw(points=50))) / 1000 < 50


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", [style.BLUE, style.VERMILLION])
@pytest.mark.parametrize("ground", ["#ffffff", "#15191e"])
def test_colours_stand_out_from_light_and_dark(colour, ground):
    # WCAG 2.2, 1.4.11: graphics need 3:1.
    dark, light = sorted([luminance(colour), luminance(ground)])
    assert (light + 0.05) / (dark + 0.05) >= 3


def test_a_reader_of_matplotlibrc_changes_nothing():
    import matplotlib

    expected = draw()
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert draw() == expected


def test_labels_are_cut_and_freed_of_backticks():
    assert shorten("a\nb") == "a b"
    assert shorten("x" * 50, 10) == "x" * 9 + "…"
    assert bare("`reaction time`:dose") == "reaction time:dose"
    assert bare(r"`a\`b`") == "a`b"
