"""A matplotlib figure as PDF, for a paper: the layout of the SVG, the same bytes whenever it is drawn."""

from __future__ import annotations

import io
import warnings

from matplotlib.figure import Figure


def render(figure: Figure, title: str) -> bytes:
    """The figure as it was laid out when it was drawn before, with its fonts inside and no date.

    Laying it out again would double the time and change nothing.
    """
    figure.set_layout_engine("none")
    out = io.BytesIO()
    with warnings.catch_warnings():
        # DejaVu lacks the letters of some scripts; the SVG leaves them to the reader's fonts.
        warnings.filterwarnings("ignore", message=".*[Gg]lyph.*")
        figure.savefig(
            out, format="pdf", metadata={"Title": title, "Creator": None, "Producer": None, "CreationDate": None}
        )
    return out.getvalue()
