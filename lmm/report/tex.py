"""Text as TeX shows it: nothing in it is a command, and it compiles under pdfTeX, XeTeX and LuaTeX alike.

Letters that pdfTeX's fonts lack, such as those of Hebrew or emoji, are set by the two engines that can, if the font of
the document has them; pdfTeX prints their code points. The document needs no package for any of it.
"""

from __future__ import annotations

import re
import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "`": r"\textasciigrave{}", '"': r"{\char34}",
}  # fmt: skip
_SIGNS = {
    "\N{EN DASH}": "--", "\N{EM DASH}": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "…": r"\dots{}",
    "\N{NO-BREAK SPACE}": "~", "\N{THIN SPACE}": r"\,", "\N{NARROW NO-BREAK SPACE}": r"\,", "§": r"\S{}",
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}", "Ø": r"\O{}",
    "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}",
}  # fmt: skip
_FORMULAS = {
    "\N{MINUS SIGN}": "-", "×": r"\times", "±": r"\pm", "·": r"\cdot", "∞": r"\infty", "→": r"\to", "≥": r"\geq",
    "≤": r"\leq", "≠": r"\neq", "≈": r"\approx", "°": r"^{\circ}", "½": r"\frac{1}{2}", "¼": r"\frac{1}{4}",
    "¾": r"\frac{3}{4}", "⁻": "^{-}", "\N{MICRO SIGN}": r"\mu",
    **{digit: f"^{{{k}}}" for k, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{digit: f"_{{{k}}}" for k, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **dict(
        zip(
            "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
            r"\alpha \beta \gamma \delta \epsilon \zeta \eta \theta \iota \kappa \lambda \mu \nu \xi \pi \rho \sigma "
            r"\tau \upsilon \phi \chi \psi \omega \Gamma \Delta \Theta \Lambda \Xi \Pi \Sigma \Upsilon \Phi \Psi "
            r"\Omega".split(),
            strict=True,
        )
    ),
}  # fmt: skip
# Accents that the fonts of every encoding have (Lamport 1994, table 3.1), by the mark that Unicode combines.
_ACCENTS = {
    "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^", "\u0303": r"\~", "\u0308": r"\"", "\u030a": r"\r",
    "\u030c": r"\v", "\u0306": r"\u", "\u0304": r"\=", "\u0307": r"\.", "\u030b": r"\H", "\u0327": r"\c",
}  # fmt: skip
_LIGATURES = re.compile(r"-(?=-)|,(?=,)|'(?=')|[?!](?=`)")


def tex(text: str) -> str:
    """The text with all that means something to TeX, or is unknown to its fonts, replaced by what prints it."""
    # Dashes and quotes that stand together would melt into others.
    pieces, unknown = [], ""
    for letter in _LIGATURES.sub(lambda found: f"{found[0]}\0", text):
        known = _known(letter)
        if known is None:
            unknown += letter
            continue
        pieces.append(_for_other_engines(unknown) + known)
        unknown = ""
    return "".join(pieces) + _for_other_engines(unknown)


def _known(letter: str) -> str | None:
    if letter == "\0":
        return "{}"
    found = _SPECIAL.get(letter) or _SIGNS.get(letter)
    if found is not None:
        return found
    if letter in _FORMULAS:
        return rf"\ensuremath{{{_FORMULAS[letter]}}}"
    if " " <= letter < "\x7f":
        return letter
    base, *marks = unicodedata.normalize("NFD", letter)
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii() and base.isalpha():
        dotless = {"i": r"\i", "j": r"\j"}.get(base, base) if marks[0] != "\u0327" else base
        return f"{_ACCENTS[marks[0]]}{{{dotless}}}"
    return None


def _for_other_engines(letters: str) -> str:
    """Letters that pdfTeX cannot set; \\Umathchar is a primitive of XeTeX and LuaTeX alone."""
    if not letters:
        return ""
    codes = " ".join(f"U+{ord(letter):04X}" for letter in letters)
    return rf"\ifdefined\Umathchar {letters}\else [{codes}]\fi{{}}"
