"""Tables and prose of the inference: means, slopes, shares, criteria, and what is said where a part is missing."""

from dataclasses import replace
from functools import cache

import pandas
import pytest

from lmm.report import intervals, shares
from lmm.report.cautions import GREEN, cautions
from lmm.report.effects import effect_sections
from lmm.report.methods import citations, methods
from lmm.report.results import results
from lmm.report.tables import anova_rows
from tests.report import builders


@cache
def oats():
    """A split plot: two factors and no choice of model; the ladder without its bootstrap, which takes seconds."""
    block = {"outcome": "yield", "fixed": "Variety * factor(nitro)", "groups": ["Block/Variety"]}
    return builders.finish_undrawn(pandas.read_csv(builders.DATA / "oats.csv"), **block, ladder={"draws": 0})


@cache
def orthodont():
    block = {"outcome": "distance", "fixed": "age * Sex", "groups": ["Subject"], "time": "age"}
    chosen = {"degrees_of_freedom": "satterthwaite", "adjustment": "holm", "level": 0.9}
    return builders.finish_undrawn(pandas.read_csv(builders.DATA / "orthodont.csv"), **block, inference=chosen)


def prose(case):
    return " ".join(part.striptags() for part in (*methods(case), *results(case, cautions(case))))


def with_inference(case, **parts):
    return replace(case, inference=case.inference | parts)


def test_f_tests_of_the_split_plot():
    rows = {row["term"]: row for row in anova_rows(oats().case)}
    # Pinheiro & Bates 2000, p. 47: nitro 37.686 on 3 and 45, Variety 1.485 on 2 and 10, their interaction .3028.
    assert (rows["factor(nitro)"]["statistic"], rows["factor(nitro)"]["df"]) == ("37.69", "3, 45")
    assert (rows["Variety"]["statistic"], rows["Variety"]["df"], rows["Variety"]["p"]) == ("1.49", "2, 10", ".272")
    told = prose(oats().case)
    assert "Terms as a whole, type III: Variety: F(2, 10) = 1.49, p = .272; factor(nitro): F(3, 45) = 37.69" in told
    assert anova_rows(builders.sleepstudy().case) == []


def test_means_within_each_other_are_open_and_averages_folded():
    sections = {section.title.striptags(): section for section in effect_sections(oats().case)}
    inner = sections["Means of yield by Variety, at each nitro"]
    assert inner.levels == ["Variety", "nitro"]
    assert inner.estimates[0] == {
        "levels": ["Golden Rain", "0"],
        "estimate": "80.00",
        "se": "9.11",
        "df": "16.1",
        "interval": "[60.70, 99.30]",
    }
    assert inner.caption.striptags().endswith("adjusted for 3 differences at each level by Tukey’s method.")
    assert [section.folded for section in sections.values()] == [True, True, False, False]
    assert "Means of yield by nitro" in oats().page()
    assert "by Tukey’s method" in prose(oats().case)


def test_slopes_of_a_covariate_by_a_factor():
    means, slopes = effect_sections(orthodont().case)
    assert slopes.title.striptags() == "Slope of age by Sex"
    assert [row["levels"] for row in slopes.estimates] == [["Female"], ["Male"]]
    (difference,) = slopes.differences
    assert (difference["name"], difference["estimate"]) == ("Female − Male", "−0.30")
    assert not slopes.folded
    assert means.folded


def test_level_and_degrees_of_freedom_are_those_chosen():
    finished = orthodont()
    told = prose(finished.case)
    assert "90% CI" in told
    assert "95% CI" not in told
    assert "Satterthwaite’s (Giesbrecht & Burns, 1985)" in told
    assert "Holm’s method" in told
    assert "giesbrecht" in citations(finished.case)
    assert "kenward" not in citations(finished.case)
    assert "90% CI" in finished.page()
    assert finished.entry()["estimate_label"] == "age, 90% CI"


def test_shares_add_up_and_a_nested_factor_has_the_sum_as_its_correlation():
    rows = shares.share_rows(oats().case)
    assert rows[0]["part"] == "Fixed part"
    assert sum(float(row["share"]) for row in rows) == pytest.approx(1, abs=0.02)
    # (214.477 + 106.062) / (214.477 + 106.062 + 177.083)
    assert rows[2]["icc"] == ".64"
    assert "Two rows of one Block:Variety share Block too" in shares.share_notes(oats().case)[0].striptags()


def test_criteria_say_what_they_count():
    rows = {label: (value, counted.striptags()) for label, value, counted in shares.criteria_rows(orthodont().case)}
    assert list(rows) == ["AIC", "AICc", "BIC, rows", "BIC, groups", "Conditional AIC"]
    assert rows["BIC, groups"][1] == "over 27 groups"
    assert "effective degrees of freedom" in rows["Conditional AIC"][1]


def test_a_one_sided_interval_is_explained():
    finished = builders.without_variance()
    (note,) = [note for note in intervals.notes(finished.case) if "SD of intercept" in note]
    assert "One-sided" in note
    assert "One-sided" in finished.page()


def test_parts_that_cannot_be_had_leave_the_page_whole():
    finished = builders.sleepstudy()
    missing = ("anova", "intervals", "means", "slopes", "r2", "icc", "criteria", "conditional_aic", "standardised")
    case = finished.case
    said = case.inference | dict.fromkeys(missing) | {"reasons": dict.fromkeys(missing, "It is too large.")}
    page = builders.page_of(replace(case, inference=said), finished.diagnosis)
    assert "There are no intervals: It is too large." in page
    assert "There are no intervals of the random part: It is too large." in page


def test_walds_intervals_instead_of_the_profile_are_a_note():
    case = builders.sleepstudy().case
    wald = case.inference["intervals"] | {"method": "wald", "reason": "The model is too large for its profile."}
    changed = with_inference(case, intervals=wald)
    (caution,) = [one for one in cautions(changed) if one.subject == "Wald intervals"]
    assert caution.weight == GREEN
    assert "too large for its profile" in caution.sentence
    assert "by Wald on the scale of the logarithm" in prose(changed)


def test_the_normal_distribution_is_owned_up_to():
    case = builders.sleepstudy().case
    table = case.inference["coefficients"] | {"method": "normal", "statistic": "z"}
    rows = [row | {"df": None} for row in table["rows"]]
    changed = with_inference(case, coefficients=table | {"rows": rows})
    assert "z = 6.77" in prose(changed)
    assert "take the variances as known" in prose(changed)
    assert any(one.subject == "Wald intervals" for one in cautions(changed))


def test_failed_draws_are_told():
    case = builders.sleepstudy().case
    found = {"kind": "parametric", "method": "bootstrap percentile", "draws": 100, "used": 90, "singular": 0}
    bootstrap = found | {"failed": {"did not converge": 10}, "parameters": case.inference["intervals"]["parameters"]}
    changed = with_inference(case, bootstrap=bootstrap)
    assert "Those by parametric bootstrap, percentiles of 90 draws (Davison & Hinkley, 1997)" in prose(changed)
    assert "Of 100 bootstrap draws, 10 could not be fitted and were left out." in prose(changed)
    (caution,) = [one for one in cautions(changed) if one.subject == "failed draws"]
    assert caution.weight == "amber"
