"""The cleaning steps a study may declare: each item of `steps` is a mapping with one key, the kind of step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from lmm.study.block import Block, numbers_as_text


def _labels(mapping: Any) -> Any:
    """Let YAML's 1 stand for the label "1", as a key and as a value."""
    if not isinstance(mapping, dict):
        return mapping
    for key in mapping:
        if isinstance(key, bool):
            raise ValueError(f"YAML reads a label as {str(key).lower()}; put it in quotes")
    return {_text(key): _text(value) for key, value in mapping.items()}


def _text(value: Any) -> Any:
    return str(value) if type(value) in (int, float) else value


def _number(value: Any) -> Any:
    return float(value) if type(value) is int else value


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _word_or_number(word: str) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        if value == word or (type(value) in (int, float) and math.isfinite(value)):
            return value if value == word else float(value)
        raise ValueError(f"must be {word} or a number, not {value!r}")

    return checked


_TEXT = {"type": "string"}
Labels = Annotated[list[str], BeforeValidator(numbers_as_text), Field(min_length=1)]
LabelMap = Annotated[dict[str, str | None], BeforeValidator(_labels), Field(min_length=1)]
Names = Annotated[
    list[str],
    BeforeValidator(_one_or_more),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}),
]
Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]


class Filter(Block):
    """Which rows stay."""

    keep: str = Field(
        min_length=1, description="Expression that is true in the rows that stay: age >= 18 & sex == 'f'."
    )
    because: str = Field(
        min_length=1, description="Why the other rows are left out; stands beside them in dropped.csv."
    )


class Wide(Block):
    """Several columns, one for each occasion, become one column with a row for each occasion."""

    columns: Names = Field(
        description="Pattern of the columns' names, such as weight_w{week}; the part in braces is the new column of "
        "occasions. A list of patterns with the same part for several values."
    )
    value: Names = Field(description="Name of the new column of values, one for each pattern.")

    @model_validator(mode="after")
    def _one_value_per_pattern(self) -> Wide:
        if len(self.columns) != len(self.value):
            raise ValueError(f"has {len(self.columns)} patterns but {len(self.value)} values; give one value for each")
        parts = set()
        for pattern in self.columns:
            before, opened, rest = pattern.partition("{")
            part, closed, after = rest.partition("}")
            if not (opened and closed and part.strip()) or set("{}") & set(before + after):
                raise ValueError(
                    f"cannot read the pattern {pattern!r}; write one part in braces, as in weight_w{{week}}"
                )
            if not before and not after:
                raise ValueError(f"the pattern {pattern!r} matches every column; write what their names share")
            parts.add(part)
        if len(parts) > 1:
            raise ValueError(
                f"has patterns with different parts {', '.join(sorted(parts))}; name the part alike in all"
            )
        names = [*parts, *self.value]
        if len(set(names)) < len(names):
            raise ValueError(f"gives two new columns the same name among {', '.join(names)}; name them apart")
        return self

    @property
    def part(self) -> str:
        """The part in braces: the name of the column of occasions."""
        return self.columns[0].partition("{")[2].partition("}")[0]


class Stack(Block):
    """Several outcomes become one column of values and one that says which outcome it is."""

    columns: Annotated[list[str], Field(min_length=2)] = Field(description="Columns to put below each other.")
    value: str = Field(min_length=1, description="Name of the new column of values.")
    measure: str = Field(min_length=1, description="Name of the new column that holds the name of the old one.")


class Elapsed(Block):
    """Dates become the time since a date."""

    date: str = Field(
        min_length=1, description="Column of dates, all as 2026-11-22 unless format says otherwise; none is guessed."
    )
    name: str = Field(min_length=1, description="Name of the new column.")
    by: str | None = Field(None, min_length=1, description="Column of subjects: time since the first date of each.")
    since: str | None = Field(None, min_length=1, description="Column of dates to count from, instead of by.")
    unit: Literal["days", "weeks", "years"] = Field("days", description="Unit of time; a year has 365.25 days.")
    format: str | None = Field(None, min_length=1, description="How all dates are written, such as %d.%m.%Y.")

    @model_validator(mode="after")
    def _one_origin(self) -> Elapsed:
        if (self.by is None) == (self.since is None):
            raise ValueError("needs one origin: by (the first date of each subject) or since (a column of dates)")
        return self


