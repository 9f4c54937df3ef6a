"""A figure as PDF, for a paper: one page of its size, its fonts inside, the same bytes whenever it is drawn.

Written by ISO 32000-1 (Adobe 2008, PDF 1.7): section 8 has graphics, 9.7.4 and 9.9 the embedded TrueType font, of
which only the glyphs of this page go in, 9.10.3 the map back to characters, by which texts can be searched and copied.
"""

from __future__ import annotations

import struct
import zlib
from functools import singledispatchmethod

import numpy as np

from lmm.draw.figure import Figure
from lmm.draw.font import Font, font
from lmm.draw.marks import Area, Box, Fill, Markers, Pen, Stroke, Text, corners

_ARC = 0.5523
"""Control points of four Bézier curves that make a circle of radius 1."""


def render(figure: Figure, title: str) -> bytes:
    """The page; `title` is what a reader shows in its title bar."""
    pencil = _Pencil(figure.height)
    for mark in figure.marks:
        pencil.draw(mark)
    file = _File()
    fonts = {f"F{int(bold)}": _embedded(file, font(bold), used) for bold, used in pencil.glyphs.items()}
    states = {name: file.add(f"<</ca {alpha:.3g}/CA {alpha:.3g}>>") for alpha, name in pencil.states.items()}
    shapes = {name: file.stream(content, f"/Type/XObject/Subtype/Form/BBox[{bounds}]")
              for name, content, bounds in pencil.shapes.values()}  # fmt: skip
    resources = f"<</Font{_names(fonts)}/ExtGState{_names(states)}/XObject{_names(shapes)}>>"
    # The page's y runs down, as the marks' does.
    drawing = f"1 0 0 -1 0 {figure.height:g} cm 1 j\n" + "\n".join(pencil.written)
    content = file.stream(drawing.encode("ascii"))
    pages = file.next + 1
    page = file.add(
        f"<</Type/Page/Parent {pages} 0 R/MediaBox[0 0 {figure.width:g} {figure.height:g}]"
        f"/Contents {content} 0 R/Resources{resources}>>"
    )
    file.add(f"<</Type/Pages/Kids[{page} 0 R]/Count 1>>")
    catalogue = file.add(f"<</Type/Catalog/Pages {pages} 0 R>>")
    information = file.add(f"<</Title<feff{_utf16(title)}>>>")
    return file.written(catalogue, information)


