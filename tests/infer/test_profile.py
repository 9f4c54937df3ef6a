"""Profile intervals against R's lme4, published numbers, brute force and algebra."""

import functools

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.profile import profile_intervals
from tests.infer.bruteforce import BruteForce
from tests.reference.tables import fitting_arguments, read_table, reference_cases

QUANTILE = 1.959963984540054**2
CASES = {case: content for case, content in reference_cases().items() if "profile_ci95" in content["r"]}

# lme4 reads limits off splines through a few points. Near a boundary and where its optimiser stops short these are
# not the profile: `test_limits_that_r_misses` shows where it is.
MISSED_BY_R = {
    ("dyestuff2", "sigma"): (2.892845043, 4.815830304),
    ("orthodont-corr", "sigma"): (1.097030796, 1.588388077),
    ("orthodont-corr", "sd_(Intercept)|Subject"): (0.00124152563, 4.148178218),
    ("oats-nitro", "sd_(Intercept)|Block"): (2.765771430, 28.862616752),
}


@functools.cache
def fitted(case):
    content = reference_cases()[case]
    return lmm.fit(**fitting_arguments(content, read_table(content)))


@functools.cache
def intervals_of(case):
    return {interval.name: interval for interval in profile_intervals(fitted(case))}


def name_here(name):
    """R turns nested factors round: its cask:batch is batch:cask here."""
    parameter, bar, group = name.partition("|")
    return parameter + bar + ":".join(reversed(group.split(":")))


@pytest.mark.parametrize("case", CASES)
def test_limits_are_those_of_lme4(case):
    published = CASES[case]["r"]["profile_ci95"]
    ours = intervals_of(case)
    assert len(ours) == len(published["names"])
    for name, lower, upper in zip(published["names"], published["lower"], published["upper"], strict=True):
        lower, upper = MISSED_BY_R.get((case, name), (lower, upper))
        found = ours[name_here(name)]
        assert found.lower == pytest.approx(lower, rel=1e-3), name
        assert found.upper == pytest.approx(upper, rel=1e-3), name


@pytest.mark.parametrize(("case", "name"), MISSED_BY_R)
def test_limits_that_r_misses(case, name):
    """At the limit the least deviance, by brute force, is the quantile of χ²(1) above its minimum."""
    brute, found = BruteForce(fitted(case)), intervals_of(case)[name_here(name)]
    floor = least_deviance(case)
    for limit in (found.lower, found.upper):
        assert brute.profile(name_here(name), limit) - floor == pytest.approx(QUANTILE, abs=1e-4)


def least_deviance(case):
    content = reference_cases()[case]
    return lmm.fit(**fitting_arguments(content, read_table(content)) | {"reml": False}).deviance


def test_published_limits_of_sleepstudy():
    """Bates et al. (2015), section 5.1, to the digits printed."""
    published = {
        "sd_(Intercept)|Subject": (14.381, 37.716),
        "cor_Days.(Intercept)|Subject": (-0.482, 0.685),
        "sd_Days|Subject": (3.801, 8.753),
        "sigma": (22.898, 28.858),
        "(Intercept)": (237.681, 265.130),
        "Days": (7.359, 13.576),
    }
    ours = intervals_of("sleepstudy-corr")
    assert list(ours) == list(published)
    for name, (lower, upper) in published.items():
        assert (ours[name].lower, ours[name].upper) == pytest.approx((lower, upper), abs=1.01e-3), name
        assert "maximum likelihood" in ours[name].note


# lme4 1.1-31: confint(lmer(Reaction ~ Days + (Days | Subject), sleepstudy, weights = w), oldNames = FALSE).
# Its limits of the fixed effects (252.12–255.54) forget the weights when it refits, so they are checked by brute force.
WEIGHTED = {
    "sd_(Intercept)|Subject": (16.5890463838, 38.0857508592),
    "cor_Days.(Intercept)|Subject": (-0.5008906333, 0.5530444411),
    "sd_Days|Subject": (3.9554612188, 8.8783105413),
    "sigma": (23.1949497555, 29.2318970112),
}


def test_weights_enter():
    ours = intervals_of("sleepstudy-weights")
    for name, limits in WEIGHTED.items():
        assert (ours[name].lower, ours[name].upper) == pytest.approx(limits, rel=1e-3), name
    brute = BruteForce(fitted("sleepstudy-weights"))
    rise = brute.profile("Days", ours["Days"].lower) - least_deviance("sleepstudy-weights")
    assert rise == pytest.approx(QUANTILE, abs=1e-3)


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("machines-fslope", ("cor_MachineC.MachineB|Worker", "sd_MachineB|Worker")),
        ("pastes", ("sd_(Intercept)|batch:cask",)),
        ("bodyweight-offset", ("Time", "sd_(Intercept)|Rat")),
    ],
)
def test_several_effects_terms_and_an_offset_by_brute_force(case, names):
    brute, ours, floor = BruteForce(fitted(case)), intervals_of(case), least_deviance(case)
    for name in names:
        for limit in (ours[name].lower, ours[name].upper):
            assert brute.profile(name, limit) - floor == pytest.approx(QUANTILE, abs=1e-4), (name, limit)


def test_crossed_factors_with_slopes_by_brute_force():
    rng = np.random.default_rng(11)
    n = 80
    data = pd.DataFrame({"a": rng.integers(0, 8, n), "b": rng.integers(0, 6, n), "x": rng.normal(size=n)})
    data["y"] = (
        rng.normal(size=8)[data.a] * 2 + rng.normal(size=8)[data.a] * data.x + rng.normal(size=6)[data.b]
    ) + rng.normal(size=n)
    fit = lmm.fit("y ~ x + (x | a) + (1 | b)", data.astype({"a": "category", "b": "category"}), reml=False)
    ours, brute = {one.name: one for one in profile_intervals(fit)}, BruteForce(fit)
    for name in ("sd_x|a", "sd_(Intercept)|b", "x"):
        for limit in (ours[name].lower, ours[name].upper):
            if limit:
                assert brute.profile(name, limit) - fit.deviance == pytest.approx(QUANTILE, abs=1e-4), name


