"""Models of transformed outcomes on the scale of the outcome, so that models of y and of log(y) can be compared.

If z = g(y) is modelled with density f(z), the density of y is f(g(y))·|g'(y)|, so that the log-likelihood of y is that
of z plus the Jacobian Σ log|g'(y_i)| (Box & Cox 1964). By REML the likelihood is one of contrasts of z, which have no
such counterpart, so that outcomes are compared by ML.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np

from lmm.errors import InputError
from lmm.formula import parse
from lmm.formula.deparse import deparse
from lmm.formula.evaluate import names_used
from lmm.formula.syntax import Binary, Call, Name, Number, Parentheses, Unary
from lmm.infer.criteria import Criteria, criteria_of

if TYPE_CHECKING:
    from lmm.formula.syntax import Node
    from lmm.model import Fit


def criteria_on_outcome_scale(fit: Fit) -> Criteria:
    """AIC, AICc and BIC of the untransformed outcome, counting every parameter, as `lmm.infer.criteria.criteria`.

    For a fit of log(y) to stand beside one of y: of two fits by ML to the same rows the lower value is the better.

    Raises:
        InputError: the fit is by REML, or the transformation cannot be inverted.
    """
    if fit.reml:
        raise InputError(
            f"'{fit.formula}' was fitted by REML, whose likelihood does not carry over to another scale of the "
            "outcome: fit it with reml=False."
        )
    return criteria_of(fit, fit.deviance - 2.0 * log_jacobian(fit), fit.npar, fit.n)


def log_jacobian(fit: Fit) -> float:
    """Σ log|g'(y_i)| over the rows, for the outcome g(y) of a fit; zero where the outcome is a column as it is.

    g may be built of log (any base), log2, log10, log1p, exp, expm1, sqrt, qlogis, powers and arithmetic with
    constants. An even power is taken for one of numbers that are all of one sign.

    Raises:
        InputError: another function is used, several columns are, or g has no finite derivative at some outcome.
    """
    node = parse(fit.formula).outcome_expression
    values = fit.fitted + fit.residuals
    total = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        while not isinstance(node, Name):
            inner, values, log_derivative = _step(node, values, fit.outcome)
            total += float(np.sum(log_derivative))
            node = inner
    if not np.isfinite(total):
        raise InputError(f"The outcome {fit.outcome} has no finite derivative in some row, as where y is 0.")
    return total


def outcome_column(fit: Fit) -> str | None:
    """The one column that the outcome of a fit is computed from, or None where there are several."""
    names = names_used(parse(fit.formula).outcome_expression)
    return names[0] if len(names) == 1 else None


def _step(node: Node, z: np.ndarray, outcome: str) -> tuple[Node, np.ndarray, np.ndarray | float]:
    """The argument u of the outermost function g, its values given those of g(u), and log|g'(u)| per row."""
    match node:
        case Parentheses(inner) | Unary("+", inner) | Call("I", ((None, inner),)):
            return inner, z, 0.0
        case Unary("-", inner):
            return inner, -z, 0.0
        case Call("log", ((None, inner),)):
            return inner, np.exp(z), -z
        case Call("log", ((None, inner), (None | "base", base))) if _constant(base) is not None:
            return _logarithm(inner, z, _constant(base))
        case Call("log2" | "log10" as function, ((None, inner),)):
            return _logarithm(inner, z, float(function.removeprefix("log")))
        case Call("log1p", ((None, inner),)):
            return inner, np.expm1(z), -z
        case Call("exp", ((None, inner),)):
            return inner, np.log(z), np.log(z)
        case Call("expm1", ((None, inner),)):
            return inner, np.log1p(z), np.log1p(z)
        case Call("sqrt", ((None, inner),)):
            return inner, z * z, -np.log(2.0 * z)
        case Call("qlogis", ((None, inner),)):
            return inner, 1.0 / (1.0 + np.exp(-z)), np.abs(z) + 2.0 * np.log1p(np.exp(-np.abs(z)))
        case Binary(operator, left, right):
            found = _arithmetic(operator, left, right, z)
            if found is not None:
                return found
    raise InputError(
        f"The outcome {outcome} cannot be brought back to its column, because {deparse(node)} is no function of one "
        "column that this can invert: compute it in the table, or use logarithms, roots, powers and constants."
    )


def _logarithm(inner: Node, z: np.ndarray, base: float) -> tuple[Node, np.ndarray, np.ndarray]:
    natural = z * log(base)
    return inner, np.exp(natural), -natural - log(abs(log(base)))


def _arithmetic(
    operator: str, left: Node, right: Node, z: np.ndarray
) -> tuple[Node, np.ndarray, np.ndarray | float] | None:
    """As `_step`, where one side is a constant; None where not, or where the function has no inverse."""
    first, second = _constant(left), _constant(right)
    if (first is None) == (second is None):
        return None
    if second is not None:
        return _with_constant_right(operator, left, second, z)
    c = first
    match operator:
        case "+":
            return right, z - c, 0.0
        case "-":
            return right, c - z, 0.0
        case "*" if c:
            return right, z / c, _log_of(c, z)
        case "/" if c:
            return right, c / z, 2.0 * np.log(np.abs(z)) - log(abs(c))
        case "^" if c > 0 and c != 1:
            return right, np.log(z) / log(c), np.log(z * abs(log(c)))
    return None


def _with_constant_right(
    operator: str, inner: Node, c: float, z: np.ndarray
) -> tuple[Node, np.ndarray, np.ndarray | float] | None:
    match operator:
        case "+":
            return inner, z - c, 0.0
        case "-":
            return inner, z + c, 0.0
        case "*" if c:
            return inner, z / c, _log_of(c, z)
        case "/" if c:
            return inner, z * c, _log_of(1.0 / c, z)
        case "^" if c != 0 and (isinstance(inner, Name) or c % 2):
            size = np.abs(z) ** (1.0 / c)
            return inner, np.sign(z) * size, log(abs(c)) + (c - 1.0) * np.log(size)
    return None


def _log_of(factor: float, z: np.ndarray) -> np.ndarray:
    """log|factor| for every row."""
    return np.full(len(z), log(abs(factor)))


def _constant(node: Node) -> float | None:
    match node:
        case Number(value):
            return float(value)
        case Parentheses(inner) | Unary("+", inner):
            return _constant(inner)
        case Unary("-", inner):
            value = _constant(inner)
            return None if value is None else -value
        case Binary("/", left, right):
            above, below = _constant(left), _constant(right)
            return above / below if above is not None and below else None
    return None