class Deduplicate(Block):
    """Rows that are the same observation."""

    by: Names = Field(
        description="Columns that together name an observation; rows with the same values are duplicates."
    )
    keep: Literal["first", "last", "mean", "error"] = Field(
        "error",
        description="Which row stays: the first, the last, the mean of the numbers; or error, if there are any.",
    )


class Check(Block):
    """Plausible values of a column."""

    minimum: Number | None = Field(None, description="Smallest plausible number.")
    maximum: Number | None = Field(None, description="Largest plausible number.")
    allowed: Labels | None = Field(None, description="Labels that may occur, instead of a range.")
    otherwise: Literal["error", "missing", "drop"] = Field(
        "error", description="What becomes of another value: an error, a missing value, or the row is left out."
    )

    @model_validator(mode="after")
    def _range_or_labels(self) -> Check:
        has_range = self.minimum is not None or self.maximum is not None
        if has_range == (self.allowed is not None):
            raise ValueError("needs either minimum, maximum or both, or allowed")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"has a minimum {self.minimum:g} above its maximum {self.maximum:g}; exchange them")
        return self


class Convert(Block):
    """A change of units: value × multiply + offset."""

    multiply: Number = Field(1.0, description="Factor, such as 0.4536 from pounds to kilograms.")
    offset: Number = Field(0.0, description="Added after multiplying.")

    @model_validator(mode="after")
    def _keeps_the_numbers(self) -> Convert:
        if self.multiply == 0:
            raise ValueError("multiplies by 0, which leaves nothing of the column; give another factor")
        return self


class Centre(Block):
    """Where a predictor has its zero, and its unit."""

    at: Annotated[
        Any,
        BeforeValidator(_word_or_number("mean")),
        WithJsonSchema({"anyOf": [{"const": "mean"}, {"type": "number"}]}),
    ] = Field(None, description="What becomes zero: the mean over all rows, or a number such as age 11.")
    within: str | None = Field(
        None,
        min_length=1,
        description="Grouping factor: adds x_within (x minus the mean of its group) and x_between (that mean).",
    )
    scale: Annotated[
        Any,
        BeforeValidator(_word_or_number("sd")),
        WithJsonSchema({"anyOf": [{"const": "sd"}, {"type": "number", "exclusiveMinimum": 0}]}),
    ] = Field(None, description="What becomes one: the standard deviation over all rows, or a number.")

    @model_validator(mode="after")
    def _something(self) -> Centre:
        if self.at is None and self.within is None and self.scale is None:
            raise ValueError("says nothing; give at, within or scale")
        if self.within is not None and (self.at is not None or self.scale is not None):
            raise ValueError("has within beside at or scale; centre in two steps")
        if isinstance(self.scale, float) and self.scale <= 0:
            raise ValueError("needs a scale above 0")
        return self


class Outliers(Block):
    """Values far from the others are shown, and left out only where the study says so."""

    column: str = Field(min_length=1, description="Numeric column to look at.")
    beyond: Number = Field(
        3.5, gt=0, description="How far is far: robust z-score, |x - median| / (1.4826 × median absolute deviation)."
    )
    by: str | None = Field(None, min_length=1, description="Column of groups with a median of their own.")
    otherwise: Literal["show", "drop"] = Field(
        "show", description="Show them in the audit, or leave their rows out too."
    )


def _check_type(kind: str) -> None:
    if kind not in ("numeric", "categorical", "date") and not (kind.startswith("date ") and "%" in kind):
        raise ValueError(f"cannot read the type {kind!r}; write numeric, categorical, date or date %d.%m.%Y")


