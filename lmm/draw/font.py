"""DejaVu Sans: the width of a text, and of the glyphs that a PDF needs.

The files in `fonts` are DejaVu Sans 2.37 without hints, kerning and composed glyphs, for Latin, Greek, Cyrillic and
Armenian letters, marks, arrows and mathematics.
"""

from __future__ import annotations

import struct
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

ASCENT, DESCENT, CAPITAL = 0.76, 0.24, 0.73
"""Of a line of text above and below its baseline, and of a capital letter, in units of its size."""
_FILES = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}
_MISSING = 0


@dataclass(frozen=True)
class Font:
    """A TrueType font: its tables by name, its glyphs by character, and their widths in units of its em."""

    name: str
    tables: dict[str, bytes]
    glyphs: dict[int, int]
    advances: np.ndarray
    starts: np.ndarray
    em: int

    def glyph(self, character: str) -> int:
        """The number of the glyph of a character; 0, an empty frame, where the font has none."""
        return self.glyphs.get(ord(character), _MISSING)

    def width(self, text: str, size: float = 1.0) -> float:
        """How wide a text is at this size; letters that the font lacks count as wide as other fonts make them."""
        units = 0.0
        for character in text:
            glyph = self.glyph(character)
            if glyph != _MISSING:
                units += float(self.advances[glyph])
            elif not unicodedata.combining(character):
                units += self.em * (1.0 if unicodedata.east_asian_width(character) in "WF" else 0.6)
        return units / self.em * size

    def outline(self, glyph: int) -> bytes:
        """The outline of a glyph as the font has it; empty for a space."""
        return self.tables["glyf"][self.starts[glyph] : self.starts[glyph + 1]]


@cache
def font(bold: bool = False) -> Font:
    """The regular or the bold font."""
    name = _FILES[bold]
    data = (Path(__file__).parent / "fonts" / name).read_bytes()
    tables = {}
    for k in range(struct.unpack(">H", data[4:6])[0]):
        tag, _, start, length = struct.unpack(">4sIII", data[12 + 16 * k : 28 + 16 * k])
        tables[tag.decode()] = data[start : start + length]
    long_starts = struct.unpack(">h", tables["head"][50:52])[0]
    starts = np.frombuffer(tables["loca"], ">u4" if long_starts else ">u2").astype(int) * (1 if long_starts else 2)
    measured = struct.unpack(">H", tables["hhea"][34:36])[0]
    advances = np.frombuffer(tables["hmtx"][: 4 * measured], ">u2")[::2].astype(int)
    advances = np.concatenate([advances, np.repeat(advances[-1:], len(starts) - 1 - measured)])
    em = struct.unpack(">H", tables["head"][18:20])[0]
    return Font(Path(name).stem, tables, _glyphs(tables["cmap"]), advances, starts, em)


def width(text: str, size: float, bold: bool = False) -> float:
    """How wide a text is, in points."""
    return font(bold).width(text, size)


def _glyphs(table: bytes) -> dict[int, int]:
    """Glyph by character, from the table's segments (format 12: first and last character, first glyph)."""
    for k in range(struct.unpack(">H", table[2:4])[0]):
        start = struct.unpack(">I", table[8 + 8 * k : 12 + 8 * k])[0]
        if struct.unpack(">H", table[start : start + 2])[0] == 12:
            number = struct.unpack(">I", table[start + 12 : start + 16])[0]
            segments = np.frombuffer(table[start + 16 : start + 16 + 12 * number], ">u4").reshape(-1, 3).tolist()
            return {
                character: glyph + character - first
                for first, last, glyph in segments
                for character in range(first, last + 1)
            }
    raise ValueError("The font has no table of characters of format 12.")
