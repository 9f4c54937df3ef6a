"""The index of all studies: cards, a table to scan and sort, and the key estimates that may stand side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

import lmm
from lmm import numbers
from lmm.report.family import METHODS, NONE, size, tests_of
from lmm.report.forest import forests
from lmm.report.markup import name, p_value, say
from lmm.report.rendering import render, script

if TYPE_CHECKING:
    from lmm.study import Study

LIGHTS = ("green", "amber", "red", "none")
_SCANNED = 4
"""Fewer cards than this are seen at one glance."""
_MANY = 12
"""More cards than this are better begun as a table."""
_CHANCE = 5
"""From so many tests on, the index says what chance alone would do."""


def index_page(
    studies: list[Study],
    entries: Mapping[str, dict],
    families: Sequence[dict] = (),
    failures: Mapping[str, str] | None = None,
) -> str:
    """The index: a card per study, in the order of the config; a study without an entry gets a card that says so.

    `families` are what `lmm.infer.family.family` returned for each family of the studies; `failures` are the sentences
    of studies whose last run failed, by their names: each has a page, that of an earlier run where it has an entry.
    """
    by_name = {family["family"]: family for family in families}
    told = failures or {}
    rows = [
        _row(study, entries.get(study.name), by_name.get(study.family)) | {"failure": told.get(study.name)}
        for study in studies
    ]
    counts = {light: sum(row["light"] == light for row in rows) for light in LIGHTS}
    lights = [f"{counts[light]} {light}" for light in LIGHTS[:3] if counts[light]]
    summary = f"{numbers.counted(len(studies), 'study', 'studies')}: {numbers.listing(lights)}." if lights else ""
    sorting, allowed = script("sort.js")
    return render(
        "index.html",
        rows=rows,
        summary=summary,
        counts={light: count for light, count in counts.items() if count},
        scanned=len(studies) >= _SCANNED,
        many=len(studies) > _MANY,
        adjusted=any(row["tests"] for row in rows),
        multiplicity=[*map(_family_said, families), *_unadjusted_said(rows)],
        forests=forests(studies, entries, by_name),
        sorting=sorting,
        allowed=allowed,
        version=lmm.__version__,
    )


def _row(study: Study, entry: dict | None, family: dict | None) -> dict[str, Any]:
    tests = tests_of(family, study.name) if family else []
    key = entry["key"] if entry else None
    shown = tests or ([{"term": key["term"], "p": key["p"], "adjusted": None}] if key else [])
    smallest = [test["p"] for test in shown if test["p"] is not None]
    smallest_adjusted = [test["adjusted"] for test in tests if test["adjusted"] is not None]
    return {
        "name": study.name,
        "title": study.title or study.name,
        "question": study.question,
        "light": entry["light"] if entry else "none",
        "entry": entry,
        "tests": tests,
        "shown": shown,
        "own_term": len(shown) > 1 or any(key is None or test["term"] != key["term"] for test in shown),
        "p": min(smallest, default=None),
        "p_adjusted": min(smallest_adjusted, default=None),
        "tested": _tested(tests, family) if family and entry else Markup(""),
    }


def _tested(tests: Sequence[dict], family: dict) -> Markup:
    """The p-values of a study: "x: p = .012, adjusted p = .031 (the 12 outcomes of family memory)"."""
    known = [test for test in tests if test["p"] is not None]
    if not known:
        return Markup("")
    if family["adjustment"] == NONE:
        told = [say("{}: {}", name(test["term"]), p_value(test["p"])) for test in known]
        return say("{}; not adjusted for {}.", Markup("; ").join(told), size(family))
    told = [
        say("{}: {}, adjusted {}", name(test["term"]), p_value(test["p"]), p_value(test["adjusted"])) for test in known
    ]
    return say("{} ({}).", Markup("; ").join(told), size(family))


def _family_said(family: dict) -> Markup:
    """A sentence on a family: how many of its tests are below .05 by themselves, and once adjusted."""
    known = [test for test in family["tests"] if test["p"] is not None]
    alone = sum(test["p"] < 0.05 for test in known)
    text = "Of {}, {} of {} have <i>p</i> &lt; .05"
    told = say(text, size(family), numbers.count(alone), numbers.counted(len(family["tests"]), "test"))
    if family["adjustment"] == NONE:
        return told + ". They are not adjusted for their number, as the family asks."
    together = sum(test["adjusted"] < 0.05 for test in known)
    lost = len(family["tests"]) - len(known)
    missing = say(" {} could not be made and counts all the same.", numbers.counted(lost, "test")) if lost else ""
    return told + say(", and {} once adjusted by {}.", numbers.count(together), METHODS[family["adjustment"]]) + missing


def _unadjusted_said(rows: Sequence[dict]) -> list[Markup]:
    """What many tests of studies that belong to no family mean."""
    alone = [row for row in rows if not row["tests"] and row["p"] is not None]
    if len(alone) < _CHANCE:
        return []
    text = (
        "The <i>p</i>-values of {} stand for themselves: were there no effect at all, {} of them would be below .05 by "
        "chance. Studies that ask one question together can be declared a family (key <code>family</code>), across "
        "which they are adjusted."
    )
    expected = numbers.plain(0.05 * len(alone), 2)
    return [say(text, numbers.counted(len(alone), "study", "studies"), f"about {expected}")]
