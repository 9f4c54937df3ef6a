"""The outcome before any model: a compact table, and how alike the rows of a level are."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from lmm import numbers
from lmm.report.case import Case
from lmm.report.intervals import correlation_limits
from lmm.report.markup import listing, name, say


@dataclass(frozen=True)
class Descriptives:
    """The table of the outcome, that of the null model's intraclass correlations, and what they are, in words."""

    by: list[str]
    rows: list[dict]
    said: Markup
    factors: list[dict]
    null_said: Markup


def described(case: Case) -> Descriptives:
    """What the section shows."""
    found, null = case.findings["descriptives"], case.inference.get("null_model")
    places = _places_of_extremes([*found["rows"], found["all"]])
    rows = [_row(row, places) | {"levels": [_level(level) for level in row["levels"]]} for row in found["rows"]]
    everything = {**_row(found["all"], places), "levels": ["All rows", *[""] * (len(found["by"]) - 1)]}
    return Descriptives(
        by=found["by"],
        rows=[*rows, everything],
        said=_said(case, found),
        factors=[_factor(one) for one in null["factors"]] if null else [],
        null_said=_null_said(case, null),
    )


def _places_of_extremes(rows: list[dict]) -> int:
    """Decimals of the value that needs most of them, so that a column of extremes is aligned."""
    written = [numbers.plain(row[which]) for row in rows for which in ("minimum", "maximum")]
    return max(len(text.partition(".")[2]) if "×" not in text else 0 for text in written)


def _row(row: dict, places: int) -> dict:
    sd = row["sd"]
    return {
        "n": numbers.count(row["n"]),
        "mean": numbers.estimate(row["mean"], sd),
        "sd": numbers.estimate(sd, sd),
        "minimum": numbers.decimal(row["minimum"], places),
        "maximum": numbers.decimal(row["maximum"], places),
    }


def _level(level: float | str) -> str:
    return numbers.plain(level) if isinstance(level, float) else level


def _said(case: Case, found: dict) -> Markup:
    by = say(" by {}", listing(map(name, found["by"]))) if found["by"] else Markup("")
    unit = say(" ({})", case.unit) if case.unit else Markup("")
    return say("{}{}{}, in the rows analysed.", name(case.outcome), unit, by)


def _factor(one: dict) -> dict:
    return {
        "group": one["group"],
        "icc": numbers.bounded(one["correlation"]["estimate"]),
        "interval": correlation_limits(one["correlation"]) or numbers.MISSING,
        "size": numbers.plain(one["mean_size"], 3),
        "design_effect": numbers.decimal(one["design_effect"]),
        "nested_in": one["nested_in"],
    }


def _null_said(case: Case, null: dict | None) -> Markup:
    """What the null model is, what its correlations are, and for what the design effect holds."""
    if null is None:
        reason = case.inference["reasons"].get("null_model")
        return say("There is no intraclass correlation{}", say(": {}", reason) if reason else ".")
    text = (
        "Intraclass correlation of <code>{}</code>, by REML: how alike two rows of a level are before anything is "
        "explained. The design effect 1 + (<i>m</i> − 1) · ICC (Kish, 1965), with <i>m</i> rows in the level of a row "
        "taken at random, says how many times the rows of independent ones a mean needs to be as certain.{}"
    )
    nested = [one for one in null["factors"] if one["nested_in"]]
    both = [
        say(" Two rows of one {} share {} too.", name(one["group"]), listing(map(name, one["nested_in"])))
        for one in nested
    ]
    return say(text, null["formula"], Markup("").join(both))
