"""p-values adjusted across studies: R's p.adjust, and which tests of a study belong to its family."""

import numpy as np
import pytest

from lmm import InputError
from lmm.infer.family import family
from lmm.infer.multiplicity import adjust
from lmm.study import load
from tests.report import builders

P = [0.01, 0.02, 0.03, 0.04, 0.05, 0.005, 0.5, 0.8, 0.0001, 0.04]
# R 4.2: p.adjust(P, method)
ADJUSTED = {
    "none": P,
    "holm": [0.08, 0.14, 0.18, 0.2, 0.2, 0.045, 1, 1, 0.001, 0.2],
    "bonferroni": [0.1, 0.2, 0.3, 0.4, 0.5, 0.05, 1, 1, 0.001, 0.4],
    "benjamini-hochberg": [1 / 30, 0.05, 2 / 35, 2 / 35, 0.0625, 0.025, 5 / 9, 0.8, 0.001, 2 / 35],
}
# R: p.adjust(c(.01, .04, .03, NA, .2), method, n = 5)
WITH_A_GAP = {
    "holm": [0.05, 0.12, 0.12, np.nan, 0.4],
    "bonferroni": [0.05, 0.2, 0.15, np.nan, 1],
    "benjamini-hochberg": [0.05, 1 / 15, 1 / 15, np.nan, 0.25],
}


@pytest.mark.parametrize("method", ADJUSTED)
def test_adjusted_as_r_does(method):
    assert adjust(np.array(P), method) == pytest.approx(ADJUSTED[method], rel=1e-14)


@pytest.mark.parametrize("method", WITH_A_GAP)
def test_a_test_that_could_not_be_made_counts_as_r_counts_it_with_n(method):
    found = adjust(np.array([0.01, 0.04, 0.03, np.nan, 0.2]), method)
    assert found == pytest.approx(WITH_A_GAP[method], rel=1e-14, nan_ok=True)


def test_no_p_values_and_no_such_method():
    assert len(adjust(np.array([]), "holm")) == 0
    with pytest.raises(InputError, match="no adjustment 'BH'"):
        adjust(np.array(P), "BH")


def study_like(finished, name, **changes):
    blocks = finished.study.model_dump(include={"data", "outcome", "fixed", "groups"}) | {"name": name, **changes}
    return load({"studies": [blocks]})[0]


def test_hypotheses_are_tested_by_type_iii_and_other_studies_by_their_first_coefficient():
    named, unnamed = builders.confirmatory(), builders.sleepstudy()
    studies = [
        study_like(named, "a", fixed="x + z", hypotheses=["z", "x"]),
        study_like(unnamed, "b", fixed="Days"),
        study_like(builders.penicillin(), "c"),
    ]
    said = {"a": named.inference, "b": unnamed.inference, "c": builders.penicillin().inference}
    found = family("f", "holm", studies, said)
    assert [(test["study"], test["term"]) for test in found["tests"]] == [
        ("a", "z"),
        ("a", "x"),
        ("b", "Days"),
        ("c", "(Intercept)"),
    ]
    of_terms = {row["term"]: row["test"]["p"] for row in named.inference["anova"]["rows"]}
    days = next(row for row in unnamed.inference["coefficients"]["rows"] if row["name"] == "Days")
    assert [test["p"] for test in found["tests"]] == [of_terms["z"], of_terms["x"], days["p"], None]
    assert found["tests"][3]["reason"] == "The final model has no fixed effect beside the intercept."
    assert found["tests"][3]["adjusted"] is None
    assert found["tests"][2]["adjusted"] == 4 * days["p"]  # the smallest of four tests, the one not made among them
    assert found["outcomes"] == 3
    assert found["members"][1]["row_hash"] == unnamed.audit["row_hash"]


def test_the_order_of_an_interactions_variables_does_not_matter():
    row = {"term": "b:a", "test": {"p": 0.2}, "reason": None}
    said = {"anova": {"rows": [row]}, "reasons": {}, "study": "s", "provenance": {}, "row_hash": ""}
    block = {"name": "s", "data": "t.csv", "outcome": "y", "groups": ["g"], "fixed": "b * a", "hypotheses": ["a:b"]}
    (test,) = family("f", "none", load({"studies": [block]}), {"s": said})["tests"]
    assert (test["term"], test["p"], test["adjusted"]) == ("b:a", 0.2, 0.2)
    without = said | {"anova": None, "reasons": {"anova": "No."}}
    (gone,) = family("f", "none", load({"studies": [block]}), {"s": without})["tests"]
    assert (gone["p"], gone["reason"]) == (None, "No.")
