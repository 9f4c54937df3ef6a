"""The value of an expression over the rows of a table.

The tree is interpreted here; no text ever reaches Python's eval. Missing is NaN in numbers and code -1 in factors.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from lmm.errors import InputError
from lmm.formula import functions
from lmm.formula.columns import Basis, Factor, Table, Value, as_factor
from lmm.formula.deparse import deparse
from lmm.formula.syntax import (
    COMPARISONS,
    Binary,
    Call,
    Logical,
    Name,
    Node,
    Number,
    Parentheses,
    Text,
    Unary,
    mistake,
    parse_expression,
)

ARITHMETIC = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "%%": np.mod,
    "%/%": np.floor_divide,
}
COMPARE = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
}
LOGIC = ("&", "&&", "|", "||")


def check_expression(node: Node, text: str) -> None:
    """Raise InputError, with the place in `text` marked, for calls and operators that cannot be evaluated."""
    for part in parts(node):
        if isinstance(part, Binary) and part.operator not in (*ARITHMETIC, *COMPARE, *LOGIC):
            raise mistake(text, part.position, f"'{part.operator}' cannot be used in an expression.")
        if isinstance(part, Call) and part.function != "c":
            _check_call(part, text)


def _check_call(call: Call, text: str) -> None:
    name = functions.plain_name(call.function)
    if name not in functions.FUNCTIONS:
        without_module = name.rpartition(".")[2]
        near = difflib.get_close_matches(without_module, functions.FUNCTIONS, 1)
        hint = f" (the nearest is {near[0]}())" if near else ""
        raise mistake(text, call.position, f"A formula cannot call {call.function}(){hint}: make the column first.")
    positional, named = _arguments(call)
    if len(named) + len(positional) < len(call.arguments) or functions.bound(name, positional, named) is None:
        raise mistake(text, call.position, f"{call.function}() does not take these arguments.")


def _arguments(call: Call) -> tuple[list[Node], dict[str, Node]]:
    return [value for key, value in call.arguments if key is None], {k: v for k, v in call.arguments if k is not None}


def parts(node: Node) -> Iterator[Node]:
    """Yield `node` and every node below it that is evaluated; not the name of a contrast."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        match node:
            case Unary(_, operand):
                waiting.append(operand)
            case Binary(_, left, right):
                waiting += [right, left]
            case Parentheses(inner):
                waiting.append(inner)
            case Call(_, arguments):
                waiting += [v for k, v in reversed(arguments) if not _is_contrast(node, k, v)]


def _is_contrast(call: Call, key: str | None, value: Node) -> bool:
    return call.function == "C" and isinstance(value, Name) and (key == "contr" or value is not call.arguments[0][1])


def names_used(node: Node) -> list[str]:
    """Return the columns `node` names, in order; without `pi` inside a call, a number unless the data have it."""
    names = []
    for part in parts(node):
        if isinstance(part, Name) and (part.text != "pi" or part is node):
            names.append(part.text)
    return list(dict.fromkeys(names))


def expression(text: str, table: Table) -> Node:
    """Return the expression of a weights or offset argument: the column of that name, else a formula's expression."""
    if text in table:
        return Name(text)
    node = parse_expression(text)
    check_expression(node, text)
    return node


