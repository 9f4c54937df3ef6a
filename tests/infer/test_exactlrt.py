"""Exact tests of one variance against RLRsim (public.json, exact_rlrt), the F test, brute force and the bootstrap."""

import re
from math import hypot

import numpy as np
import pandas as pd
import pytest
from scipy.special import fdtrc

import lmm
from lmm.engine import Factor
from lmm.engine.spectrum import Spectrum, spectrum
from lmm.errors import InputError
from lmm.infer.bootstraplrt import statistic_draws
from lmm.infer.exactlrt import NullTail, added_variance, exact_test
from tests.reference.tables import fitting_arguments, read_table, reference_cases

CASES = [case for case, published in reference_cases().items() if "exact_rlrt" in published["r"]]


def pair(case, reml=True):
    published = reference_cases()[case]
    arguments = {**fitting_arguments(published, read_table(published)), "reml": reml}
    without = re.sub(r" \+ \(.*", "", arguments["formula"])
    return lmm.fit(**{**arguments, "formula": without}), lmm.fit(**arguments)


@pytest.mark.parametrize("case", CASES)
def test_p_is_that_of_rlrsim_within_monte_carlo_error(case):
    published = reference_cases()[case]["r"]["exact_rlrt"]
    test = exact_test(*pair(case), seed=1)
    assert test.statistic == pytest.approx(published["statistic"], abs=1e-5)
    assert abs(test.p - published["p"]) <= 3 * hypot(test.standard_error, published["p_mc_se"])
    assert abs(test.at_zero - published["p0"]) < 3 * np.sqrt(0.25 / published["nsim"])
    assert (test.estimator, test.approximate, test.reason) == ("REML", False, None)


def test_eight_cases_are_published():
    assert len(CASES) == 8


@pytest.mark.parametrize("reml", [True, False])
def test_of_a_balanced_one_way_layout_it_is_the_f_test(reml):
    smaller, larger = pair("dyestuff", reml)
    table = read_table(reference_cases()["dyestuff"])
    means = table.groupby("Batch", observed=True)["Yield"].transform("mean")
    between = ((means - table["Yield"].mean()) ** 2).sum() / 5
    within = ((table["Yield"] - means) ** 2).sum() / 24
    test = exact_test(smaller, larger, seed=1)
    assert test.p == pytest.approx(fdtrc(5, 24, between / within), rel=1e-6)
    assert (test.standard_error, test.draws) == (0.0, 0)
    # the likelihood is largest at zero where the ratio of mean squares is below 1, under ML below 6/5
    assert test.at_zero == pytest.approx(1.0 - fdtrc(5, 24, 1.0 if reml else 6 / 5), rel=1e-6)


def brute_force(found, reml, count=40_000):
    """The statistic simulated as Crainiceanu & Ruppert (2004) write it, maximised over a fine grid."""
    rng = np.random.default_rng(5)
    mu = np.repeat(found.within, found.within_times)
    xi = mu if reml else np.repeat(found.plain, found.plain_times)
    nu = found.n - found.p if reml else found.n
    squares = rng.chisquare(1.0, (count, len(mu)))
    rest = rng.chisquare(found.n - found.p - len(mu), count) if found.n - found.p > len(mu) else 0.0
    total = squares.sum(1) + rest
    best = np.zeros(count)
    for value in np.exp(np.linspace(-9, 9, 700)) / mu.mean():
        deviance = nu * np.log(total / (squares @ (1.0 / (1.0 + value * mu)) + rest))
        np.maximum(best, deviance - np.log1p(value * xi).sum(), out=best)
    return best


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("rest", [15, 0])
def test_the_tail_is_that_of_brute_force(reml, rest):
    times = np.array([1, 2, 1, 3])
    found = Spectrum(np.array([0.5, 2.0, 2.5, 9.0]), times, np.array([0.7, 2.0, 9.5]), np.array([2, 3, 4]), 9 + rest, 2)
    simulated = brute_force(found, reml)
    null = NullTail(found, reml, seed=1, draws=10_000)
    for statistic in (0.0, 0.1, 1.0, 3.0, 6.0):
        p, error = null.tail(statistic)
        share = (simulated > statistic).mean()
        assert abs(p - share) < 3.5 * hypot(error, np.sqrt(share * (1 - share) / len(simulated))) + 1e-3 * (
            statistic == 0
        )


