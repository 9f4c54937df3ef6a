"""`lmm.fit`: numbers from R (lme4 1.1-31), algebra, the round trip through JSON, and sentences for mistakes."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lmm

DATA = Path(__file__).parent / "reference" / "data"


@pytest.fixture(scope="module")
def sleepstudy():
    return pd.read_csv(DATA / "sleepstudy.csv")


@pytest.fixture(scope="module")
def sleep(sleepstudy):
    return lmm.fit("Reaction ~ Days + (Days | Subject)", sleepstudy)


@pytest.fixture(scope="module")
def penicillin():
    return pd.read_csv(DATA / "penicillin.csv")


def test_sleepstudy_as_bates_et_al_2015_print_it(sleep):
    assert sleep.deviance == pytest.approx(1743.6283, abs=1e-4)
    np.testing.assert_allclose(sleep.beta, [251.40510, 10.46729], atol=1e-5)
    np.testing.assert_allclose(sleep.se, [6.825, 1.546], atol=1e-3)
    np.testing.assert_allclose(sleep.random[0].sd, [24.740658, 5.922138], rtol=1e-5)
    assert sleep.random[0].correlation[0, 1] == pytest.approx(0.06555, abs=1e-4)
    assert sleep.sigma == pytest.approx(25.591796, rel=1e-6)
    assert (sleep.npar, sleep.n, sleep.groups) == (6, 180, {"Subject": 18})
    assert sleep.aic == pytest.approx(1755.6283, abs=1e-4)
    assert sleep.bic == pytest.approx(1774.7861, abs=1e-3)
    assert sleep.converged and not sleep.singular


def test_conditional_modes_and_their_sds_as_lme4(sleep):
    modes = sleep.conditional_modes["Subject"].loc["308"]
    np.testing.assert_allclose(modes, [2.258551, 9.198976], atol=1e-4)
    np.testing.assert_allclose(sleep.conditional_sds["Subject"].loc["308"], [12.070857, 2.304839], atol=1e-4)


def test_fitted_and_residuals_add_up_to_the_outcome(sleep, sleepstudy):
    np.testing.assert_allclose(sleep.fitted + sleep.residuals, sleepstudy.Reaction, rtol=1e-13)
    np.testing.assert_allclose(sleep.fitted_fixed, sleep.predict(random=False))
    np.testing.assert_allclose(sleep.predict(sleepstudy), sleep.fitted, rtol=1e-12)
    np.testing.assert_allclose(sleep.predict(sleepstudy, random=False), sleep.fitted_fixed, rtol=1e-12)


def test_leverage_sums_to_the_effective_number_of_parameters(sleepstudy):
    random_intercept = lmm.fit("Reaction ~ Days + (1 | Subject)", sleepstudy, reml=False)
    # Greven & Kneib (2010) correct this trace, 17.892 by the method's reference, for the estimated variance.
    assert 2 < random_intercept.leverage.sum() < 20
    assert random_intercept.leverage.min() > 0


def test_unseen_and_missing_levels_add_nothing(sleep):
    new = pd.DataFrame({"Days": [0.0, 3.0, 3.0], "Subject": ["308", "unseen", None]})
    predicted = sleep.predict(new)
    np.testing.assert_allclose(predicted[1:], sleep.beta[0] + 3 * sleep.beta[1])
    assert predicted[0] == pytest.approx(sleep.beta[0] + sleep.conditional_modes["Subject"].loc["308"].iloc[0])


@pytest.mark.parametrize(
    ("formula", "reml"),
    [
        ("Reaction ~ Days + (Days || Subject)", True),
        ("log(Reaction) ~ poly(Days, 2) + (1 | Subject)", False),
        ("Reaction ~ Days", True),
    ],
)
def test_a_fit_survives_json(sleepstudy, formula, reml):
    fit = lmm.fit(formula, sleepstudy, reml=reml)
    back = lmm.Fit.from_json(fit.to_json())
    assert back == fit
    assert back.to_json() == fit.to_json()
    assert back.summary() == fit.summary()
    new = sleepstudy.iloc[[3, 77, 150]]
    np.testing.assert_array_equal(back.predict(new), fit.predict(new))
    json.loads(fit.to_json())


def test_independent_terms_of_one_factor(sleepstudy):
    double_bar = lmm.fit("Reaction ~ Days + (Days || Subject)", sleepstudy, reml=False)
    spelled_out = lmm.fit("Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)", sleepstudy, reml=False)
    assert double_bar.deviance == pytest.approx(1752.00326, abs=1e-4)
    assert double_bar.deviance == spelled_out.deviance
    assert [term.names for term in double_bar.random] == [("(Intercept)",), ("Days",)]
    assert list(double_bar.conditional_modes["Subject"].columns) == ["(Intercept)", "Days"]


def test_crossed_factors_as_lme4(penicillin):
    fit = lmm.fit("diameter ~ 1 + (1 | plate) + (1 | sample)", penicillin, reml=False)
    assert fit.deviance == pytest.approx(332.18835, abs=1e-4)
    assert fit.groups == {"plate": 24, "sample": 6}
    np.testing.assert_allclose([term.sd[0] for term in fit.random], [0.84555, 1.77067], atol=1e-4)


def test_order_of_the_terms_does_not_matter(penicillin):
    one = lmm.fit("diameter ~ 1 + (1 | plate) + (1 | sample)", penicillin)
    other = lmm.fit("diameter ~ 1 + (1 | sample) + (1 | plate)", penicillin)
    assert one.deviance == pytest.approx(other.deviance, abs=1e-9)
    assert one.random[0].group == other.random[1].group == "plate"
    np.testing.assert_allclose(one.random[0].sd, other.random[1].sd, rtol=1e-6)


def test_without_random_terms_it_is_least_squares(sleepstudy):
    fit = lmm.fit("Reaction ~ Days", sleepstudy)
    slope, intercept = np.polyfit(sleepstudy.Days, sleepstudy.Reaction, 1)
    np.testing.assert_allclose(fit.beta, [intercept, slope])
    assert fit.deviance == pytest.approx(1893.6643, abs=1e-3)  # -2 logLik(lm(Reaction ~ Days), REML = TRUE)
    ml = lmm.fit("Reaction ~ Days", sleepstudy, reml=False)
    assert ml.loglik == pytest.approx(-950.1465, abs=1e-4)  # logLik(lm(Reaction ~ Days))
    assert fit.leverage.sum() == pytest.approx(2.0)


def test_weights_count_rows_as_often_as_they_say(sleepstudy):
    """Doubling a row and giving it weight two agree in everything but the likelihood's count of rows."""
    weights = np.where(np.arange(180) % 3 == 0, 2.0, 1.0)
    whole = sleepstudy.loc[sleepstudy.index.repeat(weights.astype(int))]
    weighted = lmm.fit("Reaction ~ Days", sleepstudy, weights=weights)
    repeated = lmm.fit("Reaction ~ Days", whole)
    np.testing.assert_allclose(weighted.beta, repeated.beta)
    mixed = lmm.fit("Reaction ~ Days + (Days | Subject)", sleepstudy.assign(w=weights), weights="w")
    scaled = lmm.fit("Reaction ~ Days + (Days | Subject)", sleepstudy, weights=5 * weights)
    assert mixed.deviance == pytest.approx(scaled.deviance, abs=1e-8)
    assert scaled.sigma == pytest.approx(mixed.sigma * 5**0.5)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_only_the_ratios_of_weights_matter(sleepstudy, size):
    plain = lmm.fit("Reaction ~ Days + (Days | Subject)", sleepstudy)
    constant = lmm.fit("Reaction ~ Days + (Days | Subject)", sleepstudy, weights=np.full(180, size))
    assert constant.deviance == pytest.approx(plain.deviance, rel=1e-10)
    np.testing.assert_allclose(constant.random[0].sd, plain.random[0].sd, rtol=1e-6)


