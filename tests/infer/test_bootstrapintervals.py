"""Bootstrap intervals against R's boot and lme4's confint, and where there is none."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import gammaincinv

import lmm
from lmm.errors import InputError
from lmm.infer.bootstrap import parametric_draws
from lmm.infer.bootstrapintervals import (
    BASIC,
    BCA,
    METHODS,
    PERCENTILE,
    acceleration_of,
    basic_limits,
    bca_limits,
    bootstrap_interval,
    bootstrap_intervals,
    percentile_limits,
)
from lmm.infer.casebootstrap import group_deletions
from lmm.infer.profile import parameter_names
from tests.reference.tables import fitting_arguments, read_table, reference_cases

# R 4.2.2, boot 1.3-28.1:
#   t <- qgamma(ppoints(1999), 5); t0 <- 4.8; L <- mean(jack) - jack
#   boot:::bca.ci(…, t0 = t0, t = t, L = L); boot:::perc.ci(t); boot:::basic.ci(t0, t)
DRAWN = gammaincinv(5.0, (np.arange(1, 2000) - 0.5) / 1999)
ESTIMATE = 4.8
JACKKNIFE = np.array([4.1, 4.9, 5.2, 4.7, 4.4, 5.9, 4.6, 4.85])

# R 4.2.2, lme4 1.1-31: set.seed(1); confint(lmer(Reaction ~ Days + (Days | Subject)), method = "boot", nsim = 2000,
#   boot.type = "perc", oldNames = FALSE)
SLEEPSTUDY = {
    "sd_(Intercept)|Subject": (11.7661053, 35.6570709),
    "cor_Days.(Intercept)|Subject": (-0.5041303, 0.8953072),
    "sd_Days|Subject": (3.1953472, 8.2997724),
    "sigma": (22.7279330, 28.5267080),
    "(Intercept)": (237.6968414, 264.4146149),
    "Days": (7.3044498, 13.4564865),
}


def fit_of(case, **changes):
    published = reference_cases()[case]
    return lmm.fit(**{**fitting_arguments(published, read_table(published)), **changes})


def test_limits_are_those_of_boot():
    assert percentile_limits(DRAWN, 0.95) == pytest.approx((1.619311, 10.25619092), abs=1e-6)
    assert basic_limits(ESTIMATE, DRAWN, 0.95) == pytest.approx((-0.6561909248, 7.980689), abs=1e-6)
    # boot interpolates on the normal scale, here linearly: they differ between neighbouring draws
    assert bca_limits(ESTIMATE, DRAWN, JACKKNIFE, 0.95) == pytest.approx((1.564969073, 10.09486771), abs=2e-4)
    assert bca_limits(ESTIMATE, DRAWN, JACKKNIFE, 0.90) == pytest.approx((1.968643585, 9.163424923), abs=2e-4)


def test_bca_without_bias_and_skewness_is_the_percentile_interval():
    symmetric = np.array([1.0, 2.0, 3.0])
    assert acceleration_of(symmetric) == 0.0
    median = float(np.median(DRAWN))
    assert bca_limits(median, DRAWN, symmetric, 0.9) == pytest.approx(percentile_limits(DRAWN, 0.9))


def test_intervals_of_sleepstudy_are_those_of_lme4():
    fit = fit_of("sleepstudy-corr")
    draws = parametric_draws(fit, 0, 1999, seed=1)
    found = {interval.name: interval for interval in bootstrap_intervals(fit, draws)}
    assert tuple(found) == parameter_names(fit) == tuple(SLEEPSTUDY)
    for name, limits in SLEEPSTUDY.items():
        width = limits[1] - limits[0]
        # 3 standard errors of the difference of two 2.5 % quantiles of 2,000 draws, about a fourth of their sd
        assert (found[name].lower, found[name].upper) == pytest.approx(limits, abs=0.25 * width / 3.92)
        assert found[name].note is None


def test_every_method_holds_the_estimate_of_a_slope():
    fit = fit_of("sleepstudy-corr")
    draws, deletions = parametric_draws(fit, 0, 499, seed=1), group_deletions(fit)
    for method in METHODS:
        interval = bootstrap_intervals(fit, draws, method, 0.9, deletions)[-1]
        assert (interval.name, interval.method, interval.level) == ("Days", method, 0.9)
        assert interval.estimate == fit.beta[1]
        assert interval.lower == pytest.approx(fit.beta[1] - 1.645 * fit.se[1], abs=0.35 * fit.se[1])
        assert interval.upper == pytest.approx(fit.beta[1] + 1.645 * fit.se[1], abs=0.35 * fit.se[1])


def test_any_function_of_a_refit_has_an_interval():
    fit = fit_of("dyestuff")
    draws = parametric_draws(fit, 0, 999, seed=3)

    def share(refit):
        (covariance,) = refit.covariances
        return covariance[0, 0] / (covariance[0, 0] + refit.sigma**2)

    interval = bootstrap_interval("icc", share, fit, draws)
    assert interval.estimate == pytest.approx(1764.05 / (1764.05 + 2451.25), abs=1e-5)  # Bates et al. 2015
    ratio = bootstrap_interval("ratio", lambda refit: share(refit) / (1.0 - share(refit)), fit, draws)
    assert interval.lower == pytest.approx(ratio.lower / (1.0 + ratio.lower))


def test_an_estimate_on_the_boundary_has_a_one_sided_interval():
    fit = fit_of("dyestuff2")
    draws, deletions = parametric_draws(fit, 0, 999, seed=1), group_deletions(fit)
    for method in METHODS:
        sd = bootstrap_intervals(fit, draws, method, deletions=deletions)[0]
        assert (sd.estimate, sd.lower) == (0.0, 0.0)
        assert 0.0 < sd.upper < fit.sigma
        assert sd.note.startswith("One-sided: the estimate lies on the boundary, 0")


def test_a_correlation_without_variance_has_no_interval_and_says_so():
    fit = fit_of("sleepstudy-corr")
    flat = replace(fit, theta=np.array([fit.theta[0], 0.0, 0.0]))
    draws = parametric_draws(fit, 0, 199, seed=1)
    interval = bootstrap_intervals(flat, draws)[1]
    assert (interval.estimate, interval.lower, interval.upper) == (None, None, None)
    assert interval.note == "It has no value at the estimate: an effect without variance has no correlation."


def test_limits_stay_within_the_range():
    fit = fit_of("sleepstudy-corr")
    shifted = replace(fit, theta=np.array([fit.theta[0], 0.9 * fit.theta[0], 0.05]))
    interval = bootstrap_intervals(shifted, parametric_draws(fit, 0, 199, seed=1), BASIC)[1]
    assert interval.upper == 1.0
    assert "is cut to the end of the range, 1." in interval.note


def test_failed_draws_are_counted_in_the_note():
    fit = fit_of("dyestuff")
    draws = parametric_draws(fit, 0, 99, seed=1)
    broken = replace(draws, failures=("did not converge", *draws.failures[1:]))
    interval = bootstrap_intervals(fit, broken)[-1]
    assert interval.note == "1 of 99 draws failed (did not converge: 1) and are left out."
    assert interval.lower == percentile_limits(draws.beta[1:, 0], 0.95)[0]


def test_too_few_draws_give_no_interval():
    fit = fit_of("dyestuff")
    interval = bootstrap_intervals(fit, parametric_draws(fit, 0, 38, seed=1))[-1]
    assert interval.lower is None
    assert interval.note == "An interval at 0.95 takes at least 39 draws, and there are 38."
    assert bootstrap_intervals(fit, parametric_draws(fit, 0, 39, seed=1))[-1].lower is not None


def test_dropped_columns_have_a_row_and_a_reason():
    fit = fit_of("cake-rankdef")
    dropped = [one for one in bootstrap_intervals(fit, parametric_draws(fit, 0, 2, seed=1)) if one.estimate is None]
    assert [one.name for one in dropped] == list(fit.dropped_columns) != []
    assert all("Left out" in one.note for one in dropped)


def test_unsuitable_requests_are_refused():
    fit = fit_of("dyestuff")
    draws = parametric_draws(fit, 0, 39, seed=1)
    with pytest.raises(InputError, match="group_deletions as deletions"):
        bootstrap_intervals(fit, draws, BCA)
    with pytest.raises(InputError, match="There is no method 'studentised'"):
        bootstrap_intervals(fit, draws, "studentised")
    with pytest.raises(InputError, match="level of an interval is 95"):
        bootstrap_intervals(fit, draws, PERCENTILE, 95)
    with pytest.raises(InputError, match="give those of the same fit"):
        bootstrap_intervals(fit_of("rail"), draws)
