"""Which null distribution gives a step its p-value, what is recorded of it, and how it is told."""

import math

import pytest

from lmm.infer.bootstraplrt import bootstrap_likelihood_ratio_test
from lmm.model import fit
from tests.select.studies import decision, step, study, table


def decided(case, outcome, groups, fixed="1", slopes=None, **ladder):
    return decision(study(outcome, groups, fixed, slopes, ladder=ladder), table(case))


def test_the_only_variance_is_tested_by_its_exact_distribution():
    tested = step(decided("dyestuff", "Yield", ["Batch"]), "Batch: intercept")
    assert tested["method"] == "exact"
    # RLRsim::exactRLRT with 10,000 draws gives .0046, of which the Monte Carlo error is √(p(1 − p)/10⁴).
    assert tested["p"] == pytest.approx(0.0046, abs=3 * math.sqrt(0.0046 / 1e4))
    assert (tested["mixture_p"], tested["naive_p"]) == pytest.approx((0.0058, 0.0116), abs=5e-5)
    assert "p = .004 by the exact null distribution (½χ²₀ + ½χ²₁: p = .006; naive χ²₁: p = .012)" in tested["reason"]
    assert "Crainiceanu & Ruppert 2004" in tested["method_sentence"]


def test_one_variance_among_others_is_approximated_by_the_model_that_has_it_alone():
    tested = step(decided("pastes", "strength", ["batch/cask"]), "batch, beside batch:cask")
    assert (tested["method"], tested["decision"]) == ("approximate", "design")
    assert tested["p"] < tested["mixture_p"] == pytest.approx(0.2087, abs=1e-4)
    assert "by the null distribution of this variance alone" in tested["reason"]


def test_a_doubtful_p_with_few_groups_is_bootstrapped():
    tested = step(decided("petrol-poly", "Y", ["No"], "EP", {"No": "EP"}, draws=199), "No: slope")
    assert (tested["method"], tested["draws"]) == ("bootstrap", 199)
    models = (fit(f"Y ~ EP + {term}", table("petrol-poly")) for term in ("(1 | No)", "(EP | No)"))
    found = bootstrap_likelihood_ratio_test(*models, seed=1, draws=199)
    assert (tested["p"], tested["p_standard_error"]) == (found.p, found.standard_error)
    assert tested["mixture_p"] == pytest.approx(0.184, abs=1e-3)
    assert "by parametric bootstrap of 199 draws (½χ²₁ + ½χ²₂: p = .184" in tested["reason"]
    assert not any("bootstrap would be more exact" in note for note in tested["notes"])


def test_without_draws_the_mixture_stands_with_its_doubt():
    tested = step(decided("petrol-poly", "Y", ["No"], "EP", {"No": "EP"}, draws=0), "No: slope")
    assert (tested["method"], tested["p"], tested["draws"]) == ("mixture", tested["mixture_p"], 0)
    assert any("bootstrap would be more exact" in note for note in tested["notes"])
    assert "It is in doubt with 10 groups" in tested["method_sentence"]


def test_correlations_and_fixed_effects_are_tested_by_plain_chi_squared():
    made = decided("sleepstudy", "Reaction", ["Subject"], "Days", {"Subject": "Days"})
    correlation, days = step(made, "Subject: correlation"), step(made, "fixed effect: Days")
    assert correlation["method"] == days["method"] == "chi-squared"
    assert correlation["p"] == correlation["mixture_p"] == correlation["naive_p"]
    assert days["method_sentence"] is None
