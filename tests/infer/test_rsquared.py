"""R² and ICC against Johnson's (2014) definition, computed in R from the model matrices (public.json, r2_direct)."""

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.rsquared import partial_r2, variance_shares
from lmm.infer.smallsample import small_sample
from tests.reference.tables import fitting_arguments, read_table, reference_cases

CASES = list(reference_cases())
# performance::r2_nakagawa keeps the intercept's variance alone where it should be the mean of z'Σz: after ||, without
# a random intercept, with poly() or a factor as slope, and wherever it gives up on a singular fit.
WRONG_IN_PERFORMANCE = ["sleepstudy-uncorr", "machines-fslope", "oxboys-poly", "verbagg-fslope"]


@pytest.mark.parametrize("case", CASES)
def test_variance_shares_are_those_of_r(case):
    published = reference_cases()[case]
    arguments = fitting_arguments(published, read_table(published))
    expected = published["r"]["r2_direct"]
    shares = variance_shares(lmm.fit(**arguments), arguments["data"])
    close = {"rel": 1e-4, "abs": 1e-6 * expected["var_resid"]}
    assert shares.fixed == pytest.approx(expected["var_fixed"], **close)
    assert shares.random == pytest.approx(expected["var_random"], rel=1e-3, abs=1e-6 * expected["var_resid"])
    assert shares.residual == pytest.approx(expected["var_resid"], **close)
    assert shares.r2_marginal == pytest.approx(expected["r2_marginal"], abs=1e-4)
    assert shares.r2_conditional == pytest.approx(expected["r2_conditional"], abs=1e-4)
    assert shares.icc == pytest.approx(expected["icc_adjusted"], abs=1e-4)
    assert shares.icc_unadjusted == pytest.approx(expected["icc_unadjusted"], abs=1e-4)


@pytest.mark.parametrize("case", WRONG_IN_PERFORMANCE)
def test_where_performance_is_wrong_the_covariance_of_the_outcome_decides(case):
    """The mean variance of a row, diag(ZΣZ'), is what the random effects add: no two definitions of that."""
    published = reference_cases()[case]
    arguments = fitting_arguments(published, read_table(published))
    fit = lmm.fit(**arguments)
    rows = arguments["data"].iloc[fit.rows]
    variances = np.zeros(fit.n)
    for term, (columns, _) in zip(fit.random, fit.recipe.random(rows), strict=True):
        variances += [z @ term.covariance @ z for z in columns]
    shares = variance_shares(fit, arguments["data"])
    assert shares.random == pytest.approx(variances.mean(), rel=1e-10)
    assert abs(shares.r2_conditional - published["r"]["r2_nakagawa"]["conditional"]) > 5e-5
    assert shares.r2_conditional == pytest.approx(published["r"]["r2_direct"]["r2_conditional"], abs=1e-5)


def test_factors_share_the_variance_and_their_shares_add_up():
    published = reference_cases()["egsingle-3level"]
    table = read_table(published)
    shares = variance_shares(lmm.fit(published["formula"], table), table)
    assert list(shares.of_factors) == ["schoolid", "childid"]
    assert sum(shares.of_factors.values()) == pytest.approx(shares.random)
    assert shares.r2_marginal + sum(shares.r2_of_factors.values()) == pytest.approx(shares.r2_conditional)


def test_partial_r2_of_least_squares_is_the_reduction_in_residual_variance():
    table = read_table(reference_cases()["sleepstudy-corr"])
    smaller, larger = (lmm.fit(formula, table) for formula in ("Reaction ~ w", "Reaction ~ w + Days"))
    sums = [float(fit.residuals @ fit.residuals) for fit in (smaller, larger)]
    test = small_sample(larger).f_test(np.eye(3)[2])
    assert partial_r2(test) == pytest.approx(1 - sums[1] / sums[0], rel=1e-10)
    assert partial_r2(small_sample(larger, "normal").f_test(np.eye(3)[2])) is None


def test_uncorrelated_slopes_count():
    # method, rule 11: performance 0.10.2 prints .415/.702 for this model, having lost the slope's variance
    table = read_table(reference_cases()["sleepstudy-corr"])
    shares = variance_shares(lmm.fit("Reaction ~ Days + (Days || Subject)", table), table)
    assert (round(shares.r2_marginal, 3), round(shares.r2_conditional, 3)) == (0.283, 0.797)


def test_a_fit_read_back_and_a_table_with_dropped_rows_give_the_same():
    table = read_table(reference_cases()["sleepstudy-corr"])
    fit = lmm.fit("Reaction ~ Days + (Days | Subject)", table)
    with_gaps = pd.concat([table.head(3).assign(Reaction=float("nan")), table], ignore_index=True)
    gapped = lmm.fit("Reaction ~ Days + (Days | Subject)", with_gaps)
    expected = variance_shares(fit, table)
    assert variance_shares(lmm.Fit.from_json(fit.to_json()), table) == expected
    assert variance_shares(gapped, with_gaps).random == pytest.approx(expected.random, rel=1e-9)


def test_least_squares_has_no_random_variance():
    table = read_table(reference_cases()["sleepstudy-corr"])
    shares = variance_shares(lmm.fit("Reaction ~ Days", table), table)
    assert shares.random == 0.0 and shares.icc == 0.0
    assert shares.r2_marginal == shares.r2_conditional


def test_another_table_is_refused():
    table = read_table(reference_cases()["sleepstudy-corr"])
    fit = lmm.fit("Reaction ~ Days + (1 | Subject)", table)
    with pytest.raises(InputError, match="fitted to one of 180"):
        variance_shares(fit, pd.concat([table, table]))
