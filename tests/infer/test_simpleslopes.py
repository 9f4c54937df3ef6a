"""Simple slopes: emtrends' numbers, and coefficients where the model is linear."""

import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.contrasts import contrasts, pairwise
from lmm.infer.simpleslopes import simple_slopes
from lmm.infer.smallsample import small_sample
from tests.infer.effects import assert_agree, fitted, numbers_of_r, table_of

CO2 = "uptake ~ log(conc) * Type * Treatment + (1 | Plant)"


@pytest.mark.parametrize("method", ["satterthwaite", "kenward-roger"])
def test_slopes_through_a_logarithm_are_those_of_emtrends(method):
    expected = numbers_of_r()["co2"][method]
    fit, table = fitted(CO2, "co2-log"), table_of("co2-log")
    small = small_sample(fit, method)
    slopes = simple_slopes(fit, table, "conc", ("Type", "Treatment"))
    assert_agree(slopes.estimates(small), expected["slopes"], **{"conc.trend": "estimate"})
    assert_agree(contrasts(slopes, pairwise(), small), expected["pairs"], estimate="estimate")
    slopes = simple_slopes(fit, table, "conc", "Type", at={"conc": 250})
    assert_agree(slopes.estimates(small), expected["slopes_by"], **{"conc.trend": "estimate"})


def test_slopes_of_a_cubic_are_its_derivative():
    fit, table = fitted("height ~ poly(age, 3) + (1 | Subject)", "oxboys-quad"), table_of("oxboys-quad")
    found = simple_slopes(fit, table, "age", "age", at={"age": [-0.5, 0, 0.75]}).estimates(small_sample(fit))
    expected = numbers_of_r()["poly"]["slopes"]
    assert_agree(found, expected, **{"age.trend": "estimate"})


def test_slopes_of_a_line_are_coefficients():
    fit, table = fitted("weight ~ Time * Diet + (Time | Rat)", "bodyweight"), table_of("bodyweight")
    small = small_sample(fit)
    found = simple_slopes(fit, table, "Time", "Diet")
    beta = dict(zip(fit.coefficients, fit.beta, strict=True))
    expected = [beta["Time"], beta["Time"] + beta["Time:Diet2"], beta["Time"] + beta["Time:Diet3"]]
    assert [one.estimate for one in found.estimates(small)] == pytest.approx(expected, rel=1e-8)
    place = list(fit.coefficients).index("Time:Diet2")
    first = contrasts(found, pairwise(), small)[0]
    assert first.se == pytest.approx(small.vcov[place, place] ** 0.5, rel=1e-6)
    assert found.quantity == "slope of weight in Time"


def test_equal_slopes_have_no_difference_to_test():
    fit, table = fitted("weight ~ Time + Diet + (Time | Rat)", "bodyweight"), table_of("bodyweight")
    found = contrasts(simple_slopes(fit, table, "Time", "Diet"), pairwise(), small_sample(fit))
    assert all(one.p is None and "no such difference" in one.reason for one in found)


def test_a_factor_has_no_slope():
    with pytest.raises(InputError, match="'Type' is not among the fixed part's covariates, which are 'conc'"):
        simple_slopes(fitted(CO2, "co2-log"), table_of("co2-log"), "Type")


def test_a_slope_that_is_no_estimate_is_said_to_be_known():
    fit = fitted("Reaction ~ Days + offset(0.1 * w) + (1 | Subject)", "sleepstudy-corr")
    (found,) = simple_slopes(fit, table_of("sleepstudy-corr"), "w").estimates(small_sample(fit))
    assert found.estimate == pytest.approx(0.1) and found.se is None
    assert found.reason == "The fixed effects do not enter this slope: it is 0.1 for sure."


def test_a_constant_has_no_slope_and_says_so():
    table = table_of("sleepstudy-corr").assign(one=1.0)
    fit = lmm.fit("Reaction ~ Days + one + (1 | Subject)", table)
    (found,) = simple_slopes(fit, table, "one").estimates(small_sample(fit))
    assert (found.estimate, found.reason) == (None, "The rows do not determine it.")
