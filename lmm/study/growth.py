"""Growth curves: how the mean, and the curve of each subject, run over time, as terms of a formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from lmm.errors import InputError
from lmm.study.block import Block
from lmm.study.steps import Names, Number

LINEAR, POLYNOMIAL, SPLINE, PIECEWISE = "linear", "polynomial", "spline", "piecewise"
_OF_SHAPE = {"degree": (POLYNOMIAL,), "df": (SPLINE,), "knots": (SPLINE, PIECEWISE)}


class Growth(Block):
    """How the outcome grows over time: terms of the mean, and the same terms as slopes that may differ.

    A study with a growth curve is read as if its terms stood in `fixed` and `slopes`, and its time in `time`. Slopes
    are tried in the order of the terms, so that the ladder ends at the highest order that the data support.
    """

    time: str = Field(
        min_length=1,
        description="Numeric column of time; the study's time too, unless that is given.",
        examples=["age"],
    )
    shape: Literal["linear", "polynomial", "spline", "piecewise"] = Field(
        LINEAR,
        description="A straight line; raw powers of time up to degree; a natural cubic spline, whose boundary knots "
        "are the first and the last time; or straight lines that are joined at knots: the slope at the origin, and at "
        "each knot, going away from the origin, the change of the slope.",
        examples=["polynomial"],
    )
    degree: int | None = Field(
        None, ge=2, description="Of a polynomial: the highest power of time; 2 when left out.", examples=[3]
    )
    df: int | None = Field(
        None,
        ge=2,
        description="Of a spline: its number of coefficients, with knots at quantiles of the times; 3 when neither "
        "df nor knots is given.",
        examples=[4],
    )
    knots: Annotated[list[Number], Field(min_length=1)] | None = Field(
        None,
        description="Of a spline, its inner knots; of piecewise lines, the times at which the slope changes; in order.",
        examples=[[10, 12]],
    )
    origin: Number = Field(
        0.0,
        description="The time that is counted as zero: intercepts, slopes and their variances are those at this time, "
        "and so are all coefficients but that of the highest power. Not for a spline, whose intercept is at the first "
        "time.",
        examples=[11],
    )
    by: Names = Field(
        default_factory=list,
        description="Column, or list of columns, by which the mean curve differs (time × group), each by itself.",
        examples=["Sex"],
    )
    groups: list[str] | None = Field(
        None,
        description="Grouping factors whose levels may have curves of their own: all groups when left out, none when "
        "empty.",
        examples=[["Subject"]],
    )

    @model_validator(mode="after")
    def _settings_of_its_shape(self) -> Growth:
        for key, shapes in _OF_SHAPE.items():
            if getattr(self, key) is not None and self.shape not in shapes:
                raise ValueError(f"{key} is for the shape {' or '.join(shapes)}, not {self.shape}; leave it out")
        if self.df is not None and self.knots is not None:
            raise ValueError("a spline takes df or knots, not both; leave one out")
        if self.shape == PIECEWISE and self.knots is None:
            raise ValueError("the shape piecewise needs knots; name the times at which the slope changes")
        if self.shape == SPLINE and self.origin:
            raise ValueError("the intercept of a spline is at the first time, so origin is not for it; leave it out")
        return self

    @model_validator(mode="after")
    def _knots_ascend(self) -> Growth:
        if any(before >= after for before, after in pairwise(self.knots or ())):
            raise ValueError(f"knots must ascend, without repeats, not {_listed(self.knots)}")
        return self

    @model_validator(mode="after")
    def _by_others(self) -> Growth:
        if self.time in self.by:
            raise ValueError(f"by names the time {self.time} itself; name a column that tells groups apart")
        for column in self.by:
            if self.by.count(column) > 1:
                raise ValueError(f"by names {column!r} twice; name it once")
        return self


def mean_terms(growth: Growth) -> tuple[str, ...]:
    """The terms of the mean curve, as R writes them, in increasing order."""
    if growth.shape == SPLINE:
        return (_spline(growth),)
    return (_line(growth), *_powers(growth), *_changes_of_slope(growth))


def slope_terms(growth: Growth) -> tuple[str, ...]:
    """The terms whose effects may differ between levels, in increasing order: with a spline, first a straight line."""
    if growth.shape == SPLINE:
        return (_line(growth), _spline(growth))
    return mean_terms(growth)


def coefficients(growth: Growth) -> int:
    """How many coefficients the mean curve has beside its intercept."""
    if growth.shape == SPLINE:
        return len(growth.knots) + 1 if growth.knots else _df(growth)
    return len(mean_terms(growth))


def described(growth: Growth) -> str:
    """The curve in words: "a polynomial of degree 2"."""
    return {
        LINEAR: "a straight line",
        POLYNOMIAL: f"a polynomial of degree {_degree(growth)}",
        SPLINE: f"a natural cubic spline of {coefficients(growth)} coefficients",
        PIECEWISE: f"a line in {len(growth.knots or ()) + 1} segments",
    }[growth.shape]


def with_growth(growth: Growth, fixed: str) -> str:
    """The fixed part with the terms of the curve and of what it differs by.

    A fixed part that cannot be read is left as it is; what is wrong with it is told where formulas are read. Raises
    ValueError, without a full stop, where it holds the time already.
    """
    from lmm.formula.deparse import name_text
    from lmm.formula.evaluate import names_used
    from lmm.formula.marginality import right_hand_side
    from lmm.formula.syntax import parse_expression
    from lmm.formula.terms import expand

    try:
        given = expand(parse_expression(fixed), fixed)
    except InputError:
        return fixed
    for variable in (*given.variables, *given.offsets):
        if growth.time in names_used(variable):
            raise ValueError(
                f"key fixed: {fixed!r} holds {growth.time}, whose terms the key growth adds; take it out of fixed, or "
                "leave growth out"
            )
    curve = _curve(mean_terms(growth), [name_text(column) for column in growth.by])
    added = set(expand(parse_expression(curve), curve).term_labels)
    others = [label for label in given.term_labels if label not in added]
    before = right_hand_side(given, others)
    return curve if before == "1" else f"{before} + {curve}"


def with_slopes(growth: Growth, slopes: Mapping[str, str], groups: Sequence[str]) -> dict[str, str]:
    """The slopes of all grouping factors, with those of the curve for the factors that it may differ by.

    Raises ValueError, without a full stop, where one of these has slopes already or is not among the groups.
    """
    for group in growth.groups or ():
        if group not in groups:
            raise ValueError(
                f"key growth.groups: {group!r} is not one of the groups {_listed(groups)}; name one of them"
            )
    curved = curved_groups(growth, groups)
    for group in curved:
        if group in slopes:
            raise ValueError(
                f"key slopes: {group} has the slopes {slopes[group]!r} and those of growth; take it out of slopes, or "
                "name the other factors in growth.groups"
            )
    terms = " + ".join(slope_terms(growth))
    return {**slopes, **dict.fromkeys(curved, terms)}


def curved_groups(growth: Growth, groups: Sequence[str]) -> list[str]:
    """The grouping factors, of all in the study, whose levels may have curves of their own."""
    return [group for group in groups if growth.groups is None or group in growth.groups]


def _curve(terms: Sequence[str], by: Sequence[str]) -> str:
    if not by:
        return " + ".join(terms)
    return f"{_together(terms)} * {_together(by)}"


def _together(terms: Sequence[str]) -> str:
    return terms[0] if len(terms) == 1 else f"({' + '.join(terms)})"


def _line(growth: Growth) -> str:
    return f"I({_since(growth.time, growth.origin)})" if growth.origin else _since(growth.time, 0.0)


def _powers(growth: Growth) -> list[str]:
    since = _since(growth.time, growth.origin)
    base = f"({since})" if growth.origin else since
    return [f"I({base}^{power})" for power in range(2, _degree(growth) + 1)]


def _changes_of_slope(growth: Growth) -> list[str]:
    """One bend at each knot, zero on the side of the origin, so that the line is that of the origin's segment."""
    return [
        f"{'pmin' if knot < growth.origin else 'pmax'}({_since(growth.time, knot)}, 0)" for knot in growth.knots or ()
    ]


def _spline(growth: Growth) -> str:
    from lmm.formula.deparse import name_text, number_text

    if growth.knots is None:
        return f"ns({name_text(growth.time)}, df = {_df(growth)})"
    knots = ", ".join(map(number_text, growth.knots))
    return f"ns({name_text(growth.time)}, knots = {knots if len(growth.knots) == 1 else f'c({knots})'})"


def _since(time: str, start: float) -> str:
    """Time less a number, as R writes it: "age - 11", "age + 2"."""
    from lmm.formula.deparse import name_text, number_text

    if start == 0:
        return name_text(time)
    return f"{name_text(time)} {'-' if start > 0 else '+'} {number_text(abs(start))}"


def _degree(growth: Growth) -> int:
    return (growth.degree or 2) if growth.shape == POLYNOMIAL else 1


def _df(growth: Growth) -> int:
    return growth.df or 3


def _listed(values: Sequence[object]) -> str:
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
