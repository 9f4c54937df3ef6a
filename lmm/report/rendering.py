"""Templates filled in: user's words are escaped wherever they stand."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from lmm import numbers
from lmm.report.layout import layout
from lmm.report.markup import exactly, told
from lmm.report.pagetables import file_name

# What no XML or HTML text may hold; a stray control character in a label must not break the page.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def render(template: str, **values: Any) -> str:
    """A page from its template; a value that the template lacks is an error."""
    page = _environment().get_template(template).render(**values)
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", page)


def script(file: str) -> tuple[Markup, str]:
    """A script of the templates' folder, and the source that allows it, and no other, to run in a page."""
    environment = _environment()
    text = environment.loader.get_source(environment, file)[0]
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Markup(text), f"'sha256-{digest}'"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lmm.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        decimal=numbers.decimal,
        bounded=numbers.bounded,
        p_number=numbers.p_number,
        told=told,
        exactly=exactly,
        file_name=file_name,
        layout=layout,
    )
    return environment
