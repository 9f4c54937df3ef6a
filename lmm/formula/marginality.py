"""Which terms of the mean may be tested by dropping them: those that no higher term contains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lmm.formula.deparse import deparse
from lmm.formula.functions import plain_name
from lmm.formula.syntax import Binary, Call, Node, Number, Parentheses, Unary
from lmm.formula.terms import Terms


def droppable(terms: Terms) -> list[str]:
    """Labels of the terms that are marginal to no other, see `margins`."""
    needed = frozenset[int]().union(*margins(terms))
    return [label for place, label in enumerate(terms.term_labels) if place not in needed]


def margins(terms: Terms) -> tuple[frozenset[int], ...]:
    """Of every term the places of those that are marginal to it (Nelder 1977).

    A term is marginal to another when its variables, with their powers, are among the other's: a to a:b, and x to
    I(x^2), since without x the curve would hang on where x is zero. A curve in x, by poly() or a spline, stands in for
    x where there is no term x: poly(x, 2) is marginal to x:a.
    """
    exact, curves = term_degrees(terms), term_degrees(terms, curves=True)
    stand_ins = {place for place, own in enumerate(curves) if own not in exact}
    return tuple(
        frozenset(
            place
            for place in range(len(exact))
            if _within(exact[place], exact[inside]) or (place in stand_ins and _within(curves[place], curves[inside]))
        )
        for inside in range(len(exact))
    )


def term_degrees(terms: Terms, *, curves: bool = False) -> list[Counter[str]]:
    """`degrees_of` the variables of every term; `curves` takes poly(x, 2) or a spline for x itself."""
    return [degrees_of([terms.variables[index] for index in term], curves=curves) for term in terms.terms]


def degrees_of(variables: Sequence[Node], *, curves: bool = False) -> Counter[str]:
    """The power of each variable in a term: I(x^2):sex has x twice and sex once.

    Where a variable has its zero and what its unit is do not matter: I((x - 4)^2) has x twice, too. A bend,
    pmax(x - 4, 0), has x beside itself. `curves` takes poly(x, 2) or a spline for x itself.
    """
    return sum((_degrees(variable, curves) for variable in variables), Counter())


def without_parentheses(node: Node) -> Node:
    """The expression inside its parentheses."""
    while isinstance(node, Parentheses):
        node = node.inner
    return node


def _within(smaller: Counter[str], larger: Counter[str]) -> bool:
    return smaller != larger and smaller <= larger


def _degrees(node: Node, curves: bool) -> Counter[str]:
    match node:
        case Parentheses(inner) | Unary("-" | "+", inner):
            return _degrees(inner, curves)
        case Binary("^", base, Number(power)) if power == int(power) > 0:
            return Counter({name: int(power) * degree for name, degree in _degrees(base, curves).items()})
        case Binary("+" | "-" | "*", Number(), inner) | Binary("+" | "-" | "*" | "/", inner, Number()):
            return _degrees(inner, curves)
        case Binary("*", left, right):
            return _degrees(left, curves) + _degrees(right, curves)
        case Call(function, ((None, inner), *_)) if plain_name(function) in (_SAME_CURVE + (_CURVES if curves else ())):
            return _degrees(inner, curves)
        case Call("pmax" | "pmin", ((None, inner), (None, Number())) | ((None, Number()), (None, inner))):
            return _degrees(inner, curves) + Counter({deparse(node): 1})
    return Counter({deparse(node): 1})


_SAME_CURVE = ("I", "identity", "scale", "center")
_CURVES = ("poly", "bs", "ns", "cr", "cs", "cc")


def mean_without(terms: Terms, label: str) -> str:
    """Right-hand side of the fixed part without one term; intercept and offsets stay."""
    return right_hand_side(terms, [other for other in terms.term_labels if other != label])


def null_mean(terms: Terms) -> str:
    """Right-hand side of the fixed part with the intercept alone; offsets stay."""
    return " + ".join(["1", *map(deparse, terms.offsets)])


def right_hand_side(terms: Terms, labels: Sequence[str]) -> str:
    """Fixed part with these terms: "age + Sex", "0 + recipe", or "1" when none is left."""
    constant = ["0"] if not terms.intercept else [] if labels else ["1"]
    return " + ".join([*constant, *labels, *map(deparse, terms.offsets)])
