"""What a study's report says of its family: the adjusted p-values, and what no longer stands."""

import dataclasses

import pytest
from markupsafe import Markup

from lmm.infer.family import family
from lmm.report.cautions import AMBER, cautions
from lmm.report.family import family_caption, family_rows, size
from lmm.report.methods import citations, methods
from lmm.report.plan import fixed_in_advance
from lmm.report.results import results
from lmm.study import load
from tests.report import builders


def others(p_values):
    """Studies with one test each, and what was inferred of them."""
    blocks = [{"name": f"o{k}", "data": "t.csv", "outcome": f"o{k}", "groups": ["g"]} for k in range(len(p_values))]
    rows = [{"name": "x", "estimate": 1.0, "p": p} for p in p_values]
    said = [
        {"study": block["name"], "provenance": {}, "row_hash": "", "coefficients": {"rows": [row]}}
        for block, row in zip(blocks, rows, strict=True)
    ]
    return load({"studies": blocks}), {one["study"]: one for one in said}


def case_in_family(finished, adjustment="holm", p_values=(0.5, 0.6, 0.7), **changes):
    """The case of a study with other studies in its family, whose p-values are given."""
    study = finished.study.model_copy(update={"family": "f", **changes})
    besides, said = others(p_values)
    found = family("f", adjustment, [study, *besides], said | {study.name: finished.inference})
    return dataclasses.replace(finished.case, study=study, family=found)


def said(parts):
    return Markup(" ").join(parts).striptags()


def test_without_a_family_nothing_is_said():
    case = builders.sleepstudy().case
    assert (family_rows(case), family_caption(case)) == ([], "")
    assert "amily" not in said([*methods(case), *results(case, cautions(case)), *fixed_in_advance(case)])


def test_the_adjusted_p_value_stands_in_methods_results_and_plan():
    case = case_in_family(builders.sleepstudy())
    adjusted = "adjusted across the 4 outcomes of family f by Holm’s method (Holm, 1979)"
    assert f"The p-value of Days was {adjusted}; other p-values were not." in said(methods(case))
    assert "Adjusted across the 4 outcomes of family f: Days, p < .001, unadjusted p < .001." in said(
        results(case, cautions(case))
    )
    assert f"p-values of the first fixed effect are {adjusted}." in said(fixed_in_advance(case))
    assert "holm" in citations(case)
    assert "bounds the probability of one or more false findings in the whole family" in family_caption(case)
    assert [row["term"] for row in family_rows(case)] == ["Days"]
    assert "multiplicity" not in {caution.subject for caution in cautions(case)}


@pytest.mark.parametrize(
    ("adjustment", "words", "key"),
    [
        ("bonferroni", "by Bonferroni’s method;", None),
        ("benjamini-hochberg", "by Benjamini and Hochberg’s method (Benjamini & Hochberg, 1995);", "benjamini"),
    ],
)
def test_each_adjustment_has_its_words_and_its_reference(adjustment, words, key):
    case = case_in_family(builders.sleepstudy(), adjustment)
    assert words in Markup(said(methods(case))).unescape()
    assert {"holm", "benjamini"} & set(citations(case)) == ({key} if key else set())


def test_a_family_that_is_not_adjusted_says_so_and_cites_nobody():
    case = case_in_family(builders.sleepstudy(), "none")
    assert "p-values were not adjusted for the 4 outcomes of family f." in said(methods(case))
    assert "Adjusted across" not in said(results(case, cautions(case)))
    assert "holm" not in citations(case)


def test_a_finding_that_does_not_outlast_the_adjustment_is_a_caution():
    finished = builders.sleepstudy()
    p = next(row["p"] for row in finished.inference["coefficients"]["rows"] if row["name"] == "Days")
    number = int(0.06 / p)
    case = case_in_family(finished)
    tests = [test | {"adjusted": min(1.0, number * p)} for test in case.family["tests"]]
    case = dataclasses.replace(case, family=case.family | {"tests": tests})
    (caution,) = [one for one in cautions(case) if one.subject == "multiplicity"]
    assert caution.weight == AMBER
    assert caution.sentence.striptags() == (
        "Adjusted across the 4 outcomes of family f, Days (p = .060) no longer differs clearly from zero."
    )


def test_hypotheses_are_named_and_counted():
    case = case_in_family(builders.confirmatory(), hypotheses=["x", "z"])
    assert size(case.family) == "the 4 outcomes of family f (5 tests)"
    assert "The p-values of x and z were adjusted across the 4 outcomes of family f (5 tests) by" in said(methods(case))
    assert "Tests of the terms of the hypotheses, adjusted" in family_caption(case)


def test_a_study_without_a_test_says_nothing_of_its_own():
    case = case_in_family(builders.penicillin())
    assert "family" not in said([*methods(case), *results(case, cautions(case))])
    (row,) = family_rows(case)
    assert row["reason"] == "The final model has no fixed effect beside the intercept."


def test_studies_of_one_outcome_are_not_called_outcomes():
    case = case_in_family(builders.sleepstudy())
    assert size(case.family | {"outcomes": 2}) == "the 4 studies of family f"
