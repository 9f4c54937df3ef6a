"""The 8 public ladders: every comparison's statistic, plain and boundary p, and the rung each criterion takes."""

import functools

import pytest

import lmm
from lmm.infer.likelihoodratio import likelihood_ratio_test
from tests.reference.tables import reference_ladders
from tests.select.studies import table

LADDERS = reference_ladders()
COMPARISONS = [(ladder, place) for ladder in LADDERS for place in range(len(LADDERS[ladder]["comparisons"]))]
NULLS = {"var1": "½χ²₀ + ½χ²₁", "slope": {1: "½χ²₁ + ½χ²₂", 2: "½χ²₂ + ½χ²₃"}, "corr": "χ²₁", "plain": "χ²₄"}
each_estimator = pytest.mark.parametrize("estimator", ["ML", "REML"])


@functools.cache
def fit(ladder, rung, estimator):
    return lmm.fit(LADDERS[ladder]["rungs"][rung]["formula"], table(ladder), reml=estimator == "REML")


def test_of(ladder, comparison, estimator):
    return likelihood_ratio_test(*(fit(ladder, comparison[end], estimator) for end in ("from", "to")))


test_of.__test__ = False


@each_estimator
@pytest.mark.parametrize(("ladder", "place"), COMPARISONS)
def test_every_comparison_is_that_of_r(ladder, place, estimator):
    comparison = LADDERS[ladder]["comparisons"][place]
    expected = comparison[estimator]
    test = test_of(ladder, comparison, estimator)
    null = NULLS[comparison["kind"]]
    assert str(test.null) == (null[comparison["q"]] if comparison["kind"] == "slope" else null)
    assert test.statistic == pytest.approx(expected["chisq"], abs=5e-5)
    assert test.naive_df == expected["df"]
    assert test.naive_p == pytest.approx(expected["p_plain"], rel=1e-4)
    assert test.p == pytest.approx(expected["p_boundary"], rel=1e-4)


@each_estimator
@pytest.mark.parametrize("ladder", LADDERS)
def test_forward_search_by_likelihood_ratio_takes_the_rung_r_takes(ladder, estimator):
    for p, taken in (("p", "boundary"), ("naive_p", "plain")):
        rung = 0
        for start, end in LADDERS[ladder]["lrt_path"]:
            if start == rung and getattr(test_of(ladder, {"from": start, "to": end}, estimator), p) < 0.05:
                rung = end
        assert rung == LADDERS[ladder]["selected_rung"][f"LRT_p_{taken}_{estimator}"]
