"""Which terms of the mean may be tested by dropping them: those that no higher term contains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lmm.formula.deparse import deparse
from lmm.formula.syntax import Binary, Call, Node, Number, Parentheses
from lmm.formula.terms import Terms


def droppable(terms: Terms) -> list[str]:
    """Labels of the terms that are marginal to no other (Nelder 1977).

    A term is marginal to another when its variables, with their powers, are among the other's: a to a:b, and x to
    I(x^2), since without x the curve would hang on where x is zero.
    """
    degrees = [degrees_of([terms.variables[index] for index in term]) for term in terms.terms]
    return [
        label
        for label, own in zip(terms.term_labels, degrees, strict=True)
        if not any(own != other and own <= other for other in degrees)
    ]


def degrees_of(variables: Sequence[Node]) -> Counter[str]:
    """The power of each variable in a term: I(x^2):sex has x twice and sex once."""
    return sum((Counter(dict([base_and_power(variable)])) for variable in variables), Counter())


def base_and_power(variable: Node) -> tuple[str, int]:
    """What is raised to which power: ("x", 2) for I(x^2), ("log(x)", 1) for log(x)."""
    match variable:
        case Call("I", ((None, Binary("^", base, Number(power))),)) if power == int(power) > 0:
            return deparse(without_parentheses(base)), int(power)
    return deparse(variable), 1


def without_parentheses(node: Node) -> Node:
    """The expression inside its parentheses."""
    while isinstance(node, Parentheses):
        node = node.inner
    return node


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
