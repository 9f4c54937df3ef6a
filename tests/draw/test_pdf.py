"""A drawing as PDF, read back by poppler: its page, its fonts, its words and its ink."""

import shutil
import subprocess

import numpy as np
import pytest

from lmm.diagnose import style
from lmm.draw import pdf

pytestmark = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
WORDS = ["σ² of τ, ζ, χ², −3.5", "Größe (µm) ≥ √2 — “naïve” × …", "Δίαιτα", "возраст", "<b>(x)\\&"]


def draw(labels=("one",), bold=False):
    figure, (axes,) = style.canvas(2.0)
    axes.plot([0, 1], [0, 1], color=style.BLUE)
    axes.scatter(np.arange(30), np.sqrt(np.arange(30)), **style.points(30))
    axes.set_ylabel("Upright")
    for k, label in enumerate(labels):
        axes.text(0, k, label, bold=bold)
    return pdf.render(figure, "Title of “σ²”")


def run(tool, content, tmp_path, *arguments):
    path = tmp_path / "figure.pdf"
    path.write_bytes(content)
    done = subprocess.run([tool, *arguments, str(path), *(["-"] if tool == "pdftotext" else [])], capture_output=True)
    assert done.stderr == b"" and done.returncode == 0
    return done.stdout.decode()


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("word", WORDS)
def test_words_can_be_searched_and_copied_in_any_alphabet_of_the_font(word, bold, tmp_path):
    assert word in run("pdftotext", draw([word], bold), tmp_path, "-raw")


def test_the_page_has_the_size_of_the_figure_and_its_title(tmp_path):
    told = run("pdfinfo", draw(), tmp_path)
    assert "Page size:       374.4 x 144 pts" in told
    assert "Title:           Title of “σ²”" in told


def test_fonts_are_inside_with_the_glyphs_in_use_alone(tmp_path):
    told = run("pdffonts", draw(), tmp_path).splitlines()[2:]
    assert len(told) == 1
    name, *rest = told[0].split()
    assert name.endswith("+DejaVuSans")
    assert rest[:2] == ["CID", "TrueType"] and rest[3:6] == ["yes", "yes", "yes"]
    assert len(draw()) < 12_000


def test_letters_that_the_font_lacks_leave_a_frame_and_the_others_whole(tmp_path):
    assert "age" in run("pdftotext", draw(["年齢 age"]), tmp_path, "-raw")


def test_the_same_drawing_has_the_same_bytes():
    assert draw(WORDS) == draw(WORDS)


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not installed")
def test_ink_lies_where_the_marks_are(tmp_path):
    figure, (axes,) = style.canvas(2.0)
    axes.set_axis_off()
    axes.set_xlim(0, 4)
    axes.set_ylim(0, 2)
    axes.barh(0.5, 1.0, left=0.5, height=0.5, color="#ff0000")
    axes.scatter([3], [1.5], s=400, color="#0000ff", marker="s")
    path = tmp_path / "figure.pdf"
    path.write_bytes(pdf.render(figure, ""))
    out = subprocess.run(["pdftoppm", "-r", "72", str(path)], capture_output=True, check=True).stdout
    _, size, _, pixels = out.split(b"\n", 3)
    wide, high = map(int, size.split())
    picture = np.frombuffer(pixels, np.uint8)[: wide * high * 3].reshape(high, wide, 3).astype(int)
    for channel, x, y in ((0, 1.0, 0.5), (2, 3.0, 1.5)):
        rows, columns = np.nonzero((picture[..., channel] > 200) & (picture.sum(axis=2) < 400))
        assert columns.mean() / wide == pytest.approx(x / 4, abs=0.02)
        assert 1 - rows.mean() / high == pytest.approx(y / 2, abs=0.03)