def test_an_estimate_of_zero_has_a_one_sided_interval():
    found = intervals_of("dyestuff2")["sd_(Intercept)|Batch"]
    assert (found.estimate, found.lower) == (0.0, 0.0)
    assert found.upper == pytest.approx(2.08404348900881, rel=1e-3)
    assert found.note == "One-sided: the ML estimate lies on the boundary, 0."


def test_a_correlation_of_minus_one_has_a_one_sided_interval():
    """Its upper limit is on the branch that keeps the sign: past a standard deviation of 0 it would come back."""
    found = intervals_of("early")["cor_tos.(Intercept)|id"]
    assert (found.estimate, found.lower) == (pytest.approx(-1.0), -1.0)
    # lme4's spline gives -0.31796; there the deviance is 3.8634 above its minimum by brute force.
    assert found.upper == pytest.approx(-0.3204627, abs=1e-6)
    assert "boundary, −1" in found.note


def test_no_correlation_is_excluded_where_a_standard_deviation_may_be_zero():
    found = intervals_of("orthodont-corr")
    assert found["sd_age|Subject"].lower == 0.0
    rho = found["cor_age.(Intercept)|Subject"]
    assert (rho.lower, rho.upper) == (-1.0, 1.0)
    assert "sd_age|Subject may be 0" in rho.note


@pytest.mark.parametrize(
    "case", ["exam-multi", "early", "carrots-na", "orange-raw", "loblolly", "co2-log", "dyestuff2"]
)
def test_singular_fits_have_finite_limits_or_a_word(case):
    for interval in intervals_of(case).values():
        for limit in (interval.lower, interval.upper):
            assert np.isfinite(limit) if limit is not None else interval.note
        assert interval.lower is None or interval.lower <= interval.upper


def test_a_dropped_column_has_no_interval_and_says_so():
    found = intervals_of("cake-rankdef")["factor(temp)225"]
    assert (found.estimate, found.lower, found.upper) == (None, None, None)
    assert "combination of (Intercept), temp" in found.note
    assert found.to_dict()["lower"] is None


def test_least_squares_has_its_closed_form():
    table = read_table(reference_cases()["sleepstudy-corr"])
    fit = lmm.fit("Reaction ~ Days", table)
    ours = {one.name: one for one in profile_intervals(fit)}
    n, rss = fit.n, fit.residuals @ fit.residuals
    for limit in (ours["sigma"].lower, ours["sigma"].upper):
        rise = n * np.log(limit**2 / (rss / n)) + rss / limit**2 - n
        assert rise == pytest.approx(QUANTILE, abs=1e-9)
    X, y = fit.design.X, fit.design.y
    held = y - ours["Days"].upper * X[:, 1]
    assert n * np.log(((held - held.mean()) ** 2).sum() / rss) == pytest.approx(QUANTILE, abs=1e-9)


def test_units_of_the_outcome_and_order_of_rows_do_not_matter():
    table = read_table(reference_cases()["sleepstudy-corr"])
    moved = table.sample(frac=1.0, random_state=4).assign(Reaction=lambda t: 3.0 + 1e4 * t.Reaction)
    there = {one.name: one for one in profile_intervals(lmm.fit("Reaction ~ Days + (Days | Subject)", moved))}
    for name, here in intervals_of("sleepstudy-corr").items():
        scale = 1.0 if name.startswith("cor") else 1e4
        shift = 3.0 if name == "(Intercept)" else 0.0
        assert there[name].lower == pytest.approx(shift + scale * here.lower, rel=1e-6)
        assert there[name].upper == pytest.approx(shift + scale * here.upper, rel=1e-6)


def test_the_origin_of_a_covariate_does_not_matter_for_its_slope():
    """Peers lose the optimum where a covariate is far from zero."""
    table = read_table(reference_cases()["sleepstudy-corr"])
    shifted = lmm.fit("Reaction ~ Days + (Days | Subject)", table.assign(Days=table.Days + 1000.0))
    there = {one.name: one for one in profile_intervals(shifted)}
    for name in ("sd_Days|Subject", "sigma", "Days"):
        here = intervals_of("sleepstudy-corr")[name]
        assert (there[name].lower, there[name].upper) == pytest.approx((here.lower, here.upper), rel=1e-5)


def test_a_subset_of_parameters_is_the_same_as_in_the_whole():
    name = "cor_Days.(Intercept)|Subject"
    assert profile_intervals(fitted("sleepstudy-corr"), parameters=[name]) == (intervals_of("sleepstudy-corr")[name],)


def test_a_higher_level_is_wider():
    wide = {one.name: one for one in profile_intervals(fitted("sleepstudy-corr"), level=0.99)}
    for name, narrow in intervals_of("sleepstudy-corr").items():
        assert wide[name].lower < narrow.lower < narrow.upper < wide[name].upper


def test_mistakes_are_named():
    fit = fitted("sleepstudy-corr")
    with pytest.raises(InputError, match=r"level of an interval is 95"):
        profile_intervals(fit, level=95)
    with pytest.raises(InputError, match=r"no parameter 'sd_Day'"):
        profile_intervals(fit, parameters=["sd_Day"])
    with pytest.raises(InputError, match=r"read from a file"):
        profile_intervals(lmm.Fit.from_json(fit.to_json()))
