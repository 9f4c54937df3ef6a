"""Text with statistical symbols for a page: user's words are escaped, symbols are set in italics as APA asks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from markupsafe import Markup, escape

from lmm import numbers
from lmm.diagnose.labels import bare

_P = re.compile(r"\bp (?=(?:=|&lt;|&gt;) )")


def say(template: str, *values: object, **named: object) -> Markup:
    """The template with the values put in; all that is not Markup already is escaped."""
    return Markup(template).format(*values, **named)


def name(text: str) -> Markup:
    """A column, level or group that the user named: isolated, so that right-to-left text keeps its neighbours."""
    return say("<bdi>{}</bdi>", bare(text))


def told(text: str) -> Markup:
    """A sentence that another stage wrote as plain text, with its p-values' symbol in italics."""
    return Markup(_P.sub("<i>p</i> ", str(escape(text))))


def exactly(texts: str | Iterable[str]) -> Markup:
    """The attributes of a table's cell that hold the numbers behind its text in full; none behind plain text.

    `data-value` is the main one, to sort by; `data-values` holds all of several by what each of them is.
    """
    values = numbers.values_of(texts)
    if not values:
        return Markup("")
    main = next(iter(values.values()))
    attribute = say(' data-value="{}"', "" if main is None else json.dumps(main))
    parts = say(' data-values="{}"', json.dumps(values, ensure_ascii=False)) if set(values) != {""} else ""
    return attribute + parts


def p_value(p: float | None) -> Markup:
    """The p-value with its symbol: "p = .032"."""
    text = numbers.p_value(p)
    return say("<i>p</i>{}", text[1:]) if text.startswith("p") else Markup(text)


def listing(items: Iterable[object], conjunction: str = "and") -> Markup:
    """Items as a sentence lists them: "a, b and c"."""
    items = list(items)
    if len(items) < 2:
        return Markup("").join(items)
    return say("{} {} {}", Markup(", ").join(items[:-1]), conjunction, items[-1])


def sentences(parts: Iterable[object]) -> Markup:
    """Sentences as a paragraph, empty ones left out."""
    return Markup(" ").join(part for part in parts if part)
