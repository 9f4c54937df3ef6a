"""Means fitted from cross-products: against lme4, and against lmm.fit of each."""

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.infer.criteria import criteria
from lmm.infer.rsquared import variance_shares
from lmm.select.meanfits import MeanFits
from lmm.select.scope import Scope
from tests.reference.tables import read_table, reference_cases
from tests.select.selections import STUDIES, full_model, mean_fits
from tests.select.studies import table


def compared(formula, data, **more):
    """All means within a model, with each of them fitted by itself."""
    full = lmm.fit(formula, data, **more)
    scope = Scope.of(formula)
    fits = MeanFits.of_fit(full, scope)
    rows = data.iloc[full.rows]
    more |= {"reml": False}
    return [(fits[mean], lmm.fit(scope.formula_of(mean), rows, **more), rows) for mean in scope.means()]


@pytest.mark.parametrize("name", STUDIES)
def test_every_mean_has_the_likelihood_and_criteria_of_lme4(name):
    fits = mean_fits(name)
    scope = fits.columns.scope
    expected = {tuple(mean["terms"]): mean for mean in STUDIES[name]["means"]}
    for mean in scope.means():
        found, r = fits[mean], expected[scope.labels(mean)]
        assert found.failure is None
        assert found.parameters == r["npar"]
        assert found.deviance == pytest.approx(-2 * r["loglik"], abs=1e-5)
        assert found.aic == pytest.approx(r["AIC"], abs=1e-5)
        assert found.aicc == pytest.approx(r["AICc"], abs=1e-5)
        assert found.bic == pytest.approx(r["BIC"], abs=1e-5)
        assert found.bic_groups == pytest.approx(r["BIC_groups"], abs=1e-5)


@pytest.mark.parametrize(
    ("formula", "case"),
    [
        ("weight ~ 0 + sex + Treatment + Lsize + (1 | Litter)", "ratpup"),  # factors are coded anew
        ("angle ~ recipe * temp + factor(temp) + (1 | recipe:replicate)", "cake-rankdef"),
        ("weight ~ sex + poly(Lsize, 2) * sex + ns(Lsize, df = 3) + (Lsize | Litter)", "ratpup"),
        ("angle ~ recipe * temp + (1 | replicate) + (temp || recipe:replicate)", "cake-rankdef"),
    ],
)
def test_every_mean_is_the_one_fitted_by_itself(formula, case):
    for found, alone, rows in compared(formula, table(case)):
        assert found.deviance == pytest.approx(alone.deviance, abs=1e-6)
        assert found.parameters == alone.npar
        assert found.singular == alone.singular
        assert found.bic_groups == pytest.approx(criteria(alone).bic_groups, abs=1e-6)
        marginal = variance_shares(alone, rows).r2_marginal
        assert found.r2_marginal == pytest.approx(marginal, abs=1e-6)
        adjusted = 1 - (1 - marginal) * (alone.n - 1) / (alone.n - len(alone.beta))
        assert found.r2_adjusted == pytest.approx(adjusted, abs=1e-6)


def test_weights_and_offset_stay():
    data = read_table(reference_cases()["sleepstudy-weights"])
    formula = "Reaction ~ Days + I(Days^2) + offset(2 * Days) + (1 | Subject)"
    for found, alone, rows in compared(formula, data, weights="w"):
        assert found.deviance == pytest.approx(alone.deviance, abs=1e-7)
        assert found.r2_marginal == pytest.approx(variance_shares(alone, rows).r2_marginal, abs=1e-7)


def test_the_rows_are_those_of_the_full_mean():
    data = table("ratpup").copy()
    data.loc[3:40, "Lsize"] = np.nan
    for found, alone, _ in compared("weight ~ sex + Lsize + (1 | Litter)", data, reml=True):
        assert found.rows == alone.n == len(data) - 38
        assert found.deviance == pytest.approx(alone.deviance, abs=1e-7)


def test_a_mean_that_cannot_be_fitted_says_why():
    found = lost_residual()
    assert [fit.failure for fit in found] == ["no residual variance left"] * 2 + [None] * 2


def lost_residual():
    """Means with and without the one predictor that tells groups apart which differ a million times the residual."""
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"g": np.repeat(np.arange(12), 8), "x": rng.normal(size=96)})
    data["w"] = 1e7 * rng.normal(size=12)[data["g"]]
    data["y"] = data["w"] + rng.normal(size=12)[data["g"]] + rng.normal(size=96)
    full = lmm.fit("y ~ x + w + (1 | g)", data, reml=False)
    scope = Scope.of(full.formula)
    fits = MeanFits.of_fit(full, scope)
    return [fits[mean] for mean in ((), (0,), (1,), (0, 1))]


def test_a_mean_is_fitted_once():
    fits = MeanFits.of_fit(full_model("ratpup"), Scope.of(full_model("ratpup").formula))
    assert fits[0, 1] is fits[0, 1]
