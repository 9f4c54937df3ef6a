"""R² and ICC against Johnson's (2014) definition, computed in R from the model matrices (public.json, r2_direct)."""

import pandas as pd
import pytest

import lmm
from lmm.infer.rsquared import variance_shares
from tests.reference.tables import fitting_arguments, read_table, reference_cases

CASES = [
    "sleepstudy-corr", "sleepstudy-uncorr", "sleepstudy-ri", "sleepstudy-weights", "sleepstudy-huge", "dyestuff",
    "dyestuff2", "penicillin", "pastes", "cake-ordered", "cake-rankdef", "orthodont-corr", "oxboys-quad", "oxboys-poly",
    "bodyweight-offset", "machines-nested", "machines-fslope", "oats-factor", "rail-seconds", "early", "petrol-poly",
    "egsingle-3level", "carrots-na",
]  # fmt: skip


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
