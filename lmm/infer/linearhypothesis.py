"""Linear hypotheses about the fixed effects by their names.

Example:
    >>> linear_hypothesis(fit, "Days + Days:SexMale = 0")
    >>> linear_hypothesis(fit, ["TreatmentLow = TreatmentHigh", "TreatmentLow = -0.5"])
    >>> linear_hypothesis(fit, {"Days": 1, "Days:SexMale": 1}, value=2.5)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.formula.columns import listing
from lmm.infer.aliases import alias_note, dropped_reason
from lmm.infer.hypothesis import FTest, SmallSample, TTest
from lmm.infer.smallsample import chosen_small_sample

if TYPE_CHECKING:
    from lmm.model import Fit

Hypothesis = str | Mapping[str, float]

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
# Right after a name or a number these would belong to a longer one.
_GOES_ON = re.compile(r"[\w.:]")
_WORD = re.compile(r"[\w.:]+")
_MINUS = "\N{MINUS SIGN}"
_SIGNS = f"+-{_MINUS}*/()="


@dataclass(frozen=True, eq=False)
class LinearHypothesis:
    """Rows of Lβ = value, each tested by itself and all together.

    Attributes:
        texts: each row as it reads: "Days + Days:SexMale = 0".
        coefficients: names of the p columns of L. L: (r, p). values: (r,).
        tests: of each row. joint: of all rows together; rows that follow from the others count once.
        notes: what a reader has to know.
    """

    texts: tuple[str, ...]
    coefficients: tuple[str, ...]
    L: np.ndarray
    values: np.ndarray
    tests: tuple[TTest, ...]
    joint: FTest
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "coefficients": list(self.coefficients),
            "rows": [
                {"hypothesis": text, "contrast": row, "value": value, **test.to_dict()}
                for text, row, value, test in zip(
                    self.texts, self.L.tolist(), self.values.tolist(), self.tests, strict=True
                )
            ],
            "joint": self.joint.to_dict(),
            "notes": list(self.notes),
        }


def linear_hypothesis(
    fit: Fit,
    hypotheses: Hypothesis | Sequence[Hypothesis],
    value: float = 0.0,
    method: str | SmallSample = "kenward-roger",
) -> LinearHypothesis:
    """Test one or several linear hypotheses about the fixed effects.

    Args:
        fit: the model.
        hypotheses: coefficients by name, {"Days": 1, "Days:SexMale": 1}; or text with +, −, *, / and parentheses,
            "Days + Days:SexMale = 0"; or several of them, tested jointly too.
        value: of the hypotheses that say none, those by name and texts without "=".
        method: of the covariance and degrees of freedom, see `small_sample`; or what that returned for this fit.

    Raises:
        InputError: a name is not among the coefficients or was left out as collinear, a text cannot be read or says
            nothing about them, or the rows contradict each other.
    """
    given = [hypotheses] if isinstance(hypotheses, str | Mapping) else list(hypotheses)
    if not given:
        raise InputError("There is no hypothesis to test: give one, such as 'Days = 0'.")
    rows = [_row(fit, one, value) for one in given]
    for one, (row, _) in zip(given, rows, strict=True):
        if not row.any():
            shown = one if isinstance(one, str) else dict(one)
            raise InputError(f"The hypothesis '{shown}' says nothing of the coefficients, whose weights are all zero.")
    L, values = np.array([row for row, _ in rows]), np.array([one for _, one in rows])
    texts = tuple(_text(fit.coefficients, row, one) for row, one in rows)
    chosen = chosen_small_sample(fit, method)
    tests = tuple(chosen.t_test(row, one) for row, one in rows)
    notes = [chosen.note] if chosen.note else []
    notes += [f"{text}: {note}" for text, row in zip(texts, L, strict=True) if (note := alias_note(fit, row))]
    return LinearHypothesis(texts, fit.coefficients, L, values, tests, chosen.f_test(L, values), tuple(notes))


def _row(fit: Fit, hypothesis: Hypothesis, value: float) -> tuple[np.ndarray, float]:
    if isinstance(hypothesis, str):
        return _Reader(fit, hypothesis).equation(float(value))
    row = np.zeros(len(fit.coefficients))
    for name, weight in hypothesis.items():
        row[_place(fit, name)] = float(weight)
    return row, float(value)


def _place(fit: Fit, name: str) -> int:
    if name in fit.coefficients:
        return fit.coefficients.index(name)
    if name in fit.dropped_columns:
        raise InputError(f"'{name}' has no coefficient to test. {dropped_reason(fit, name)}")
    close = get_close_matches(str(name), fit.coefficients, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"they are {listing(fit.coefficients)}."
    raise InputError(f"'{name}' is not among the coefficients of '{fit.formula}': {hint}")


@dataclass(frozen=True, eq=False)
class _Linear:
    """row'β + constant."""

    row: np.ndarray
    constant: float

    def times(self, factor: float) -> _Linear:
        return _Linear(factor * self.row, factor * self.constant)

    def plus(self, other: _Linear) -> _Linear:
        return _Linear(self.row + other.row, self.constant + other.constant)


