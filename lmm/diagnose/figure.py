"""A figure of the report: the drawing and the words without which it would be decoration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from lmm.diagnose.check import Check
from lmm.diagnose.drawing import render
from lmm.diagnose.section import MODEL


@dataclass(frozen=True)
class DiagnosticFigure:
    """A drawing with its words; all texts are plain sentences, `alt` states what the drawing shows.

    `drawing` is the SVG of the page, `printed` the PDF for a paper.
    `good` says what a sound model looks like, `seen` what these data show (computed), `do` what follows from it.
    `concern` says in a sentence what speaks against reporting the model as it stands; empty where nothing does.
    `section` is DATA where the figure shows what came before any model, MODEL where it shows the model or its check.
    `checks` are what the figure was asked, for the checklist.
    """

    name: str
    title: str
    alt: str
    good: str
    seen: str
    do: str
    concern: str
    drawing: str
    printed: bytes
    section: str = MODEL
    checks: tuple[Check, ...] = ()

    def words(self) -> dict[str, str]:
        """All but the drawings, for findings.json."""
        return {
            "name": self.name,
            "title": self.title,
            "alt": self.alt,
            "good": self.good,
            "seen": self.seen,
            "do": self.do,
            "concern": self.concern,
            "section": self.section,
        }


@dataclass(frozen=True)
class OmittedFigure:
    """A figure that would show nothing, and the reason: a result, not a failure."""

    name: str
    title: str
    reason: str

    def words(self) -> dict[str, str]:
        """For findings.json."""
        return {"name": self.name, "title": self.title, "reason": self.reason}


def drawn(
    figure: Figure,
    *,
    name: str,
    title: str,
    alt: str,
    good: str,
    seen: str,
    do: str,
    concern: str = "",
    section: str = MODEL,
    checks: Sequence[Check] = (),
) -> DiagnosticFigure:
    """The figure written as SVG and PDF, together with its words."""
    drawing = render(figure, name, title, alt)
    return DiagnosticFigure(name, title, alt, good, seen, do, concern, drawing.svg, drawing.pdf, section, tuple(checks))
