"""Bootstrap likelihood ratio tests against 500 draws of lme4 each (public.json, pb_lrt)."""

import json
from math import hypot

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.bootstraplrt import (
    StatisticDraws,
    bootstrap_likelihood_ratio_test,
    bootstrap_test,
    statistic_draws,
)
from lmm.infer.simulate import simulate
from tests.reference.tables import fitting_arguments, read_table, reference_cases

CASES = [case for case, published in reference_cases().items() if "pb_lrt" in published["r"]]
DRAWS = {"pastes": 200, "machines-nested": 100}


def pair(case, reml=False):
    published = reference_cases()[case]
    arguments = {**fitting_arguments(published, read_table(published)), "reml": reml}
    larger = lmm.fit(**arguments)
    return lmm.fit(**{**arguments, "formula": published["r"]["pb_lrt"]["null"]}), larger


@pytest.mark.parametrize("case", CASES)
def test_p_is_that_of_lme4_within_monte_carlo_error(case):
    published = reference_cases()[case]["r"]["pb_lrt"]
    test = bootstrap_likelihood_ratio_test(*pair(case), seed=2024, draws=DRAWS.get(case, 999))
    assert test.statistic == pytest.approx(published["LRT"], abs=1e-4)
    assert (test.used, test.failed, test.estimator) == (DRAWS.get(case, 999), {}, "ML")
    assert abs(test.p - published["p_boot"]) < 3 * hypot(test.standard_error, published["p_mc_se"])
    share_error = np.sqrt(0.25 / test.used + 0.25 / published["nsim"])
    assert abs(test.at_zero - published["frac_zero"]) < 3 * share_error


def test_seven_cases_are_published():
    assert len(CASES) == 7


@pytest.mark.parametrize(
    ("case", "reml", "first", "draws"), [("sleepstudy-corr", True, 101, 300), ("pastes", False, 31, 90)]
)
def test_the_split_does_not_matter(case, reml, first, draws):
    """Of models that draw in blocks of one size, and of unlike sizes."""
    smaller, larger = pair(case, reml=reml)
    whole = statistic_draws(smaller, larger, 0, draws, seed=3)
    parts = [statistic_draws(smaller, larger, start, stop, seed=3) for start, stop in [(0, first), (first, draws)]]
    stored = [StatisticDraws.from_dict(json.loads(json.dumps(part.to_dict()))) for part in reversed(parts)]
    assert np.concatenate([part.statistics for part in parts]).tolist() == whole.statistics.tolist()
    assert bootstrap_test(smaller, larger, stored) == bootstrap_test(smaller, larger, [whole])
    assert bootstrap_test(smaller, larger, [whole]).estimator == ("REML" if reml else "ML")


@pytest.mark.parametrize("case", ["sleepstudy-corr", "pastes"])
def test_a_statistic_is_that_of_both_models_fitted_to_the_same_outcome(case):
    smaller, larger = pair(case)
    statistics = statistic_draws(smaller, larger, 0, 12, seed=5).statistics
    table = read_table(reference_cases()[case])
    for draw in (0, 11):
        drawn = table.assign(**{smaller.outcome: simulate(smaller, [draw], 5)[:, 0]})
        of_smaller, of_larger = (lmm.fit(fit.formula, drawn, reml=False) for fit in (smaller, larger))
        assert statistics[draw] == pytest.approx(2 * (of_larger.loglik - of_smaller.loglik), abs=1e-6)


def test_least_squares_can_be_the_smaller_model():
    published = reference_cases()["dyestuff"]
    table = read_table(published)
    larger, smaller = lmm.fit("Yield ~ 1 + (1 | Batch)", table), lmm.fit("Yield ~ 1", table)
    test = bootstrap_likelihood_ratio_test(smaller, larger, seed=1, draws=4000)
    exact = published["r"]["exact_rlrt"]
    assert test.statistic == pytest.approx(exact["statistic"], abs=1e-6)
    assert abs(test.p - exact["p"]) < 3 * hypot(test.standard_error, exact["p_mc_se"])
    assert abs(test.at_zero - exact["p0"]) < 3 * np.sqrt(0.25 / 4000)


def test_a_statistic_of_zero_has_p_one():
    published = reference_cases()["dyestuff2"]
    table = read_table(published)
    larger, smaller = lmm.fit("Yield ~ 1 + (1 | Batch)", table), lmm.fit("Yield ~ 1", table)
    assert bootstrap_likelihood_ratio_test(smaller, larger, seed=1, draws=20).p == 1.0


def test_failed_draws_are_counted_and_leave_the_rest():
    smaller, larger = pair("ratpup")
    drawn = statistic_draws(smaller, larger, 0, 99, seed=1)
    broken = drawn.to_dict()
    for i in range(9):
        broken["statistics"][i], broken["failures"][i] = None, "did not converge"
    test = bootstrap_test(smaller, larger, [StatisticDraws.from_dict(broken)])
    assert (test.used, test.failed) == (90, {"did not converge": 9})
    assert test.p == (1 + (drawn.statistics[9:] >= test.statistic).sum()) / 91
    nothing = {**broken, "statistics": [None] * 99, "failures": ["did not converge"] * 99}
    test = bootstrap_test(smaller, larger, [StatisticDraws.from_dict(nothing)])
    assert test.p is None and test.reason == "None of the 99 draws gave a statistic."


def test_comparisons_without_meaning_are_refused():
    smaller, larger = pair("ratpup")
    with pytest.raises(InputError, match="name the model with fewer first"):
        bootstrap_likelihood_ratio_test(larger, smaller, seed=1, draws=5)
    with pytest.raises(InputError, match="REML fits with different fixed effects"):
        bootstrap_likelihood_ratio_test(*pair("ratpup", reml=True), seed=1, draws=5)
    draws = statistic_draws(smaller, larger, 0, 2, seed=1)
    with pytest.raises(InputError, match="compute draws of the models to be tested"):
        bootstrap_test(*pair("orthodont-ri"), [draws])


def test_p_is_uniform_under_the_null_hypothesis():
    # 8 groups, where χ² rejects a true null hypothesis too often (method, rule 5)
    rng = np.random.default_rng(6)
    table = pd.DataFrame({"g": np.repeat(np.arange(8), 5).astype(str), "x": np.repeat(rng.normal(size=8), 5)})
    p = []
    for _ in range(40):
        table["y"] = np.repeat(rng.normal(size=8), 5) + rng.normal(size=40)
        smaller, larger = (lmm.fit(f"y ~ {fixed} + (1 | g)", table, reml=False) for fixed in ("1", "x"))
        p.append(bootstrap_likelihood_ratio_test(smaller, larger, seed=1, draws=99).p)
    sorted_p = np.sort(p)
    distance = np.abs(sorted_p - (np.arange(40) + 0.5) / 40).max()
    assert distance < 1.63 / np.sqrt(40)  # Kolmogorov–Smirnov, 1 %
