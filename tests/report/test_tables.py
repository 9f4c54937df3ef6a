"""Tables of the report: numbers of the fit, tests beside the right model, and the same model in R."""

import pytest

from lmm.report import tables
from lmm.report.coefficients import coefficients
from lmm.report.equation import distributions, equation, lme4_call
from tests.report import builders


def test_fixed_effects_of_sleepstudy():
    intercept, days = coefficients(builders.sleepstudy().case)
    # Bates et al. 2015: 251.405 (6.825), 10.467 (1.546); ± qt(.975, 17) = 2.109816 standard errors.
    assert (intercept.estimate_text, intercept.se_text, intercept.interval_text) == (
        "251.41",
        "6.82",
        "[237.01, 265.80]",
    )
    assert (days.estimate_text, days.se_text, days.interval_text) == ("10.47", "1.55", "[7.21, 13.73]")
    assert days.statistic == pytest.approx(6.771, abs=1e-3)
    assert (days.df_text, days.statistic_text.striptags()) == ("17", "t(17) = 6.77")
    # R: 2 * pt(-6.771, 17)
    assert days.p == pytest.approx(3.26e-6, rel=0.01)
    # 10.467 × sd(Days) 2.88 / sd(Reaction) 56.33
    assert days.standardised == pytest.approx(0.535, abs=1e-3)
    assert days.meaning.striptags() == "change of Reaction per unit of Days"


def test_random_effects_of_sleepstudy():
    intercept, slope, residual = tables.random_rows(builders.sleepstudy().case)
    assert (intercept.group, intercept.effect, intercept.sd, intercept.levels) == (
        "Subject",
        "Intercept",
        "24.74",
        "18",
    )
    assert (slope.effect, slope.sd, slope.correlations) == ("Days", "5.922", [".07 [−.48, .69]"])
    # Bates et al. 2015, section 5.1.
    assert (intercept.interval, slope.interval) == ("[14.38, 37.72]", "[3.801, 8.753]")
    assert residual.interval == "[22.90, 28.86]"
    assert (residual.group, residual.sd, residual.variance) == ("Residual", "25.59", "654.9")


def test_ladder_of_sleepstudy():
    rows = {row.id: row for row in tables.ladder_rows(builders.sleepstudy().case)}
    final = rows["Subject.slope"]
    assert (final.loglik, final.parameters, final.aic, final.bic) == ("−871.81", "6", "1,755.6", "1,774.8")
    assert (final.statistic, final.null, final.p, final.state) == ("42.84", "½χ²₁ + ½χ²₂", "< .001", "converged")
    assert final.is_final and final.on_path
    assert final.r2 == ".28 / .80"
    assert not rows["Subject.uncorrelated"].on_path
    # The null model has another mean: its REML likelihood is no yardstick for the others.
    assert rows["null"].loglik == rows["null"].aic == "–"
    assert all(row.reason for row in rows.values())


def test_the_null_model_is_comparable_where_all_share_its_mean():
    rows = tables.ladder_rows(builders.penicillin().case)
    assert rows[0].id == "null"
    assert rows[0].loglik != "–"


def test_fixed_effects_are_tested_by_maximum_likelihood():
    (row,) = tables.fixed_effect_tests(builders.sleepstudy().case)
    # R: anova of ML fits, χ² = 23.537 on 1 df.
    assert (row.effect, row.statistic, row.p) == ("Days", "23.54", "< .001")


def test_row_flow_and_variables():
    case = builders.sleepstudy().case
    assert [row["rows"] for row in tables.flow_rows(case)][-1] == "180"
    days = next(row for row in tables.variable_rows(case) if "Days" in row["name"])
    assert days["summary"] == "0 to 9, mean 4.5, SD 2.88"
    assert days["roles"] == "fixed effect, random slope and time"


def test_equation():
    text = equation(builders.sleepstudy().case).striptags()
    assert text == "Reaction = 251.41 + 10.47 × Days + u0[Subject] + uDays[Subject] × Days + e"
    assert "SD 25.6" in distributions(builders.sleepstudy().case)[-1].striptags()


@pytest.mark.parametrize(
    ("finished", "call"),
    [
        (builders.sleepstudy, "lmer(Reaction ~ Days + (Days | Subject), data = data, REML = TRUE)"),
        (builders.penicillin, "lmer(diameter ~ 1 + (1 | plate) + (1 | sample), data = data, REML = TRUE)"),
    ],
)
def test_the_same_model_in_r(finished, call):
    assert lme4_call(finished().case) == call


def test_weights_are_part_of_the_call():
    table = builders.sleep_table().assign(**{"my w": lambda t: 1.0 + t.Days % 2})
    case = builders.finish_undrawn(table, outcome="Reaction", fixed="Days", groups=["Subject"], weights="my w").case
    assert "weights = `my w`" in lme4_call(case)
    assert "divided by the root of my w" in distributions(case)[-1].striptags()