def test_offset_is_taken_from_the_outcome(sleepstudy):
    known = 3.0 * sleepstudy.Days
    by_argument = lmm.fit("Reaction ~ Days + (1 | Subject)", sleepstudy, offset=known.to_numpy())
    by_term = lmm.fit("Reaction ~ Days + offset(3 * Days) + (1 | Subject)", sleepstudy)
    plain = lmm.fit("Reaction ~ Days + (1 | Subject)", sleepstudy)
    assert by_argument.deviance == pytest.approx(plain.deviance, abs=1e-8)
    assert by_term.deviance == pytest.approx(plain.deviance, abs=1e-8)
    np.testing.assert_allclose(by_term.beta, plain.beta - [0.0, 3.0])
    np.testing.assert_allclose(by_term.fitted, plain.fitted)
    np.testing.assert_allclose(by_term.predict(sleepstudy), plain.fitted)


def test_rows_with_missing_values_are_left_out(sleepstudy):
    holes = sleepstudy.astype({"Subject": object, "Reaction": float})
    holes.loc[5, "Reaction"] = np.nan
    holes.loc[40, "Subject"] = None
    fit = lmm.fit("Reaction ~ Days + (1 | Subject)", holes)
    assert (fit.n, fit.n_dropped) == (178, 2)
    assert fit.groups == {"Subject": 18}
    assert set(range(180)) - set(fit.rows.tolist()) == {5, 40}
    assert fit.deviance == lmm.fit("Reaction ~ Days + (1 | Subject)", holes.drop(index=[5, 40])).deviance


