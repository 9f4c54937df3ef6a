"""From an expression tree to text, spelt as R's deparse() spells it: the names of columns are made of it."""

from __future__ import annotations

import re

from lmm.formula.syntax import Binary, Call, Logical, Name, Node, Number, Parentheses, Text, Unary

SPACED = {"~", "|", "||", "&", "&&", "==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "%in%", "%%", "%/%"}
SYNTACTIC = re.compile(r"(?:[^\W\d]|\.(?!\d))[\w.\u0300-\u036f]*")
RESERVED = set("TRUE FALSE True False NULL NA NaN Inf if else repeat while function for in next break".split())


def deparse(node: Node) -> str:
    """Return the text of `node` with R's spacing: ``poly(x, 2)``, ``I(age - 11)``, ``I(x^2)``, ``a/b``."""
    match node:
        case Name(text):
            return name_text(text)
        case Number(value, integer):
            return f"{int(value)}L" if integer else number_text(value)
        case Text(value):
            return quoted(value, '"')
        case Logical(_, text):
            return text
        case Unary(operator, operand):
            return operator + deparse(operand)
        case Parentheses(inner):
            return f"({deparse(inner)})"
        case Call(function, arguments):
            inside = ", ".join(f"{key} = {deparse(value)}" if key else deparse(value) for key, value in arguments)
            return f"{function}({inside})"
        case Binary():
            return _chain(node)
    raise TypeError(node)


def _chain(node: Node) -> str:
    # A sum of a thousand columns is a tree a thousand levels deep on its left: walk it, do not recurse.
    tail: list[str] = []
    while isinstance(node, Binary):
        operator = f" {node.operator} " if node.operator in SPACED else node.operator
        tail.append(operator + deparse(node.right))
        node = node.left
    return deparse(node) + "".join(reversed(tail))


def name_text(name: str) -> str:
    """Return a column's name as R prints it: in backticks unless it is syntactic."""
    return name if SYNTACTIC.fullmatch(name) and name not in RESERVED else quoted(name, "`")


def quoted(text: str, quote: str) -> str:
    """Return `text` between quotes, with backslashes where needed."""
    for plain, escaped in (("\\", "\\\\"), (quote, "\\" + quote), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return quote + text + quote


def number_text(value: float) -> str:
    """Return a number with up to 15 significant digits, fixed or scientific, whichever is shorter (fixed on a tie)."""
    mantissa, _, exponent = f"{value:.14e}".partition("e")
    if not exponent:
        return f"{value}"
    mantissa = mantissa.rstrip("0").rstrip(".")
    sign = "-" if int(exponent) < 0 else "+"
    scientific = f"{mantissa}e{sign}{abs(int(exponent)):02d}"
    digits = len(mantissa.replace("-", "").replace(".", ""))
    fixed = f"{value:.{max(0, digits - 1 - int(exponent))}f}"
    return fixed if len(fixed) <= len(scientific) else scientific
