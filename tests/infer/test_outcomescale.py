"""Transformed outcomes on the scale of the outcome: derivatives, invariances and a density worked out by hand."""

import numpy as np
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.outcomescale import criteria_on_outcome_scale, log_jacobian
from tests.reference.tables import read_table, reference_cases

TRANSFORMATIONS = {
    "Reaction": lambda y: y,
    "log(Reaction)": np.log,
    "log(Reaction, 3)": lambda y: np.log(y) / np.log(3),
    "log10(Reaction)": np.log10,
    "log2(Reaction - 100)": lambda y: np.log2(y - 100),
    "log1p(Reaction)": np.log1p,
    "sqrt(Reaction)": np.sqrt,
    "I(Reaction^2)": lambda y: y**2,
    "I(Reaction^(1/3))": np.cbrt,
    "I((Reaction - 300)^3)": lambda y: (y - 300) ** 3,
    "I(-1000 / Reaction)": lambda y: -1000 / y,
    "I(1 / sqrt(Reaction))": lambda y: y**-0.5,
    "exp(Reaction / 100)": lambda y: np.exp(y / 100),
    "I(2^(Reaction / 50))": lambda y: 2 ** (y / 50),
    "expm1(Reaction / 300)": lambda y: np.expm1(y / 300),
    "qlogis(Reaction / 1000)": lambda y: np.log(y / 1000 / (1 - y / 1000)),
    "I(3 - 2 * Reaction)": lambda y: 3 - 2 * y,
}


@pytest.fixture(scope="module")
def sleep():
    return read_table(reference_cases()["sleepstudy-corr"])


@pytest.mark.parametrize("outcome", TRANSFORMATIONS)
def test_the_jacobian_is_the_sum_of_log_derivatives(sleep, outcome):
    fit = lmm.fit(f"{outcome} ~ Days + (1 | Subject)", sleep, reml=False)
    y, g, step = sleep["Reaction"].to_numpy(float), TRANSFORMATIONS[outcome], 1e-3
    slope = (g(y - 2 * step) - 8 * g(y - step) + 8 * g(y + step) - g(y + 2 * step)) / (12 * step)
    assert log_jacobian(fit) == pytest.approx(np.log(np.abs(slope)).sum(), abs=1e-4)


def test_a_lognormal_sample_has_its_density(sleep):
    fit = lmm.fit("log(Reaction) ~ 1", sleep, reml=False)
    y = sleep["Reaction"].to_numpy(float)
    mean, sd = np.log(y).mean(), np.log(y).std()
    density = np.exp(-0.5 * ((np.log(y) - mean) / sd) ** 2) / (y * sd * np.sqrt(2 * np.pi))
    assert criteria_on_outcome_scale(fit).aic == pytest.approx(-2 * np.log(density).sum() + 4, rel=1e-12)


def test_a_linear_transformation_is_no_other_model(sleep):
    plain, linear = (
        criteria_on_outcome_scale(lmm.fit(f"{y} ~ Days + (Days | Subject)", sleep, reml=False))
        for y in ("Reaction", "I(5 - Reaction / 1000)")
    )
    assert plain.aic == pytest.approx(1763.9393444632, abs=1e-4)  # R: AIC of the ML fit
    assert linear.aic == pytest.approx(plain.aic, abs=1e-5)


def test_units_of_the_outcome_do_not_decide_between_log_and_plain(sleep):
    differences = []
    for unit in (1.0, 1e-3):
        table = sleep.assign(Reaction=unit * sleep["Reaction"])
        plain, logged = (
            criteria_on_outcome_scale(lmm.fit(f"{y} ~ Days + (Days | Subject)", table, reml=False)).aic
            for y in ("Reaction", "log(Reaction)")
        )
        differences.append(logged - plain)
    assert differences[0] == pytest.approx(differences[1], abs=1e-5)


def test_a_fit_read_back_gives_the_same(sleep):
    fit = lmm.fit("log(Reaction) ~ Days + (1 | Subject)", sleep, reml=False)
    assert criteria_on_outcome_scale(lmm.Fit.from_json(fit.to_json())) == criteria_on_outcome_scale(fit)


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ("scale(Reaction)", "scale\\(Reaction\\) is no function"),
        ("I(Reaction * Days)", "no function of one column"),
        ("I((Reaction - 300)^2)", "no function"),
        ("sqrt(Days)", "no finite derivative"),
    ],
)
def test_what_cannot_be_brought_back_is_refused(sleep, outcome, message):
    with pytest.raises(InputError, match=message):
        log_jacobian(lmm.fit(f"{outcome} ~ 1 + (1 | Subject)", sleep, reml=False))


def test_reml_is_refused(sleep):
    with pytest.raises(InputError, match="reml=False"):
        criteria_on_outcome_scale(lmm.fit("log(Reaction) ~ Days + (1 | Subject)", sleep))