def test_collinear_columns_are_dropped_and_named(sleepstudy):
    fit = lmm.fit("Reaction ~ Days + I(2 * Days) + (1 | Subject)", sleepstudy)
    assert fit.dropped_columns == ("I(2 * Days)",)
    assert fit.coefficients == ("(Intercept)", "Days")
    assert "I(2 * Days)" in fit.summary()


def test_no_variance_between_levels_is_said(sleepstudy):
    centred = sleepstudy.assign(y=sleepstudy.Reaction - sleepstudy.groupby("Subject").Reaction.transform("mean"))
    fit = lmm.fit("y ~ Days + (1 | Subject)", centred)
    assert fit.singular and fit.converged
    assert fit.collapsed == ("Subject: the variance of (Intercept) is zero.",)
    assert "Singular fit: Subject: the variance of (Intercept) is zero." in fit.summary()


def test_perfectly_correlated_slopes_are_said():
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"g": np.repeat(np.arange(20), 5), "x": np.tile(np.arange(5.0), 20)})
    level = rng.normal(size=20)[table.g]
    residual = rng.normal(size=100)
    # Residuals without any level-wise intercept or slope leave nothing but the one direction.
    basis = np.column_stack([np.ones(5), np.arange(5.0)])
    project = np.eye(5) - basis @ np.linalg.pinv(basis)
    table["y"] = level * (3 - 0.5 * table.x) + (project @ residual.reshape(20, 5).T).T.ravel()
    fit = lmm.fit("y ~ x + (x | g)", table)
    assert fit.singular
    assert fit.collapsed == ("g: the correlation of (Intercept) and x is −1.",)


def test_a_second_optimum_is_reported():
    table = pd.read_csv(Path(__file__).parent / "reference" / "data" / "orange.csv")
    fit = lmm.fit("circumference ~ age + I(age^2) + (age | Tree)", table)
    assert fit.deviance == min(fit.convergence.optima) or fit.convergence.optima[0] == pytest.approx(fit.deviance)


def test_summary_shows_what_was_fitted(sleep):
    text = sleep.summary()
    for part in (
        "REML",
        "Reaction ~ Days + (Days | Subject)",
        "(Intercept)",
        "251.405",
        "24.74",
        "0.066",
        "Subject, 18",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("Reaction ~ Days + (1 | row)", "row"),
        ("Reaction ~ Days + (Days | pair)", "180 random coefficients"),
        ("twice ~ Days + I(2 * Days) + (1 | Subject)", "exact linear function"),
        ("Reaction ~ factor(row) + (1 | Subject)", "180 independent columns for 180 rows"),
        ("Reaction ~ Dais + (1 | Subject)", "Days"),
    ],
)
def test_mistakes_get_one_sentence(sleepstudy, formula, sentence):
    table = sleepstudy.assign(row=np.arange(180), pair=np.arange(180) // 2, twice=1.0 + 2.0 * sleepstudy.Days)
    with pytest.raises(lmm.InputError) as error:
        lmm.fit(formula, table)
    assert sentence in str(error.value)
    assert "Traceback" not in str(error.value)


def test_importing_the_package_loads_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys, lmm; print([m for m in ('scipy.stats', 'matplotlib', 'pydantic', 'jinja2') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_misspecified_mean_does_not_keep_several_factors_from_converging():
    """Without year in the mean, average information is twenty times the curvature; logLik from lme4 (bobyqa)."""
    fit = lmm.fit("math ~ 1 + (year | childid) + (year | schoolid)", pd.read_csv(DATA / "egsingle.csv.gz"))
    assert fit.converged
    assert fit.loglik == pytest.approx(-8276.966424, abs=1e-5)
    assert fit.convergence.iterations < 60


@pytest.fixture(scope="module")
def small():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "g": np.repeat(list("abcdefghij"), 5),
            "f": np.tile(list("vwxyz"), 10),
            "x": rng.normal(size=50),
            "z": rng.normal(size=50),
        }
    )
    level = dict(zip("abcdefghij", rng.normal(size=10), strict=True))
    table["y"] = table.x + table.g.map(level) + rng.normal(size=50)
    return table


@pytest.mark.parametrize("unit", [1e-8, 1e-3, 1.0, 1e8])
def test_what_collapsed_does_not_depend_on_units(small, unit):
    fit = lmm.fit("y ~ x + (x | g)", small.assign(x=small.x * unit))
    (boundary,) = fit.boundaries
    assert (boundary.group, boundary.zero, boundary.rank) == ("g", (), 1)
    assert boundary.sentence == "g: the correlation of (Intercept) and x is +1."


def test_a_flat_likelihood_is_not_called_converged(small):
    fit = lmm.fit("y ~ g + (1 | g)", small)
    assert fit.convergence.status == "not identified"
    assert not fit.converged
    assert "Not converged: The deviance is flat" in fit.summary()


@pytest.mark.parametrize("size", [1e-5, 0.0])
def test_an_outcome_that_hardly_varies_within_levels_is_not_called_converged(small, size):
    table = small.assign(y=small.groupby("g").y.transform("mean") + size * small.z)
    for formula in ("y ~ 1 + (1 | g)", "y ~ 1 + (1 | g) + (1 | f)"):
        fit = lmm.fit(formula, table)
        assert not fit.converged
        assert "explain the outcome all but exactly" in fit.convergence.message


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("y ~ x + (1 | g) + (1 | g)", "(Intercept) varies over g in two random terms"),
        ("y ~ x + (1 | g) + (1 | upper)", "g and upper put the same rows together"),
        ("y ~ x + (x + I(2 * x) | g)", "column I(2 * x) is zero or"),
        ("y ~ x + (zero | f)", "column zero is zero or"),
        ("y ~ x + (I(x + 1e10) | g)", "centre a covariate that is far from zero"),
    ],
)
def test_variances_that_cannot_be_told_apart_are_refused(small, formula, sentence):
    with pytest.raises(lmm.InputError) as error:
        lmm.fit(formula, small.assign(upper=small.g.str.upper(), zero=0.0))
    assert sentence in str(error.value)


