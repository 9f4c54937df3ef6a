"""The random part of a formula: what lme4 reads in ``(x | g)``, ``(x || g)`` and ``(1 | a/b)``."""

from __future__ import annotations

from dataclasses import dataclass

from lmm.formula.deparse import deparse
from lmm.formula.syntax import Binary, Call, Name, Node, Parentheses, Unary, mistake
from lmm.formula.terms import Terms, expand

FACTOR_FUNCTIONS = ("factor", "as.factor", "ordered", "as.ordered", "C")


@dataclass(frozen=True)
class RandomPart:
    """One bar for one grouping factor.

    terms: the left side; group: the expressions whose interaction is the grouping factor, ``a:b`` being two;
    independent: whether every column is a random term of its own, as after ``||``.
    """

    terms: Terms
    group: tuple[Node, ...]
    independent: bool

    @property
    def group_label(self) -> str:
        """The grouping factor's name, such as ``batch:cask``; column names stand as they are, without backticks."""
        return ":".join(node.text if isinstance(node, Name) else deparse(node) for node in self.group)


def split_bars(node: Node | None, text: str) -> tuple[Node | None, list[Binary]]:
    """Return the right-hand side without its random terms (None if nothing is left), and the random terms.

    Raises InputError where a random term is anything but a summand in parentheses.
    """
    summands: list[tuple[str | None, Node]] = []
    while isinstance(node, Binary) and node.operator in "+-":
        summands.append((node.operator, node.right))
        node = node.left
    summands.append((None, node))
    fixed: Node | None = None
    bars: list[Binary] = []
    for operator, summand in reversed(summands):
        bar = _bar(summand)
        if bar is None:
            fixed, nested = _join(fixed, operator, summand, text)
            bars += nested
            continue
        if operator == "-":
            raise mistake(text, summand.position, "A random term cannot be removed with '-': leave it out.")
        if not isinstance(summand, Parentheses):
            raise mistake(text, bar.position, "A random term needs parentheses around it: (x | g).")
        bars.append(bar)
    return fixed, bars


def _join(fixed: Node | None, operator: str | None, summand: Node, text: str) -> tuple[Node, list[Binary]]:
    nested: list[Binary] = []
    if isinstance(summand, Parentheses) and operator != "-" and _has_bar(summand):
        # (a + (1 | g)) is a + (1 | g)
        inner, nested = split_bars(summand.inner, text)
        if inner is None:
            return fixed, nested
        summand = inner
    if operator is None or (fixed is None and operator == "+"):
        return summand, nested
    if fixed is None:
        return Unary(operator, summand, summand.position), nested
    return Binary(operator, fixed, summand, summand.position), nested


def _has_bar(node: Node) -> bool:
    while isinstance(node, Binary | Parentheses):
        if isinstance(node, Parentheses):
            node = node.inner
            continue
        if node.operator in ("|", "||") or _has_bar(node.right):
            return True
        node = node.left
    return False


def _bar(node: Node) -> Binary | None:
    while isinstance(node, Parentheses):
        node = node.inner
    return node if isinstance(node, Binary) and node.operator in ("|", "||") else None


def read_bar(bar: Binary, text: str) -> list[RandomPart]:
    """Return the random terms of one bar: one per grouping factor, ``a/b`` standing for a and a:b."""
    if _bar(bar.left) or _bar(bar.right):
        raise mistake(text, bar.position, "A random term takes one bar: (x | g) or (x || g).")
    terms = expand(bar.left, text)
    if terms.offsets:
        raise mistake(text, terms.offsets[0].position, "An offset belongs to the fixed part, not into a random term.")
    if not terms.terms and not terms.intercept:
        raise mistake(text, bar.left.position, "This random term has no effect in it: write (1 | g) for an intercept.")
    return [RandomPart(terms, group, bar.operator == "||") for group in _groups(bar.right, text)]


def _groups(node: Node, text: str) -> list[tuple[Node, ...]]:
    match node:
        case Parentheses(inner):
            return _groups(inner, text)
        case Name(name) if name != ".":
            return [(node,)]
        case Call(function) if function in FACTOR_FUNCTIONS:
            return [(node,)]
        case Binary("/", left, right):
            outer = _groups(left, text)
            return outer + [outer[-1] + inner for inner in _groups(right, text)]
        case Binary(":", left, right):
            first, second = _groups(left, text), _groups(right, text)
            if len(first) == len(second) == 1:
                return [first[0] + second[0]]
        case Binary("+" | "*"):
            raise mistake(
                text, node.position, "A random term takes one grouping factor: write a term per factor, or a:b, or a/b."
            )
    raise mistake(text, node.position, "Right of the bar there must be a grouping factor: a column, a:b or a/b.")
