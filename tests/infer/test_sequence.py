"""Sequences of fits: R's `anova` with its refits by maximum likelihood."""

import json

import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.sequence import anova_sequence, fitted_by_ml
from tests.reference.tables import read_table, reference_cases

CASES = [name for name, case in reference_cases().items() if "anova_seq" in case["r"]]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("reml", [True, False])
def test_sequences_are_those_of_r(case, reml):
    published = reference_cases()[case]
    r = published["r"]["anova_seq"]
    table = read_table(published)
    fits = [lmm.fit(formula, table, reml=reml) for formula in r["formulas"]]
    found = anova_sequence(fits[::-1])
    assert [fit.formula for fit in found.fits] == r["formulas"]
    assert found.refitted == (tuple(r["formulas"][::-1]) if reml else ())
    for row, *expected in zip(
        found.to_dict()["models"], r["npar"], r["logLik"], r["deviance"], r["AIC"], r["BIC"], strict=True
    ):
        got = [row[name] for name in ("npar", "loglik", "deviance", "aic", "bic")]
        assert got == pytest.approx(expected, abs=2e-4)
    for test, chisq, df, p in zip(found.tests, r["chisq"][1:], r["df"][1:], r["p"][1:], strict=True):
        assert (test.naive_df, test.null.df) == (df, (df,))
        assert test.statistic == pytest.approx(chisq, abs=2e-4)
        assert test.p == test.naive_p == pytest.approx(p, rel=1e-3)


def test_there_are_four_sequences():
    assert len(CASES) == 4


def test_random_parts_in_a_sequence_have_their_mixture():
    table = read_table(reference_cases()["sleepstudy-corr"])
    formulas = [f"Reaction ~ {x}" for x in ("Days", "Days + (1 | Subject)", "Days + (Days | Subject)")]
    tests = anova_sequence([lmm.fit(formula, table) for formula in formulas]).tests
    assert [str(test.null) for test in tests] == ["½χ²₀ + ½χ²₁", "½χ²₁ + ½χ²₂"]
    # R: anova(fm1, fm2) by ML, lme4 1.1-31
    assert tests[1].statistic == pytest.approx(42.139, abs=1e-3)


def test_weights_and_offset_survive_the_refit():
    table = read_table(reference_cases()["sleepstudy-weights"]).assign(known=1.0)
    for weights in (None, "w"):
        reml, ml = (
            lmm.fit("Reaction ~ Days + (1 | Subject)", table, reml=reml, weights=weights, offset="known")
            for reml in (True, False)
        )
        assert fitted_by_ml(reml) == ml


def test_one_fit_makes_no_sequence_and_a_stored_one_cannot_be_refitted():
    table = read_table(reference_cases()["sleepstudy-corr"])
    fits = [lmm.fit(f"Reaction ~ {x} + (1 | Subject)", table) for x in ("1", "Days")]
    with pytest.raises(InputError, match="two fits or more"):
        anova_sequence(fits[:1])
    with pytest.raises(InputError, match="read from a file"):
        anova_sequence([fits[0], lmm.Fit.from_json(fits[1].to_json())])
    table = anova_sequence(fits).to_dict()
    assert json.loads(json.dumps(table, allow_nan=False)) == table