def test_an_offset_given_as_an_array_is_not_guessed_for_new_rows(small):
    fit = lmm.fit("y ~ x + (1 | g)", small, offset=3 * small.z.to_numpy())
    with pytest.raises(lmm.InputError, match="not known for new rows"):
        fit.predict(small)
    by_column = lmm.fit("y ~ x + (1 | g)", small.assign(known=3 * small.z), offset="known")
    np.testing.assert_allclose(by_column.predict(small.assign(known=3 * small.z)), fit.fitted)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"beta": 1}'])
def test_a_text_that_is_no_fit_is_refused(text):
    with pytest.raises(lmm.InputError, match="no stored fit"):
        lmm.Fit.from_json(text)


def test_leverage_by_runs_of_levels_is_that_of_the_whole(monkeypatch, small):
    fit = lmm.fit("y ~ x + (x | g) + (1 | f)", small)
    whole = fit.leverage
    monkeypatch.setattr("lmm.engine.leverage._LEVELS_AT_ONCE", 3)
    again = lmm.fit("y ~ x + (x | g) + (1 | f)", small)
    np.testing.assert_allclose(again.leverage, whole, rtol=1e-12)


def test_a_factor_among_the_fixed_effects_too_is_not_identified_however_few_rows():
    # Rows of which the quadratic start makes a variance of 1e16, where the deviance overflows.
    table = pd.DataFrame(
        {
            "y": [
                *(-2.2996313425447004, -3.5966989600170978, -4.79502282251063, -9.83078114989244),
                *(-8.510844146058016, 1.7306726316510204, 2.717191956080798, 2.8512661646952346),
            ],
            "g": list("aaabbccc"),
            "b": list("rrrssttt"),
            "w": list("xyzxxxyz"),
        }
    )
    fit = lmm.fit("y ~ b + w + (1 | g)", table)
    assert fit.convergence.status == "not identified"
    plain = lmm.fit("y ~ b + w", table)
    np.testing.assert_allclose(fit.fitted_fixed, plain.fitted, atol=1e-6)


def test_the_optimum_is_found_where_weights_span_twelve_decades():
    # Simulated. The usual starts end in a local optimum 66 higher; 125.808 is the lowest that Nelder-Mead finds from
    # starts of every magnitude.
    table = pd.read_csv(Path(__file__).parent / "data" / "weights_over_twelve_decades.csv")
    fit = lmm.fit("y ~ x + f + (x | g)", table, weights="w")
    assert fit.converged
    assert fit.deviance == pytest.approx(125.80834, abs=1e-3)
    assert fit.convergence.optima[1] == pytest.approx(192.10347, abs=1e-3)
