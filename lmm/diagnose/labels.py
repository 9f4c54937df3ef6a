"""Names of columns and levels as a reader should see them."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"`((?:[^`\\]|\\.)*)`")
_ESCAPED = re.compile(r"\\(.)")
_CENTRED = re.compile(r"\bscale\((.+?), scale = FALSE\)")


def bare(label: str) -> str:
    """A label of the formula without the backticks that R puts around names such as `reaction time`.

    A covariate about its mean, `scale(x, scale = FALSE)`, is "x (centred)".
    """
    return _CENTRED.sub(r"\1 (centred)", _QUOTED.sub(lambda quoted: _ESCAPED.sub(r"\1", quoted[1]), label))


def shorten(text: object, length: int = 28) -> str:
    """A label that fits a figure: on one line, cut with an ellipsis; the tables show it in full."""
    line = " ".join(bare(str(text)).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