class _Pencil:
    """Writes marks one after another, and remembers the shapes, opacities and letters that they use."""

    def __init__(self, height: float):
        self.written: list[str] = []
        self.states: dict[float, str] = {}
        self.shapes: dict[tuple, tuple[str, bytes, str]] = {}
        self.glyphs: dict[bool, dict[int, tuple[int, str]]] = {}

    @singledispatchmethod
    def draw(self, mark: object) -> None:
        """Write a mark."""
        raise TypeError(f"There is no way to draw {mark!r}.")

    @draw.register
    def _(self, mark: Stroke) -> None:
        self._within(mark.within, f"{self._pen(mark.pen)} {''.join(map(_path, mark.lines))}S")

    @draw.register
    def _(self, mark: Area) -> None:
        paths = "".join(_path(polygon) + "h " for polygon in mark.polygons)
        self._within(mark.within, f"{self._look(mark.fill, mark.pen)} {paths}{_painted(mark.fill, mark.pen)}")

    @draw.register
    def _(self, mark: Markers) -> None:
        name = self._shape(mark)
        # Each place as a shift from the one before.
        shifts = np.diff(np.round(mark.places, 2), axis=0, prepend=0.0)
        each = f"1 0 0 1 %.2f %.2f cm/{name} Do\n" * len(shifts) % tuple(shifts.ravel().tolist())
        self._within(None, f"{self._look(mark.fill, mark.pen)}\n{each}")

    @draw.register
    def _(self, mark: Text) -> None:
        face = font(mark.bold)
        used = self.glyphs.setdefault(mark.bold, {0: (0, "\N{REPLACEMENT CHARACTER}")})
        codes = [used.setdefault(face.glyph(one), (len(used), one))[0] for one in mark.text]
        written = "".join(f"{code:04x}" for code in codes)
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.anchor] * _set_width(mark.text, mark.size, face)
        # Letters would stand on their heads on a page whose y runs down.
        turn = f"1 0 0 -1 {mark.x - shift:.2f} {mark.y:.2f}"
        if mark.upright:
            turn = f"0 -1 -1 0 {mark.x:.2f} {mark.y + shift:.2f}"
        self._within(
            None, f"{_colour(mark.colour)} rg BT/F{int(mark.bold)} {mark.size:g} Tf {turn} Tm <{written}> Tj ET"
        )

    def _within(self, box: Box | None, content: str) -> None:
        clip = f"{box.left:.2f} {box.top:.2f} {box.width:.2f} {box.height:.2f} re W n " if box else ""
        self.written.append(f"q {clip}{content} Q")

    def _look(self, fill: Fill | None, pen: Pen | None) -> str:
        parts = [self._pen(pen)] if pen else []
        if fill:
            parts += [f"{_colour(fill.colour)} rg", self._alpha(fill.alpha)]
        return " ".join(filter(None, parts))

    def _pen(self, pen: Pen) -> str:
        dashes = f"[{' '.join(f'{length:.2f}' for length in pen.dashes)}] 0 d " if pen.dashes else ""
        return f"{_colour(pen.colour)} RG {pen.width:.2f} w {dashes}{self._alpha(pen.alpha)}"

    def _alpha(self, alpha: float) -> str:
        return "" if alpha >= 1 else f"/{self.states.setdefault(round(alpha, 3), f'A{len(self.states)}')} gs"

    def _shape(self, mark: Markers) -> str:
        key = mark.shape, mark.size, mark.fill is None, mark.pen is None
        if key not in self.shapes:
            outline = _circle(mark.size / 2) if mark.shape == "o" else _path(corners(mark.shape, mark.size)) + "h "
            reach = mark.size + 2
            content = (outline + _painted(mark.fill, mark.pen)).encode("ascii")
            bounds = f"{-reach:.2f} {-reach:.2f} {reach:.2f} {reach:.2f}"
            self.shapes[key] = f"M{len(self.shapes)}", content, bounds
        return self.shapes[key][0]


class _File:
    """The objects of a PDF, numbered from 1."""

    def __init__(self) -> None:
        self._objects: list[bytes] = []

    @property
    def next(self) -> int:
        """The number of the next object."""
        return len(self._objects) + 1

    def add(self, content: str | bytes) -> int:
        """Add an object and tell its number."""
        self._objects.append(content.encode("ascii") if isinstance(content, str) else content)
        return len(self._objects)

    def stream(self, content: bytes, head: str = "") -> int:
        """Add a compressed stream and tell its number."""
        packed = zlib.compress(content)
        return self.add(
            f"<<{head}/Filter/FlateDecode/Length {len(packed)}>>\nstream\n".encode() + packed + b"\nendstream"
        )

    def written(self, catalogue: int, information: int) -> bytes:
        """The file, with the table that says where each object begins."""
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        starts = []
        for number, content in enumerate(self._objects, 1):
            starts.append(len(out))
            out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
        table = "".join(f"{start:010d} 00000 n \n" for start in starts)
        out += (
            f"xref\n0 {len(starts) + 1}\n0000000000 65535 f \n{table}"
            f"trailer\n<</Size {len(starts) + 1}/Root {catalogue} 0 R/Info {information} 0 R>>\n"
            f"startxref\n{len(out)}\n%%EOF\n"
        ).encode()
        return bytes(out)


