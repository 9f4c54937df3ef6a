"""Which null distribution a test of random effects gets (rule 3), and the test by it."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.bootstraplrt import statistic_draws
from lmm.infer.nullchoice import (
    APPROXIMATE,
    BOOTSTRAP,
    CHI_SQUARED,
    EXACT,
    MIXTURE,
    NONE,
    Comparison,
    choose_null,
)
from lmm.infer.randomparttest import random_part_test
from tests.reference.tables import read_table, reference_cases

VARIANCE = Comparison(
    null="½χ²₀ + ½χ²₁",
    interior=False,
    mixture_p=0.05,
    reason=None,
    one_variance=True,
    other_variances=0,
    groups=12,
    kinds_allow_exact=True,
    draws=999,
)
SLOPE = replace(VARIANCE, null="½χ²₁ + ½χ²₂", one_variance=False, other_variances=1)


@pytest.mark.parametrize(
    ("comparison", "method"),
    [
        (VARIANCE, EXACT),
        (replace(VARIANCE, other_variances=1), BOOTSTRAP),
        (replace(VARIANCE, other_variances=1, draws=0), APPROXIMATE),
        (replace(VARIANCE, other_variances=1, mixture_p=0.3), APPROXIMATE),
        (replace(VARIANCE, kinds_allow_exact=False, groups=5000), MIXTURE),
        (SLOPE, BOOTSTRAP),
        (replace(SLOPE, mixture_p=0.01), BOOTSTRAP),
        (replace(SLOPE, mixture_p=0.20), BOOTSTRAP),
        (replace(SLOPE, mixture_p=0.009), MIXTURE),
        (replace(SLOPE, mixture_p=0.21), MIXTURE),
        (replace(SLOPE, groups=29), BOOTSTRAP),
        (replace(SLOPE, groups=30), MIXTURE),
        (replace(SLOPE, draws=0), MIXTURE),
        (replace(SLOPE, interior=True, null="χ²₁"), CHI_SQUARED),
        (replace(SLOPE, null=None, mixture_p=None, reason="not nested"), NONE),
    ],
)
def test_the_choice_follows_the_table(comparison, method):
    choice = choose_null(comparison)
    assert choice.method == method
    assert choice.sentence.endswith((".", "nested"))


def test_the_sentence_says_why():
    assert choose_null(SLOPE).sentence == (
        "The large-sample mixture is in doubt with 12 groups and p = 0.05 by ½χ²₁ + ½χ²₂: the null distribution is by "
        "parametric bootstrap, 999 draws."
    )
    assert "999 or more are advised" in choose_null(replace(SLOPE, draws=200)).sentence
    assert "a parametric bootstrap would be better" in choose_null(replace(SLOPE, draws=0)).sentence
    assert choose_null(replace(SLOPE, null=None, mixture_p=None, reason="Not nested.")).sentence == "Not nested."


def fits(case, *formulas, reml=True):
    table = read_table(reference_cases()[case])
    return [lmm.fit(formula, table, reml=reml) for formula in formulas]


def test_dyestuff_is_exact():
    # method, rule 3: RLRT 6.369, exact p .0046 by simulation, half .0058, naive .0116
    test = random_part_test(*fits("dyestuff", "Yield ~ 1", "Yield ~ 1 + (1 | Batch)"), seed=1)
    assert test.choice.method == EXACT
    assert test.mixture.statistic == pytest.approx(6.369, abs=5e-4)
    assert (round(test.mixture.p, 4), round(test.mixture.naive_p, 4)) == (0.0058, 0.0116)
    assert test.p == test.exact.p == pytest.approx(0.0044, abs=5e-5)
    assert test.bootstrap is None


def doubtful_slope():
    """A random slope of 10 groups with p between .01 and .20."""
    rng = np.random.default_rng(12)
    table = pd.DataFrame({"g": np.repeat(np.arange(10), 8).astype(str), "x": np.tile(np.arange(8.0), 10)})
    slopes = rng.normal(size=10)
    table["y"] = rng.normal(size=10).repeat(8) + 0.18 * slopes.repeat(8) * table["x"] + 1.5 * rng.normal(size=80)
    return [lmm.fit(f"y ~ x + ({term} | g)", table) for term in ("1", "x")]


def test_a_slope_of_few_groups_is_bootstrapped():
    # Orthodont: RLRT 1.176, mixture p .417; Early: 5.354, p .045 (method); Orthodont has 27 groups
    first, second = fits(
        "orthodont-corr", "distance ~ age * Sex + (1 | Subject)", "distance ~ age * Sex + (age | Subject)"
    )
    test = random_part_test(second, first, seed=1)
    assert test.choice.method == MIXTURE
    assert (test.mixture.statistic, test.p) == pytest.approx((1.176, 0.417), abs=1e-3)
    smaller, larger = doubtful_slope()
    test = random_part_test(smaller, larger, seed=3, draws=199)
    assert 0.01 < test.mixture.p < 0.20
    assert test.choice.method == BOOTSTRAP
    assert test.p == test.bootstrap.p
    parts = [statistic_draws(smaller, larger, start, stop, seed=3) for start, stop in [(90, 199), (0, 90)]]
    assert random_part_test(smaller, larger, seed=3, draws=199, parts=parts) == test
    assert random_part_test(smaller, larger, seed=3, draws=0).p == test.mixture.p


def test_a_correlation_is_not_halved():
    test = random_part_test(
        *fits("sleepstudy-corr", "Reaction ~ Days + (Days || Subject)", "Reaction ~ Days + (Days | Subject)"), seed=1
    )
    assert test.choice.method == CHI_SQUARED
    assert test.p == test.mixture.p == test.mixture.naive_p


def test_one_variance_among_others_is_approximate_or_bootstrapped():
    smaller, larger = fits("pastes", "strength ~ 1 + (1 | batch:cask)", "strength ~ 1 + (1 | batch/cask)", reml=False)
    test = random_part_test(smaller, larger, seed=1)
    assert test.mixture.p > 0.20
    assert test.choice.method == APPROXIMATE
    assert test.exact.approximate and test.p == test.exact.p


def test_what_is_no_test_of_a_random_part_says_so():
    with pytest.raises(InputError, match="do not test a random part"):
        random_part_test(
            *fits("pastes", "strength ~ 1 + (1 | batch)", "strength ~ sample + (1 | batch)", reml=False), seed=1
        )
    test = random_part_test(*fits("pastes", "strength ~ 1 + (1 | batch)", "strength ~ 1 + (1 | cask)"), seed=1)
    assert (test.choice.method, test.p) == (NONE, None)
    assert "not nested" in test.choice.sentence


def test_a_bootstrap_without_a_statistic_leaves_the_mixture():
    smaller, larger = doubtful_slope()
    drawn = statistic_draws(smaller, larger, 0, 10, seed=1)
    failed = replace(drawn, statistics=np.full(10, np.nan), failures=("did not converge",) * 10)
    test = random_part_test(smaller, larger, seed=1, draws=10, parts=[failed])
    assert test.choice.method == BOOTSTRAP
    assert test.p == test.mixture.p
    assert test.notes[-1] == "The p-value is that of the large-sample mixture instead."


def test_results_are_json():
    test = random_part_test(*fits("dyestuff", "Yield ~ 1", "Yield ~ 1 + (1 | Batch)"), seed=1)
    stored = json.loads(json.dumps(test.to_dict(), allow_nan=False))
    assert stored["p"] == test.p and stored["method"] == EXACT
