"""A matplotlib figure as PDF, for a paper: the layout of the SVG, the same bytes whenever it is drawn."""

from __future__ import annotations

import io
import warnings

from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure


def render(figure: Figure, title: str) -> bytes:
    """The figure as it was laid out when it was drawn before, with its fonts inside and no date.

    Figure.savefig would lay it out again and draw it once more to measure it, which costs twice the time and changes
    nothing.
    """
    figure.set_layout_engine("none")
    out = io.BytesIO()
    with warnings.catch_warnings():
        # DejaVu lacks the letters of some scripts; the SVG leaves them to the reader's fonts.
        warnings.filterwarnings("ignore", message=".*[Gg]lyph.*")
        FigureCanvasPdf(figure).print_pdf(
            out, metadata={"Title": title, "Creator": None, "Producer": None, "CreationDate": None}
        )
    return out.getvalue()