def _embedded(file: _File, face: Font, used: dict[int, tuple[int, str]]) -> int:
    """The font with those glyphs alone; `used` has code and character by glyph, the codes counting from 0."""
    glyphs = list(used)
    widths = " ".join(f"{face.advances[glyph] * 1000 / face.em:.0f}" for glyph in glyphs)
    program = _program(face, glyphs)
    # A subset is named by six letters of its own, which follow from what is in it.
    seed = zlib.crc32(program)
    name = "".join(chr(65 + seed // 26**k % 26) for k in range(6)) + "+" + face.name
    box = " ".join(f"{value * 1000 / face.em:.0f}" for value in struct.unpack(">4h", face.tables["head"][36:44]))
    embedded = file.stream(program, f"/Length1 {len(program)}")
    described = file.add(
        f"<</Type/FontDescriptor/FontName/{name}/Flags 4/FontBBox[{box}]/ItalicAngle 0/Ascent 928/Descent -236"
        f"/CapHeight 729/StemV 80/FontFile2 {embedded} 0 R>>"
    )
    inner = file.add(
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{name}/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
        f"/Supplement 0>>/FontDescriptor {described} 0 R/CIDToGIDMap/Identity/W[0[{widths}]]>>"
    )
    back = file.stream(_characters(used))
    return file.add(
        f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H/DescendantFonts[{inner} 0 R]"
        f"/ToUnicode {back} 0 R>>"
    )


def _program(face: Font, glyphs: list[int]) -> bytes:
    """A TrueType file of these glyphs in this order."""
    outlines = [face.outline(glyph) for glyph in glyphs]
    outlines = [outline + b"\0" * (-len(outline) % 4) for outline in outlines]
    starts = np.cumsum([0, *map(len, outlines)])
    measures = [face.tables["hmtx"][4 * glyph : 4 * glyph + 4] for glyph in glyphs]
    head = bytearray(face.tables["head"])
    head[8:12] = b"\0" * 4
    head[50:52] = struct.pack(">h", 1)
    tables = {
        "glyf": b"".join(outlines),
        "head": bytes(head),
        "hhea": face.tables["hhea"][:34] + struct.pack(">H", len(glyphs)),
        "hmtx": b"".join(measures),
        "loca": starts.astype(">u4").tobytes(),
        "maxp": face.tables["maxp"][:4] + struct.pack(">H", len(glyphs)) + face.tables["maxp"][6:],
    }
    power = int(np.log2(len(tables)))
    directory = struct.pack(">IHHHH", 0x10000, len(tables), 16 << power, power, 16 * len(tables) - (16 << power))
    body, start = b"", 12 + 16 * len(tables)
    for tag, table in tables.items():
        padded = table + b"\0" * (-len(table) % 4)
        checksum = int(np.frombuffer(padded, ">u4").sum(dtype=np.uint64)) & 0xFFFFFFFF
        directory += struct.pack(">4sIII", tag.encode(), checksum, start + len(body), len(table))
        body += padded
    return directory + body


def _characters(used: dict[int, tuple[int, str]]) -> bytes:
    """Which character a code stands for."""
    pairs = [f"<{code:04x}><{_utf16(character)}>" for code, character in used.values()]
    blocks = [pairs[k : k + 100] for k in range(0, len(pairs), 100)]
    lists = "".join(f"{len(block)} beginbfchar\n{' '.join(block)}\nendbfchar\n" for block in blocks)
    return (
        "/CIDInit/ProcSet findresource begin 12 dict begin begincmap\n"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def/CMapName/Adobe-Identity-UCS def"
        "/CMapType 2 def\n1 begincodespacerange<0000><ffff>endcodespacerange\n"
        f"{lists}endcmap CMapName currentdict/CMap defineresource pop end end\n"
    ).encode()


def _set_width(text: str, size: float, face: Font) -> float:
    """How far the page's own glyphs reach, a frame for every missing one."""
    return sum(float(face.advances[face.glyph(character)]) for character in text) / face.em * size


def _utf16(text: str) -> str:
    return text.encode("utf-16-be", "replace").hex()


def _names(objects: dict[str, int]) -> str:
    return f"<<{''.join(f'/{name} {number} 0 R' for name, number in objects.items())}>>"


def _path(points: np.ndarray) -> str:
    operators = "%.2f %.2f m " + "%.2f %.2f l " * (len(points) - 1)
    return operators % tuple(points.ravel().tolist())


def _circle(radius: float) -> str:
    r, c = radius, _ARC * radius
    quarters = [(r, c, c, r, 0, r), (-c, r, -r, c, -r, 0), (-r, -c, -c, -r, 0, -r), (c, -r, r, -c, r, 0)]
    curves = "".join(" ".join(f"{number:.3f}" for number in quarter) + " c " for quarter in quarters)
    return f"{r:.3f} 0 m {curves}h "


def _painted(fill: Fill | None, pen: Pen | None) -> str:
    return {(True, True): "B", (True, False): "f", (False, True): "S"}[fill is not None, pen is not None]


def _colour(colour: str) -> str:
    return " ".join(f"{int(colour[k : k + 2], 16) / 255:.3g}" for k in (1, 3, 5))