class Step(Block):
    """One cleaning step: a single key, which says what is done."""

    rename: dict[str, str] | None = Field(None, min_length=1, description="New names of columns: {old: new}.")
    recode: dict[str, LabelMap] | None = Field(
        None,
        min_length=1,
        description="New values of columns: {column: {from: to}}; the key others stands for all values not listed, "
        "which else stay; an empty value means missing.",
    )
    missing: dict[str, Labels] | None = Field(
        None, min_length=1, description="Codes that mean a missing value, for each column: {age: [-99, n/a]}."
    )
    types: dict[str, str] | None = Field(
        None,
        min_length=1,
        description="Type of columns: numeric, categorical, date (2026-11-22) or date with a format (date %d.%m.%Y).",
    )
    derive: dict[str, str] | None = Field(
        None, min_length=1, description="New columns from expressions, as in formulas: {bmi: weight / height^2}."
    )
    filter: Filter | None = Field(
        None,
        description="Which rows stay, and why the others do not.",
        examples=[{"keep": "age >= 18 & site != 'test'", "because": "under age, or typed in as a test"}],
    )
    wide: Wide | None = Field(
        None,
        description="Columns for each occasion become rows.",
        examples=[{"columns": "weight_w{week}", "value": "weight"}],
    )
    stack: Stack | None = Field(
        None,
        description="Several outcomes become rows.",
        examples=[{"columns": ["reading", "maths"], "value": "score", "measure": "subject"}],
    )
    elapsed: Elapsed | None = Field(
        None,
        description="Dates become the time since a date.",
        examples=[{"date": "visit", "by": "patient", "unit": "weeks", "name": "week", "format": "%d/%m/%Y"}],
    )
    deduplicate: Deduplicate | None = Field(
        None,
        description="Rows that are the same observation become one.",
        examples=[{"by": ["patient", "week"], "keep": "last"}],
    )
    check: dict[str, Check] | None = Field(
        None, min_length=1, description="Plausible ranges and allowed values: {age: {minimum: 0, maximum: 120}}."
    )
    merge_levels: dict[str, dict[str, Labels]] | None = Field(
        None, min_length=1, description="Levels put together under a name: {dose: {some: [low, high]}}."
    )
    convert: dict[str, Convert] | None = Field(
        None, min_length=1, description="Changes of units: {weight: {multiply: 0.4536}}."
    )
    centre: dict[str, Centre] | None = Field(
        None, min_length=1, description="Zero and unit of predictors: {age: {at: mean}}, {ses: {within: school}}."
    )
    unique_ids: dict[str, str] | None = Field(
        None,
        min_length=1,
        description="Labels that start anew in each level of another factor: {cask: batch} makes a in B B:a.",
    )
    outliers: Outliers | None = Field(
        None,
        description="Values far from the others are shown, or left out.",
        examples=[{"column": "weight", "by": "site"}],
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Step:
        if len(self.model_fields_set) != 1:
            raise ValueError(
                f"a step has one key, not {len(self.model_fields_set)}; write each step as an item of its own"
            )
        if self.settings is None:
            raise ValueError(f"nothing is given under {self.kind}; say what it is to do")
        return self

    @field_validator("types")
    @classmethod
    def _known_types(cls, types: dict[str, str] | None) -> dict[str, str] | None:
        for kind in (types or {}).values():
            _check_type(kind)
        return types

    @property
    def kind(self) -> str:
        """The one key that is given, such as "rename"."""
        return next(iter(self.model_fields_set))

    @property
    def settings(self) -> Any:
        """What stands under the key."""
        return getattr(self, self.kind)


def block_at(keys: list[str]) -> type[Block]:
    """Return the block whose keys stand under a path of keys, such as ["filter"] or ["check", "age"]."""
    blocks = {
        "filter": Filter,
        "wide": Wide,
        "stack": Stack,
        "elapsed": Elapsed,
        "deduplicate": Deduplicate,
        "check": Check,
        "convert": Convert,
        "centre": Centre,
        "outliers": Outliers,
    }
    return blocks.get(keys[0], Step) if keys else Step
