"""Wald intervals against R, and against the information of designs where algebra gives it."""

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.infer.smallsample import small_sample
from lmm.infer.wald import wald_intervals
from tests.infer.test_profile import fitted
from tests.reference.tables import read_table, reference_cases

CASES = {case: content for case, content in reference_cases().items() if "wald_ci95" in content["r"]}


@pytest.mark.parametrize("case", CASES)
def test_limits_of_the_fixed_effects_are_those_of_r(case):
    reference = CASES[case]["r"]
    ours = [one for one in wald_intervals(fitted(case)) if one.estimate is not None]
    ses = np.array(reference["se"])
    assert len(ours) == len(ses)
    assert [one.lower for one in ours] == pytest.approx(reference["wald_ci95"]["lower"], abs=2e-3 * ses.min())
    assert [one.upper for one in ours] == pytest.approx(reference["wald_ci95"]["upper"], abs=2e-3 * ses.min())


def test_degrees_of_freedom_widen_them():
    fit = fitted("sleepstudy-corr")
    normal = wald_intervals(fit)[-1]
    kenward_roger = wald_intervals(fit, degrees=small_sample(fit, "kenward-roger"))[-1]
    # t(17) in place of z; the covariance is the same here, the design being balanced.
    assert kenward_roger.upper - kenward_roger.estimate == pytest.approx(
        (normal.upper - normal.estimate) * 2.1098155778331806 / 1.959963984540054, rel=1e-6
    )
    assert "kenward-roger" in kenward_roger.note


def test_variances_of_a_balanced_one_way_design():
    """By REML MSW ~ σ²χ²(24)/24, so that se(log σ̂) = 1/√48; (MSB − MSW)/5 has variance 2(MSB²/5 + MSW²/24)/25."""
    fit = fitted("dyestuff")
    batch, sigma, _ = wald_intervals(fit, variances=True)
    assert np.log(sigma.upper / sigma.estimate) == pytest.approx(1.959963984540054 / np.sqrt(48), rel=1e-6)
    within, between = sigma.estimate**2, sigma.estimate**2 + 5 * batch.estimate**2
    se = np.sqrt(2 * (between**2 / 5 + within**2 / 24)) / 5 / (2 * batch.estimate**2)
    assert np.log(batch.upper / batch.estimate) == pytest.approx(1.959963984540054 * se, rel=1e-5)


def test_a_correlation_keeps_its_range_and_is_that_of_the_curvature_of_its_profile():
    """In Fisher's z the profile of ML near its minimum is the parabola that Wald's interval assumes."""
    from lmm.infer.profile import profile_intervals

    content = reference_cases()["sleepstudy-corr"]
    fit = lmm.fit(content["formula"], read_table(content), reml=False)
    near = profile_intervals(fit, level=0.01)
    wald = wald_intervals(fit, level=0.01, variances=True)
    for one, other in zip(near, wald, strict=True):
        assert one.name == other.name
        assert other.upper - other.lower == pytest.approx(one.upper - one.lower, rel=1e-3), one.name
    rho = wald_intervals(fit, level=1 - 1e-12, variances=True)[1]
    assert -1 < rho.lower < rho.upper < 1


def test_the_boundary_has_no_wald_interval_and_says_so():
    for interval in wald_intervals(fitted("early"), variances=True):
        assert (interval.lower is None) == (interval.note is not None)
        if interval.lower is None:
            assert "boundary" in interval.note


def test_dropped_columns_are_listed():
    last = wald_intervals(fitted("cake-rankdef"))[-1]
    assert (last.name, last.lower) == ("factor(temp)225", None) and "combination" in last.note


def balanced(share: float):
    """Eight groups of five rows whose mean squares between and within are as 1 + share and 1."""
    rng = np.random.default_rng(13)
    within = rng.standard_normal((8, 5))
    within -= within.mean(1, keepdims=True)
    between = np.linspace(-1, 1, 8) / np.linspace(-1, 1, 8).std(ddof=1)
    between *= np.sqrt((within**2).sum() / 32 * (1 + share) / 5)
    return pd.DataFrame({"y": (between[:, None] + within).ravel(), "g": np.repeat(list("abcdefgh"), 5)})


def test_a_variance_all_but_zero_has_no_interval_instead_of_an_overflow():
    sd, sigma, _ = wald_intervals(lmm.fit("y ~ 1 + (1 | g)", balanced(1e-4)), variances=True)
    assert sd.estimate == pytest.approx(np.sqrt(1e-4 / 5) * sigma.estimate, rel=0.05)
    assert (sd.lower, sd.upper) == (None, None) and "beside its standard error" in sd.note
    assert sigma.lower < sigma.estimate < sigma.upper


def test_variances_that_the_data_say_nothing_of_have_none():
    of_variances = wald_intervals(lmm.fit("y ~ g + (1 | g)", balanced(1.0)), variances=True)[:2]
    assert [(one.lower, one.upper) for one in of_variances] == [(None, None)] * 2
    assert all("say nothing" in one.note for one in of_variances)


def test_a_column_of_zeros_is_not_called_a_combination_of_others():
    table = balanced(1.0).assign(x=0.0)
    assert "zero in every row" in wald_intervals(lmm.fit("y ~ x + (1 | g)", table))[-1].note
