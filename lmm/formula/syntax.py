"""From the text of a formula to an expression tree, by R's grammar.

Nothing is ever evaluated as Python: the tree holds names, numbers, quoted text, operators and calls, and
`lmm.formula.evaluate` interprets it with its own short list of functions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from lmm.errors import InputError


@dataclass(frozen=True, slots=True)
class Name:
    """A column of the data (or, inside C(), the name of a contrast)."""

    text: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A number; `integer` where it was written with R's suffix L."""

    value: float
    integer: bool = False
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """Quoted text."""

    value: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Logical:
    """TRUE or FALSE (Python's True and False too), or T or F as the value of an argument."""

    value: bool
    text: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """An operator before its operand: - + !"""

    operator: str
    operand: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between its operands."""

    operator: str
    left: Node
    right: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments, each with its keyword or None."""

    function: str
    arguments: tuple[tuple[str | None, Node], ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Parentheses:
    """An expression in parentheses; kept, because R prints them in the names of columns."""

    inner: Node
    position: int = field(default=0, compare=False)


Node = Name | Number | Text | Logical | Unary | Binary | Call | Parentheses

# R's precedence, from ?Syntax; a higher number binds more tightly.
PRECEDENCE = {
    "~": 10,
    "|": 20, "||": 20,
    "&": 30, "&&": 30,
    "==": 50, "!=": 50, "<": 50, ">": 50, "<=": 50, ">=": 50,
    "+": 60, "-": 60,
    "*": 70, "/": 70,
    "%in%": 80, "%%": 80, "%/%": 80,
    ":": 90,
    "^": 110,
}  # fmt: skip
UNARY_PRECEDENCE = {"-": 100, "+": 100, "!": 40}
COMPARISONS = ("==", "!=", "<", ">", "<=", ">=")

TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?L?)
    | (?P<name>(?:[^\W\d]|\.(?!\d))[\w.\u0300-\u036f]*(?:::[^\W\d][\w.]*)?)
    | (?P<backtick>`(?:[^`\\]|\\.)+`)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<operator>%in%|%%|%/%|\*\*|\|\||&&|==|!=|<=|>=|[-+*/^:~|&<>!(),=])
    """,
    re.VERBOSE | re.DOTALL,
)


def mistake(text: str, position: int, sentence: str) -> InputError:
    """Return an InputError whose second and third line show `text` with a caret under `position`."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    width = sum(_width(character) for character in shown[:position])
    return InputError(f"{sentence}\n  {shown}\n  {' ' * width}^")


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Token(NamedTuple):
    """A piece of the text: `kind` is a group of TOKEN, or "end"."""

    kind: str
    text: str
    position: int


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise mistake(text, position, _unreadable(text[position]))
        if match.lastgroup != "space":
            yield Token(match.lastgroup, match.group(), position)
        position = match.end()
    yield Token("end", "", len(text))


def _unreadable(character: str) -> str:
    if character in "\"'`":
        return f"The formula opens a quote {character} that is never closed."
    if character in "[]{}":
        return f"A formula has no use for '{character}': make the column in the data first and name it here."
    return f"A formula cannot use the character {character!r}: put column names with such characters in `backticks`."


class _Parser:
    """Precedence climbing over the tokens of one text."""

    def __init__(self, text: str):
        self.text = text
        self.tokens = list(_tokens(text))
        self.next = 0

    def peek(self) -> Token:
        return self.tokens[self.next]

    def take(self) -> Token:
        token = self.tokens[self.next]
        self.next += 1
        return token

    def take_operator(self, *operators: str) -> Token | None:
        token = self.peek()
        if token.kind == "operator" and token.text in operators:
            return self.take()
        return None

    def unexpected(self, wanted: str) -> InputError:
        token = self.peek()
        found = "ends" if token.kind == "end" else f"has '{token.text}'"
        return mistake(self.text, token.position, f"The formula {found} where {wanted} should stand.")

    def whole(self) -> Node:
        node = self.expression(0)
        if self.peek().kind != "end":
            raise self.unexpected("an operator or the end")
        return node

    def expression(self, weakest: int) -> Node:
        left = self.operand()
        while True:
            token = self.peek()
            operator = "^" if token.text == "**" else token.text
            power = PRECEDENCE.get(operator, -1) if token.kind == "operator" else -1
            if power < weakest or power < 0:
                return left
            if _cannot_chain(left, operator):
                raise self.unexpected("another operator or the end")
            self.take()
            # `^` associates to the right and lets a sign follow: 2^-1
            right = self.expression(power if operator == "^" else power + 1)
            left = Binary(operator, left, right, token.position)

    def operand(self) -> Node:
        token = self.peek()
        if token.kind == "operator" and token.text in UNARY_PRECEDENCE:
            self.take()
            return Unary(token.text, self.expression(UNARY_PRECEDENCE[token.text]), token.position)
        if token.kind == "operator" and token.text == "(":
            self.take()
            inner = self.expression(20)
            if not self.take_operator(")"):
                raise self.unexpected("a closing parenthesis")
            return Parentheses(inner, token.position)
        if token.kind == "number":
            self.take()
            integer = token.text.endswith("L")
            return Number(float(token.text.rstrip("L")), integer, token.position)
        if token.kind == "text":
            self.take()
            return Text(_unescape(token.text), token.position)
        if token.kind == "name":
            self.take()
            if self.take_operator("("):
                return Call(token.text, self.arguments(), token.position)
            if "::" in token.text:
                raise mistake(self.text, token.position, f"'{token.text}' names no column: '::' is for functions.")
            if token.text in ("TRUE", "FALSE", "True", "False"):
                return Logical(token.text.upper() == "TRUE", token.text, token.position)
            return Name(token.text, token.position)
        if token.kind == "backtick":
            self.take()
            return Name(_unescape(token.text), token.position)
        if token.text == "~" and self.next == 0:
            raise mistake(self.text, token.position, "The formula has no outcome left of '~'.")
        raise self.unexpected("a column, a number or a function")

    def arguments(self) -> tuple[tuple[str | None, Node], ...]:
        found: list[tuple[str | None, Node]] = []
        if self.take_operator(")"):
            return ()
        while True:
            keyword = None
            after = self.tokens[min(self.next + 1, len(self.tokens) - 1)]
            if self.peek().kind == "name" and after.kind == "operator" and after.text == "=":
                keyword = self.take().text
                self.take()
            value = self.expression(20)
            if keyword is not None and isinstance(value, Name) and value.text in ("T", "F"):
                value = Logical(value.text == "T", value.text, value.position)
            found.append((keyword, value))
            if self.take_operator(")"):
                return tuple(found)
            if not self.take_operator(","):
                raise self.unexpected("a comma or a closing parenthesis")


def _cannot_chain(left: Node, operator: str) -> bool:
    alike = ("~",) if operator == "~" else COMPARISONS
    return operator in alike and isinstance(left, Binary) and left.operator in alike


def _unescape(quoted: str) -> str:
    escapes = {"n": "\n", "t": "\t"}
    return re.sub(r"\\(.)", lambda match: escapes.get(match[1], match[1]), quoted[1:-1], flags=re.DOTALL)


def parse_expression(text: str) -> Node:
    """Return the expression tree of `text`, a formula or a part of one.

    Raises InputError with the place marked where `text` does not follow R's grammar.
    """
    if not text.strip():
        raise InputError("The formula is empty: write for example 'outcome ~ predictor + (1 | group)'.")
    try:
        return _Parser(text).whole()
    except RecursionError:
        raise InputError("The formula is nested too deeply to be read: write it with fewer parentheses.") from None
