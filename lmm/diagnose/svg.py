"""What matplotlib writes as SVG, made to stand inside a page: small, deterministic, theme-aware, with its own ids."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from lmm.diagnose.style import INK

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_TEXT, _GROUP = f"{{{_SVG}}}text", f"{{{_SVG}}}g"
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_INK = re.compile(rf"(?<![\w#]){INK}(?!\w)")
_FONT_FAMILY_SET = re.compile(r"font-family:[^;]*;?\s*")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FONT_FAMILY = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"


def tidied(raw: str, name: str, title: str, alt: str) -> str:
    """What matplotlib wrote as an `<svg>` element whose accessible name is `title` and whose description is `alt`.

    `name` prefixes every id, so that many figures can share a page; it must be unique there. Text stays text (the
    browser finds the glyphs of any script). Black becomes `currentColor` and the ground is transparent, so that the
    drawing follows a light or a dark page. Nothing depends on the clock.
    """
    # matplotlib passes control characters through, which no XML reader accepts.
    root = ElementTree.fromstring(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", raw))
    _drop_ornament(root)
    _own_ids(root, name)
    for element in root.iter():
        _tidy(element)
    _flatten(root)
    _describe(root, name, title, alt)
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _drop_ornament(root: ElementTree.Element) -> None:
    """Without metadata, comments and the sheet `*{…}`, which inline in a page would style the whole page."""
    for child in list(root):
        if child.tag == f"{{{_SVG}}}metadata":
            root.remove(child)
        elif child.tag == f"{{{_SVG}}}defs":
            for sheet in child.findall(f"{{{_SVG}}}style"):
                child.remove(sheet)
            if not len(child):
                root.remove(child)
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)


def _own_ids(root: ElementTree.Element, name: str) -> None:
    """Ids that something refers to, prefixed with `name`; the others dropped."""
    references = set()
    for element in root.iter():
        for attribute, value in element.attrib.items():
            if attribute == f"{{{_XLINK}}}href" and value.startswith("#"):
                references.add(value[1:])
            references.update(re.findall(r"url\(#([^)]+)\)", value))
    # matplotlib hashes ids from content; counting in document order is shorter and as stable.
    short = {}
    for element in root.iter():
        identity = element.attrib.pop("id", None)
        if identity in references:
            short[identity] = f"{name}-{len(short)}"
            element.set("id", short[identity])
    for element in root.iter():
        link = element.attrib.pop(f"{{{_XLINK}}}href", None)
        if link is not None:
            element.set("href", f"#{short[link[1:]]}" if link.startswith("#") else link)
        for attribute, value in element.attrib.items():
            if "url(#" in value:
                element.set(attribute, re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{short[m[1]]})", value))


def _tidy(element: ElementTree.Element) -> None:
    """Two decimals of a point are enough; ink follows the page's text colour, and text the page's font."""
    for attribute, value in list(element.attrib.items()):
        if attribute in ("d", "x", "y", "transform", "points", "width", "height"):
            value = " ".join(_LONG_NUMBER.sub(_rounded, value).split())
            if value.startswith("rotate(-0 ") or value.startswith("rotate(0 "):
                del element.attrib[attribute]
            else:
                element.set(attribute, value)
        elif attribute == "style":
            value = _FONT_FAMILY_SET.sub("", _INK.sub("currentColor", value))
            value = re.sub(r"\s*([:;])\s*", r"\1", value).rstrip(";")
            element.set("style", value)
    if element.tag != _TEXT and element.text is not None and not element.text.strip():
        element.text = None
    element.tail = None


def _rounded(match: re.Match) -> str:
    text = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _flatten(parent: ElementTree.Element) -> None:
    """Groups that carry nothing dissolve, invisible shapes go, a style that all points share moves to their group."""
    children = []
    for child in parent:
        _flatten(child)
        if child.tag == _GROUP and not child.attrib:
            children.extend(child)
        elif not (child.tag == f"{{{_SVG}}}path" and child.get("style") == "fill:none"):
            children.append(child)
    parent[:] = children
    if parent.tag == _GROUP and len(children) > 2 and all(child.tag == f"{{{_SVG}}}use" for child in children):
        styles = {child.get("style") for child in children}
        if len(styles) == 1 and None not in styles and "style" not in parent.attrib:
            parent.set("style", styles.pop())
            for child in children:
                del child.attrib["style"]


def _describe(root: ElementTree.Element, name: str, title: str, alt: str) -> None:
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-description")
    # matplotlib leaves out a black fill, as black is SVG's own default; so the default becomes the page's ink.
    root.set("style", f"fill:currentColor;stroke-linejoin:round;stroke-linecap:butt;font-family:{_FONT_FAMILY}")
    for position, (tag, text) in enumerate((("title", title), ("desc", alt))):
        element = ElementTree.Element(f"{{{_SVG}}}{tag}")
        element.set("id", f"{name}-title" if tag == "title" else f"{name}-description")
        element.text = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
        root.insert(position, element)
