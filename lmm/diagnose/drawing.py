"""A matplotlib figure as SVG for the page and as PDF for a paper, from one walk over what there is to draw."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_pdf import PdfFile, RendererPdf
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure

from lmm.diagnose import svg
from lmm.diagnose.layout import arrange

_POINTS = 72
"""To an inch: what both formats count in."""
_RASTER = 200
"""Dots to an inch of what is too much to be drawn as shapes."""


@dataclass(frozen=True)
class Drawing:
    """The same drawing as an `<svg>` element, and as a PDF with its fonts inside and no date."""

    svg: str
    pdf: bytes


def render(figure: Figure, name: str, title: str, alt: str) -> Drawing:
    """The figure in both formats, the same bytes whenever it is drawn; the figure is spent by it.

    `name` prefixes every id of the SVG, whose accessible name is `title` and whose description is `alt`.
    """
    raw, printed = io.StringIO(), io.BytesIO()
    width, height = figure.get_size_inches()
    figure.dpi = _POINTS
    with warnings.catch_warnings():
        # DejaVu lacks the letters of some scripts; the SVG leaves them to the reader's fonts.
        warnings.filterwarnings("ignore", message=".*[Gg]lyph.*")
        page = RendererSVG(
            width * _POINTS,
            height * _POINTS,
            raw,
            image_dpi=_RASTER,
            metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
        )
        arrange(figure, page)
        file = PdfFile(printed, {"Title": title, "Creator": None, "Producer": None, "CreationDate": None})
        try:
            file.newPage(width, height)
            both = _Both(page, RendererPdf(file, _RASTER, height, width))
            figure.draw(MixedModeRenderer(figure, width, height, _RASTER, both))
            page.finalize()
            file.finalize()
        finally:
            file.close()
    return Drawing(svg.tidied(raw.getvalue(), name, title, alt), printed.getvalue())


class _Both(RendererBase):
    """Hands everything on to both renderers: what is to be drawn where costs more to find out than to write down."""

    def __init__(self, page: RendererSVG, paper: RendererPdf) -> None:
        super().__init__()
        self._page, self._paper = page, paper
        self.get_image_magnification = page.get_image_magnification
        # The PDF keeps more in a graphics context than the SVG asks of it.
        self.new_gc = paper.new_gc
        self.get_text_width_height_descent = page.get_text_width_height_descent
        self.get_canvas_width_height = page.get_canvas_width_height

    def flipy(self) -> bool:
        return False

    def open_group(self, s, gid=None) -> None:
        self._page.open_group(s, gid)

    def close_group(self, s) -> None:
        self._page.close_group(s)

    def draw_path(self, gc, path, transform, rgbFace=None) -> None:
        self._page.draw_path(gc, path, transform, rgbFace)
        self._paper.draw_path(gc, path, transform, rgbFace)

    def draw_markers(self, gc, *what, **named) -> None:
        self._page.draw_markers(gc, *what, **named)
        self._paper.draw_markers(gc, *what, **named)

    def draw_path_collection(self, gc, *what, **named) -> None:
        self._page.draw_path_collection(gc, *what, **named)
        self._paper.draw_path_collection(gc, *what, **named)

    def draw_image(self, gc, *what, **named) -> None:
        self._page.draw_image(gc, *what, **named)
        self._paper.draw_image(gc, *what, **named)

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None) -> None:
        # An SVG counts from its upper edge.
        self._page.draw_text(gc, x, self._page.height - y, s, prop, angle, ismath, mtext)
        self._paper.draw_text(gc, x, y, s, prop, angle, ismath, mtext)