class _Reader:
    """Reads one text from left to right: sums of products of numbers and at most one name each."""

    def __init__(self, fit: Fit, text: str):
        self.fit = fit
        self.text = text
        # The longest name that fits is meant: "x:z" is the interaction where there is one.
        self.names = sorted((*fit.coefficients, *fit.dropped_columns), key=len, reverse=True)
        self.tokens = self._tokens()
        self.at = 0

    def equation(self, value: float) -> tuple[np.ndarray, float]:
        """Row and value of "left = right", or of "left" and the value given."""
        try:
            left = self._sum()
            right = self._sum() if self._take("=") else _Linear(np.zeros_like(left.row), value)
        except RecursionError:
            raise InputError(
                "The hypothesis is nested too deeply to be read: write it with fewer parentheses."
            ) from None
        if self._next() is not None:
            raise self._mistake("an operator or the end")
        return left.row - right.row, right.constant - left.constant

    def _tokens(self) -> list[tuple[str, str, int]]:
        found, position = [], 0
        while position < len(self.text):
            if self.text[position].isspace():
                position += 1
                continue
            kind, token = self._token(position)
            found.append((kind, token, position))
            position += len(token)
        return found

    def _token(self, position: int) -> tuple[str, str]:
        for name in self.names:
            if self.text.startswith(name, position) and not _GOES_ON.match(self.text, position + len(name)):
                return "name", name
        number = _NUMBER.match(self.text, position)
        if number and not _GOES_ON.match(self.text, number.end()):
            return "number", number[0]
        if self.text[position] in _SIGNS:
            return "sign", self.text[position].replace(_MINUS, "-")
        word = _WORD.match(self.text, position)
        return "name", word[0] if word else self.text[position]

    def _sum(self) -> _Linear:
        total = self._product()
        while (sign := self._next()) in ("+", "-"):
            self.at += 1
            total = total.plus(self._product().times(1.0 if sign == "+" else -1.0))
        return total

    def _product(self) -> _Linear:
        total = self._signed()
        while (sign := self._next()) in ("*", "/"):
            self.at += 1
            other = self._signed()
            if sign == "/" and (other.row.any() or other.constant == 0.0):
                raise InputError(f"The hypothesis '{self.text}' divides by zero or by a coefficient: it is not linear.")
            if sign == "/":
                total = total.times(1.0 / other.constant)
            elif not other.row.any():
                total = total.times(other.constant)
            elif not total.row.any():
                total = other.times(total.constant)
            else:
                raise InputError(f"The hypothesis '{self.text}' multiplies two coefficients: it is not linear.")
        return total

    def _signed(self) -> _Linear:
        sign = 1.0
        while self._next() in ("+", "-"):
            sign = -sign if self._next() == "-" else sign
            self.at += 1
        return self._operand().times(sign)

    def _operand(self) -> _Linear:
        zero = np.zeros(len(self.fit.coefficients))
        if self._take("("):
            inner = self._sum()
            if not self._take(")"):
                raise self._mistake("a closing parenthesis")
            return inner
        if self.at == len(self.tokens) or self.tokens[self.at][0] == "sign":
            raise self._mistake("a coefficient or a number")
        kind, token, _ = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return _Linear(zero, float(token))
        zero[_place(self.fit, token)] = 1.0
        return _Linear(zero, 0.0)

    def _next(self) -> str | None:
        """The sign that comes next, "" for a name or a number, None at the end."""
        if self.at == len(self.tokens):
            return None
        kind, token, _ = self.tokens[self.at]
        return token if kind == "sign" else ""

    def _take(self, sign: str) -> bool:
        taken = self._next() == sign
        self.at += taken
        return taken

    def _mistake(self, wanted: str) -> InputError:
        where = f"before '{self.text[self.tokens[self.at][2] :]}'" if self.at < len(self.tokens) else "at the end"
        return InputError(f"The hypothesis '{self.text}' cannot be read: {where} it wants {wanted}.")


def _text(names: Sequence[str], row: np.ndarray, value: float) -> str:
    """A row as it reads: "Days + 0.5 Days:SexMale = 0"."""
    parts = []
    for name, weight in zip(names, row.tolist(), strict=True):
        if weight:
            sign = ("− " if weight < 0 else "+ ") if parts else ("−" if weight < 0 else "")
            size = "" if abs(weight) == 1 else f"{abs(weight):.6g} × "
            parts.append(f"{sign}{size}{name}")
    return f"{' '.join(parts)} = {value:.6g}".replace("= -", "= −")