class Evaluation:
    """Evaluates expressions over one table, each distinct one once.

    states: what stateful calls learnt, by their text; filled on the rows a model is fitted to, then only read.
    """

    def __init__(self, table: Table, states: dict[str, dict[str, Any]]):
        self.table = table
        self.states = states
        self._values: dict[str, Value] = {}
        self._factors: dict[str, Factor] = {}

    def variable(self, node: Node) -> Value:
        """Return the column or columns of an expression: integers, floats (n,), a Basis or a Factor of n rows."""
        if isinstance(node, Name):
            return self.table[node.text]
        label = deparse(node)
        if label not in self._values:
            value = self.value(node)
            if isinstance(value, str | list):
                raise InputError(f"{label} in the formula is no column: it holds nothing from the data.")
            if not isinstance(value, Factor | Basis) and np.ndim(value) == 0:
                value = np.full(self.table.rows, float(value))
            self._values[label] = value
        return self._values[label]

    def numbers(self, node: Node) -> np.ndarray:
        """Return the float column (n,) of an expression that must be numeric."""
        return np.asarray(as_numbers(self.variable(node), node), dtype=float)

    def factor(self, node: Node) -> Factor:
        """Return the expression as a factor: numbers by their distinct values."""
        label = deparse(node)
        if label not in self._factors:
            value = self.variable(node)
            if isinstance(value, Basis):
                raise InputError(f"{label} cannot be a grouping factor: it has several columns.")
            self._factors[label] = as_factor(value)
        return self._factors[label]

    def value(self, node: Node) -> Any:
        """Return a column, or for arguments of functions also a number, a text or a list of them."""
        match node:
            case Name(name):
                return np.pi if name == "pi" and name not in self.table else self.table[name]
            case Number(value) | Text(value) | Logical(value):
                return value
            case Parentheses(inner):
                return self.value(inner)
            case Unary("!", operand):
                truth = as_numbers(self.value(operand), operand)
                return _logical(np.equal(truth, 0), np.isnan(truth))
            case Unary(operator, operand):
                number = as_numbers(self.value(operand), operand)
                return -number if operator == "-" else number
            case Binary(operator, left, right) if operator in COMPARISONS:
                return self._comparison(operator, left, right)
            case Binary(operator, left, right):
                first, second = as_numbers(self.value(left), left), as_numbers(self.value(right), right)
                with np.errstate(all="ignore"):
                    if operator in LOGIC:
                        return _logic(operator, first, second)
                    return ARITHMETIC[operator](np.asarray(first, float), second)
            case Call("c", arguments):
                return [self.value(argument) for _, argument in arguments]
            case Call():
                return self._call(node)
        raise TypeError(node)

    def _comparison(self, operator: str, left: Node, right: Node) -> Any:
        first, second = self.value(left), self.value(right)
        if isinstance(first, str) and isinstance(second, Factor):
            first, second = second, first
        if isinstance(first, Factor) and isinstance(second, str):
            if operator not in ("==", "!="):
                raise InputError(f"{deparse(left)} {operator} '{second}' compares text: only == and != can.")
            same = first.relabelled([second])[0].codes == 0
            return _logical(same if operator == "==" else ~same, first.missing())
        first, second = as_numbers(first, left), as_numbers(second, right)
        return _logical(COMPARE[operator](first, second), np.isnan(first) | np.isnan(second))

    def _call(self, call: Call) -> Any:
        name = functions.plain_name(call.function)
        positional, named = _arguments(call)
        nodes = functions.bound(name, positional, named)
        if name in functions.ELEMENTWISE:
            return self._elementwise(name, nodes)
        if name in functions.UNCHANGED:
            return self.value(nodes["x"])
        label = deparse(call)
        x = self.value(nodes.pop("x"))
        values = {key: self._constant(call, key, node) for key, node in nodes.items()}
        if name in functions.CATEGORICAL:
            if isinstance(x, Basis) or not isinstance(x, Factor | np.ndarray):
                raise InputError(f"{label} needs a single column as its first argument.")
            _refuse_columns(label, values)
            return functions.CATEGORICAL[name](x, **values, state=self.states.setdefault(label, {}))
        return self._stateful(name, label, np.asarray(as_numbers(x, call.arguments[0][1]), dtype=float), values)

    def _constant(self, call: Call, key: str, node: Node) -> Any:
        if not _is_contrast(call, key, node):
            return self.value(node)
        return node if key == "contr" else node.text

    def _elementwise(self, name: str, nodes: dict[str, Any]) -> np.ndarray:
        arguments = []
        for given in nodes.values():
            # pmin and pmax take any number of columns
            for node in given if isinstance(given, tuple) else (given,):
                arguments.append(np.asarray(as_numbers(self.value(node), node), dtype=float))
        with np.errstate(all="ignore"):
            if name == "round":
                return functions.ELEMENTWISE[name](arguments[0], *(_single(a, name) for a in arguments[1:]))
            return functions.ELEMENTWISE[name](*arguments)

    def _stateful(self, name: str, label: str, x: np.ndarray, values: dict[str, Any]) -> np.ndarray | Basis:
        if x.ndim == 0:
            raise InputError(f"{label} needs a column as its first argument.")
        _refuse_columns(label, values)
        present = ~np.isnan(x)
        if not present.any() and label not in self.states:
            raise InputError(f"{label} has no value to work on: every row is missing.")
        infinite = np.flatnonzero(np.isinf(x))
        if len(infinite):
            raise InputError(
                f"{label} cannot be computed: its column is infinite in {self.table.place(infinite[0])}; "
                "mend or remove that value."
            )
        state = self.states.setdefault(label, {})
        known = bool(state)
        if known and not present.any():
            present[:] = True  # NaN in, NaN out: the number of columns is what counts
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                result = functions.STATEFUL[name](x[present], **values, state=state)
        except InputError:
            raise
        except (ValueError, TypeError, IndexError, ArithmeticError, np.linalg.LinAlgError) as error:
            reason = str(error).split("\n")[0].rstrip(".")
            raise InputError(f"{label} cannot be computed from these data and arguments: {reason}.") from error
        if present.all():
            return result
        if isinstance(result, Basis):
            return Basis(_spread(result.values, present), result.suffixes)
        return _spread(result, present)


def _refuse_columns(label: str, values: dict[str, Any]) -> None:
    for value in values.values():
        if isinstance(value, np.ndarray | Factor | Basis):
            raise InputError(f"{label} takes a column as its first argument only; the others must be constants.")


def _single(value: np.ndarray, name: str) -> float:
    if value.ndim:
        raise InputError(f"{name}() takes a column as its first argument only.")
    return float(value)


def _spread(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    everywhere = np.full((len(present), *values.shape[1:]), np.nan)
    everywhere[present] = values
    return everywhere


def _logic(operator: str, first: Any, second: Any) -> Any:
    """Return R's & or | of two columns: what one of them decides alone is known though the other is missing."""
    decisive = operator in ("|", "||")
    decided = [~np.isnan(side) & (np.not_equal(side, 0) == decisive) for side in (first, second)]
    either = decided[0] | decided[1]
    return _logical(either == decisive, ~either & (np.isnan(first) | np.isnan(second)))


def _logical(truth: np.ndarray, missing: np.ndarray) -> Any:
    if np.ndim(truth) == 0:
        return np.nan if missing else bool(truth)
    return Factor(np.where(missing, -1, truth).astype(np.intp), ("FALSE", "TRUE"), kind="logical")


def as_numbers(value: Any, node: Node) -> Any:
    """Return numbers as floats; logical vectors as 0 and 1; InputError for text, dates and several columns."""
    if isinstance(value, Factor):
        if value.kind == "logical":
            return np.where(value.missing(), np.nan, value.codes)
        raise InputError(
            f"'{deparse(node)}' holds {value.contents} where numbers are needed: choose or make a numeric column."
        )
    if isinstance(value, Basis):
        raise InputError(f"{deparse(node)} gives several columns where one is needed.")
    if isinstance(value, str | list):
        raise InputError(f"{deparse(node)} stands in the formula where numbers are needed.")
    return value.astype(float) if isinstance(value, np.ndarray) and value.dtype.kind in "iuO" else value
