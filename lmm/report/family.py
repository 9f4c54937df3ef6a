"""The p-values of a study's hypotheses, adjusted across the studies of its family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose.labels import bare
from lmm.report.markup import listing, name, p_value, say

if TYPE_CHECKING:
    from lmm.report.case import Case

NONE = "none"
METHODS = {
    "holm": "Holm’s method (Holm, 1979)",
    "bonferroni": "Bonferroni’s method",
    "benjamini-hochberg": "Benjamini and Hochberg’s method (Benjamini & Hochberg, 1995)",
}
CITED = {"holm": {"holm"}, "benjamini-hochberg": {"benjamini"}}
"""Keys of the references that each method cites."""
_BOUNDED = {
    "holm": "the probability of one or more false findings in the whole family",
    "bonferroni": "the probability of one or more false findings in the whole family",
    "benjamini-hochberg": "the expected share of false findings among those of the family",
}


def own_tests(case: Case) -> list[dict]:
    """The tests of this study among those of its family; none where it belongs to no family."""
    return tests_of(case.family, case.study.name) if case.family else []


def tests_of(family: Mapping[str, Any], study: str) -> list[dict]:
    """The tests of one study of a family."""
    return [test for test in family["tests"] if test["study"] == study]


def family_rows(case: Case) -> list[dict]:
    """The rows of the table: term, p, adjusted p, and why there is none."""
    return [
        {
            "term": bare(test["term"]),
            "p": numbers.p_number(test["p"]),
            "adjusted": numbers.p_number(test["adjusted"]),
            "reason": test["reason"],
        }
        for test in own_tests(case)
    ]


def family_caption(case: Case) -> Markup:
    """What the table's adjusted p-values are."""
    if not case.family:
        return Markup("")
    tested = "terms of the hypotheses" if case.study.hypotheses else "first fixed effect"
    how = f"{adjusted_across(case.family)}, which bounds {_BOUNDED[case.family['adjustment']]}"
    if case.family["adjustment"] == NONE:
        how = f"not adjusted for {size(case.family)}, as the family asks"
    return say("Tests of the {}, {}.", tested, how)


def adjusted_across(family: Mapping[str, Any]) -> str:
    """In words: "adjusted across the 12 outcomes of family memory (15 tests) by Holm’s method (Holm, 1979)"."""
    return f"adjusted across {size(family)} by {METHODS[family['adjustment']]}"


def size(family: Mapping[str, Any]) -> str:
    """The family by its number: "the 12 outcomes of family memory (15 tests)"."""
    studies, tests = len(family["members"]), len(family["tests"])
    one, many = ("outcome", "outcomes") if family["outcomes"] == studies else ("study", "studies")
    known = f" ({numbers.counted(tests, 'test')})" if tests != studies else ""
    what = numbers.counted(studies, one, many)
    return f"the {what} of family {family['family']}{known}"


def method_said(case: Case) -> list[Markup]:
    """How the tests were adjusted, in the past tense; nothing where the study belongs to no family."""
    tests = [test for test in own_tests(case) if test["p"] is not None]
    if not tests:
        return []
    which = listing([name(test["term"]) for test in tests])
    if case.family["adjustment"] == NONE:
        text = "<i>p</i>-values were not adjusted for {}."
        return [say(text, size(case.family))]
    text = "The <i>p</i>-{} of {} {} {}; other <i>p</i>-values were not."
    words = ("value", "was") if len(tests) == 1 else ("values", "were")
    return [say(text, words[0], which, words[1], adjusted_across(case.family))]


def result_said(case: Case) -> list[Markup]:
    """The adjusted p-values beside the unadjusted ones."""
    tests = [test for test in own_tests(case) if test["p"] is not None]
    if not tests or case.family["adjustment"] == NONE:
        return []
    told = Markup("; ").join(
        say("{}, {}, unadjusted {}", name(test["term"]), p_value(test["adjusted"]), p_value(test["p"]))
        for test in tests
    )
    return [say("Adjusted across {}: {}.", size(case.family), told)]


def plan_said(case: Case) -> list[Markup]:
    """What the study declares before any model."""
    if not case.family:
        return []
    if case.family["adjustment"] == NONE:
        return [say("<i>p</i>-values are not adjusted for {}.", size(case.family))]
    tested = "the hypotheses" if case.study.hypotheses else "the first fixed effect"
    return [say("<i>p</i>-values of {} are {}.", tested, adjusted_across(case.family))]


def no_longer_clear(case: Case) -> list[dict]:
    """The tests of this study that are below its α by themselves, and not once adjusted."""
    alpha = case.study.ladder.alpha_fixed
    return [test for test in own_tests(case) if test["p"] is not None and test["p"] < alpha <= test["adjusted"]]
