"""The algebra of terms: what ``a*b``, ``(a + b)^2``, ``a/b``, ``- a:b`` and ``0 +`` stand for.

It follows R's terms.formula() (R's src/library/stats/src/model.c): a term is a set of variables, kept as the bits
of an integer; terms are sorted by degree; inside a term the variables stand in the order of their first appearance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_

from lmm.errors import InputError
from lmm.formula.deparse import deparse
from lmm.formula.syntax import Binary, Call, Logical, Name, Node, Number, Parentheses, Text, Unary, mistake

MOST_TERMS = 10_000


@dataclass(frozen=True)
class Terms:
    """The right-hand side of a formula, expanded.

    variables: expressions to evaluate, in the order of their first appearance; labels: their texts.
    terms: for each term the indices of its variables, ascending; terms are sorted by degree.
    full: for each term and variable, whether a factor there is coded by a dummy per level rather than by
        contrasts (the rule of Chambers & Hastie 1992, as R applies it: contrasts where the rest of the term
        is contained in an earlier term).
    """

    intercept: bool
    variables: tuple[Node, ...]
    labels: tuple[str, ...]
    terms: tuple[tuple[int, ...], ...]
    full: tuple[tuple[bool, ...], ...]
    offsets: tuple[Node, ...] = ()

    @property
    def term_labels(self) -> tuple[str, ...]:
        """Each term's text, such as ``recipe:temperature``."""
        return tuple(":".join(self.labels[variable] for variable in term) for term in self.terms)

    def __str__(self) -> str:
        parts = [*self.term_labels, *map(deparse, self.offsets)]
        return " + ".join(["1" if self.intercept else "0", *parts])


def expand(node: Node | None, text: str) -> Terms:
    """Return the terms of the right-hand side `node` of the formula `text`; None stands for an intercept alone."""
    expansion = _Expansion(text)
    found = expansion.terms(node, True, True) if node is not None else []
    by_degree = sorted(found, key=int.bit_count)
    count = len(expansion.variables)
    terms = tuple(tuple(i for i in range(count) if term >> i & 1) for term in by_degree)
    return Terms(
        expansion.intercept,
        tuple(expansion.variables.values()),
        tuple(expansion.variables),
        terms,
        _coding(terms),
        tuple(expansion.offsets),
    )


def _coding(terms: tuple[tuple[int, ...], ...]) -> tuple[tuple[bool, ...], ...]:
    sets = [frozenset(term) for term in terms]
    rows = []
    for position, term in enumerate(terms):
        row = []
        for variable in term:
            rest = sets[position] - {variable}
            row.append(bool(rest) and not any(rest <= earlier for earlier in sets[:position]))
        rows.append(tuple(row))
    return tuple(rows)


class _Expansion:
    """Collects variables, offsets and the intercept while a tree is expanded."""

    def __init__(self, text: str):
        self.text = text
        self.variables: dict[str, Node] = {}
        self.bits: dict[str, int] = {}
        self.offsets: list[Node] = []
        self.intercept = True

    def terms(self, node: Node, adding: bool, alone: bool) -> list[int]:
        """Return the terms of `node` as bit sets.

        adding: False while terms to remove are read, where ``1`` removes the intercept.
        alone: whether `node` is a summand of the right-hand side, the only place for an offset.
        """
        match node:
            case Parentheses(inner):
                return self.terms(inner, adding, alone)
            case Number(value) if value in (0, 1):
                self.intercept = adding == (value == 1)
                return []
            case Number() | Text() | Logical():
                raise self.mistake(node, f"{deparse(node)} is no term: terms are columns and the numbers 0 and 1.")
            case Unary("+", operand):
                return self.terms(operand, adding, alone)
            case Unary("-", operand):
                self.terms(operand, not adding, False)
                return []
            case Binary("+" | "-"):
                return self.sum(node, adding, alone)
            case Binary(":", left, right):
                return self.products(self.terms(left, adding, False), self.terms(right, adding, False), node)
            case Binary("%in%", left, right):
                first, second = self.terms(left, adding, False), self.terms(right, adding, False)
                return self.products(first, _all_together(second), node)
            case Binary("*", left, right):
                first, second = self.terms(left, adding, False), self.terms(right, adding, False)
                return _unique(first + second + self.products(first, second, node))
            case Binary("/", left, right):
                first, second = self.terms(left, adding, False), self.terms(right, adding, False)
                return _unique(first + self.products(_all_together(first), second, node))
            case Binary("^", left, right):
                return self.power(node, left, right, adding)
            case Binary("|" | "||"):
                raise self.mistake(node, "A random term must be added with '+' in parentheses of its own: + (x | g).")
            case Binary("~"):
                raise self.mistake(node, "The formula has a second '~'.")
            case Name("."):
                raise self.mistake(node, "'.' for all other columns is not supported: name the columns.")
            case Call("offset"):
                if not (alone and adding):
                    raise self.mistake(node, "offset() can only be added to a formula, not multiplied or removed.")
                self.offsets.append(node)
                return []
        label = deparse(node)
        self.variables.setdefault(label, node)
        return [self.bits.setdefault(label, 1 << len(self.bits))]

    def sum(self, node: Node, adding: bool, alone: bool) -> list[int]:
        # The left spine of a long sum is walked, not recursed into.
        summands = []
        while isinstance(node, Binary) and node.operator in "+-":
            summands.append((node.operator, node.right))
            node = node.left
        found = dict.fromkeys(self.terms(node, adding, alone))
        for operator, right in reversed(summands):
            if operator == "+":
                found.update(dict.fromkeys(self.terms(right, adding, alone)))
            else:
                for term in self.terms(right, not adding, False):
                    found.pop(term, None)
        return list(found)

    def power(self, node: Node, left: Node, right: Node, adding: bool) -> list[int]:
        while isinstance(right, Parentheses):
            right = right.inner
        if not isinstance(right, Number) or right.value < 1 or right.value != int(right.value):
            raise self.mistake(right, "The power of a term must be a whole number from 1; for a square write I(x^2).")
        base = self.terms(left, adding, False)
        found = base
        for _ in range(int(min(right.value, len(base))) - 1):
            found = _unique(found + self.products(found, base, node))
        return found

    def products(self, first: list[int], second: list[int], node: Node) -> list[int]:
        if len(first) * len(second) > MOST_TERMS:
            raise self.mistake(node, f"The formula expands to more than {MOST_TERMS} terms here.")
        return _unique(a | b for a in first for b in second)

    def mistake(self, node: Node, sentence: str) -> InputError:
        return mistake(self.text, node.position, sentence)


def _unique(terms: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(terms))


def _all_together(terms: list[int]) -> list[int]:
    return [reduce(or_, terms)] if terms else []