@pytest.mark.parametrize("reml", [True, False])
def test_the_tail_is_that_of_refits_with_weights_and_unequal_groups(reml):
    rng = np.random.default_rng(2)
    codes = np.repeat(np.arange(9), rng.integers(2, 9, 9))
    n = len(codes)
    table = pd.DataFrame({"g": codes.astype(str), "x": rng.normal(size=n), "w": rng.uniform(0.3, 3.0, n)})
    table["y"] = table["x"] + rng.normal(size=n) / np.sqrt(table["w"])
    smaller, larger = (lmm.fit(f, table, reml=reml, weights="w") for f in ("y ~ x", "y ~ x + (1 | g)"))
    test = exact_test(smaller, larger, seed=1)
    drawn = statistic_draws(smaller, larger, 0, 4000, seed=4).statistics
    (term,) = larger.design.random
    factor = Factor(term.codes, 9, term.columns * np.sqrt(larger.weights)[:, None], (1,))
    null = NullTail(spectrum(factor, larger.optimum.problem.fixed.orthonormal), reml, seed=1, draws=10_000)
    assert abs(test.at_zero - (drawn == 0.0).mean()) < 3.5 * np.sqrt(0.25 / 4000)
    for statistic in (0.5, 1.5, 3.0):
        p, _ = null.tail(statistic)
        assert abs(p - (drawn >= statistic).mean()) < 3.5 * np.sqrt(p * (1 - p) / 4000)


def test_a_number_depends_on_the_seed_and_more_draws_on_the_same_ones():
    smaller, larger = pair("petrol-poly")
    few, again, other = (exact_test(smaller, larger, seed, 1500) for seed in (1, 1, 2))
    assert few == again
    assert few.p != other.p
    assert abs(few.p - other.p) < 4 * hypot(few.standard_error, other.standard_error)


def test_one_variance_among_others_is_approximated_by_the_model_with_it_alone():
    published = reference_cases()["penicillin"]
    table = read_table(published)
    larger = lmm.fit("diameter ~ 1 + (1 | plate) + (1 | sample)", table)
    smaller = lmm.fit("diameter ~ 1 + (1 | sample)", table)
    test = exact_test(smaller, larger, seed=1)
    assert test.approximate and (test.group, test.effect) == ("plate", "(Intercept)")
    alone, without = lmm.fit("diameter ~ 1 + (1 | plate)", table), lmm.fit("diameter ~ 1", table)
    assert test.at_zero == exact_test(without, alone, seed=1).at_zero
    assert test.statistic == pytest.approx(smaller.deviance - larger.deviance)
    assert test.p < 1e-10


def test_the_added_variance_is_found_under_any_spelling():
    table = read_table(reference_cases()["pastes"])
    larger = lmm.fit("strength ~ 1 + (1 | batch/cask)", table)
    assert added_variance(lmm.fit("strength ~ 1 + (1 | cask:batch)", table), larger).group == "batch"
    sleep = read_table(reference_cases()["sleepstudy-corr"])
    intercept = lmm.fit("Reaction ~ Days + (1 | Subject)", sleep)
    slopes = lmm.fit("Reaction ~ Days + (Days | Subject)", sleep)
    independent = lmm.fit("Reaction ~ Days + (Days || Subject)", sleep)
    assert added_variance(intercept, slopes) is None
    assert added_variance(intercept, independent).names == ("Days",)
    with pytest.raises(InputError, match="do not differ by one variance"):
        exact_test(intercept, slopes, seed=1)


def test_p_is_uniform_above_its_zeros_under_the_null_hypothesis():
    rng = np.random.default_rng(8)
    table = pd.DataFrame({"g": np.repeat(np.arange(6), [3, 3, 4, 5, 6, 9]).astype(str)})
    found = []
    for _ in range(150):
        table["y"] = rng.normal(size=30)
        found.append(exact_test(lmm.fit("y ~ 1", table), lmm.fit("y ~ 1 + (1 | g)", table), seed=1, draws=500).p)
    rejected = (np.array(found) <= 0.2).mean()
    assert abs(rejected - 0.2) < 3 * np.sqrt(0.16 / 150)


def test_without_fixed_effects_it_is_the_f_test_too():
    rng = np.random.default_rng(3)
    y = (rng.standard_normal((5, 1)) + rng.standard_normal((5, 4))).ravel()
    table = pd.DataFrame({"y": y, "g": np.repeat(list("abcde"), 4)})
    means = table.groupby("g")["y"].transform("mean")
    ratio = (means**2).sum() / 5 / (((table.y - means) ** 2).sum() / 15)
    assert ratio > 1
    test = exact_test(lmm.fit("y ~ 0", table), lmm.fit("y ~ 0 + (1 | g)", table), seed=1)
    assert test.p == pytest.approx(fdtrc(5, 15, ratio), rel=1e-5)


def test_no_draws_are_refused():
    with pytest.raises(InputError, match="1 or more draws"):
        exact_test(*pair("ratpup"), seed=1, draws=0)
