"""From a table to its decision: the verdicts of the literature and of R, told in sentences."""

import functools
import json

import numpy
import pandas
import pytest

from lmm.errors import InputError
from lmm.select import decide
from lmm.select.criteria import lowest
from lmm.select.disagreement import dissent
from tests.reference.tables import reference_cases, reference_ladders
from tests.select.studies import audit, decision, fitted, step, study, table

STUDIES = {
    "sleepstudy": study("Reaction", ["Subject"], "Days", {"Subject": "Days"}),
    "orthodont": study("distance", ["Subject"], "age * Sex", {"Subject": "age"}),
    "hsb82": study("mAch", ["school"], "cses", {"school": "cses"}),
    "exam": study("normexam", ["school"], "standLRT", {"school": "standLRT"}),
    "early": study("cog", ["id"], "tos * trt", {"id": "tos"}),
    "machines": study("score", ["Worker/Machine"], "Machine"),
    "pastes": study("strength", ["batch/cask"]),
    "penicillin": study("diameter", ["plate", "sample"]),
    "egsingle-3level": study("math", ["childid", "schoolid"], "year * lowinc", {"childid": "year", "schoolid": "year"}),
    "dyestuff": study("Yield", ["Batch"]),
}


def sentences(found):
    return [one["sentence"] for one in found]


@functools.cache
def decided(name):
    return decision(STUDIES[name], table(name))


@pytest.mark.parametrize(
    ("name", "at", "statistic", "null", "p", "final"),
    [
        ("sleepstudy", "Subject: slope", 42.837, "½χ²₁ + ½χ²₂", 2.8e-10, "Subject.slope"),
        ("orthodont", "Subject: slope", 1.176, "½χ²₁ + ½χ²₂", 0.417, "Subject.intercept"),
        ("hsb82", "school: slope", 9.762, "½χ²₁ + ½χ²₂", 0.0047, "school.slope"),
        ("exam", "school: slope", 41.165, "½χ²₁ + ½χ²₂", 6.5e-10, "school.slope"),
        ("early", "id: slope", 5.354, "½χ²₁ + ½χ²₂", 0.045, "id.intercept"),
        ("machines", "Worker:Machine: intercept", 71.19, "½χ²₀ + ½χ²₁", 1.6e-17,
         "Worker.intercept+Worker-Machine.intercept"),
        ("pastes", "batch, beside batch:cask", 0.658, "½χ²₀ + ½χ²₁", 0.209, "batch.intercept+batch-cask.intercept"),
        ("penicillin", "plate, beside sample", 105.057, "½χ²₀ + ½χ²₁", 5.9e-25, "plate.intercept+sample.intercept"),
        ("dyestuff", "Batch: intercept", 6.369, "½χ²₀ + ½χ²₁", 0.0058, "Batch.intercept"),
    ],
)  # fmt: skip
def test_published_verdicts(name, at, statistic, null, p, final):
    made = decided(name)
    compared = step(made, at)
    assert compared["statistic"] == pytest.approx(statistic, abs=6e-3)
    assert compared["null"] == null
    assert compared["mixture_p"] == pytest.approx(p, rel=0.02)
    assert made["final"]["rung"] == final


def test_the_reason_is_a_sentence_a_reviewer_would_accept():
    assert step(decided("sleepstudy"), "Subject: slope")["reason"] == (
        "The variance of Days between levels of Subject is supported: REML likelihood ratio 42.84, p < .001 under "
        "½χ²₁ + ½χ²₂ (naive χ²₂: p < .001), ΔAIC −38.8, ΔBIC −32.5."
    )
    assert step(decided("orthodont"), "Subject: slope")["reason"] == (
        "The variance of age between levels of Subject is not supported at α = .20: REML likelihood ratio 1.18, "
        "p = .417 under ½χ²₁ + ½χ²₂ (naive χ²₂: p = .556), ΔAIC +2.8, ΔBIC +8.2."
    )
    assert decided("sleepstudy")["final"]["reason"] == (
        "Subject is part of the design; the slope of Days by Subject varies (p < .001); the fixed effects stay as they "
        "were named in advance."
    )


def test_every_reason_is_one_sentence_with_its_numbers():
    for name in STUDIES:
        for one in decided(name)["steps"]:
            assert one["reason"].endswith(".") and "\n" not in one["reason"] and "nan" not in one["reason"]
            assert "ΔAIC" in one["reason"] and "p " in one["reason"]


def test_early_backs_off_from_a_correlation_of_minus_one():
    made = decided("early")
    assert [one["step"] for one in made["steps"] if one["estimator"] == "REML"] == [
        "id: intercept", "id: slope", "id: correlation", "id: uncorrelated slope",
    ]  # fmt: skip
    assert "correlation of (Intercept) and tos is −1" in step(made, "id: correlation")["reason"]
    assert step(made, "id: uncorrelated slope")["larger_formula"].endswith("(scale(tos, scale = FALSE) || id)")
    assert step(made, "id: uncorrelated slope")["p"] > 0.2
    assert "cannot be estimated without a boundary" in made["final"]["reason"]
    allowed = study("cog", ["id"], "tos * trt", {"id": "tos"}, ladder={"allow_singular": True})
    final = decision(allowed, table("early"))["final"]
    assert final["rung"] == "id.slope"
    assert final["warnings"] == [
        {
            "subject": "singular",
            "sentence": "The final model is singular: id: the correlation of (Intercept) and tos is −1.",
        }
    ]


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("allow_singular", [False, True])
def test_units_of_a_covariate_on_the_boundary_decide_nothing(unit, allow_singular):
    declared = study("cog", ["id"], "tos * trt", {"id": "tos"}, ladder={"allow_singular": allow_singular})
    original = decision(declared, table("early"))
    made = decision(declared, table("early").assign(tos=lambda t: t["tos"] * unit))
    assert (made["final"], made["disagreements"]) == (original["final"], original["disagreements"])
    for before, after in zip(original["steps"], made["steps"], strict=True):
        told = ("step", "decision", "chosen", "reason", "by_criterion")
        assert [after[key] for key in told] == [before[key] for key in told]
        assert after["statistic"] == pytest.approx(before["statistic"], abs=1e-4)


def test_a_correlated_slope_beside_an_intercept_without_variance_backs_off():
    """Lines through one point in the middle: intercepts do not vary, so that no correlation can be estimated."""
    random = numpy.random.default_rng(5)
    g, x = numpy.repeat(numpy.arange(20), 8), numpy.tile(numpy.arange(8.0) - 3.5, 20)
    error = random.normal(0, 1, 160)
    error -= numpy.bincount(g, error)[g] / 8
    y = (1 + random.normal(0, 1, 20)[g]) * x + error
    for unit in (1e-6, 1e-3, 1.0, 1e3, 1e6):
        data = pandas.DataFrame({"y": y, "x": x * unit, "g": pandas.Categorical([f"g{k}" for k in g])})
        made = decision(study("y", ["g"], "x", {"g": "x"}), data)
        assert made["final"]["rung"] == "g.centred"
        assert "g: the variance of (Intercept) is zero" in step(made, "g: correlation")["reason"]


def test_a_fit_that_is_not_identified_is_warned_of_where_nothing_else_is_left():
    made = decision(study("Reaction", ["Subject"], "Days + Subject"), table("sleepstudy"))
    assert made["final"]["rung"] == "Subject.intercept"
    (warning,) = [one for one in made["final"]["warnings"] if one["subject"] == "unsound"]
    assert warning["sentence"].startswith("The final model is not identified: The deviance is flat")
    assert made["table"][-1]["convergence"] == "not identified"


def test_disagreements_name_criteria_and_margins():
    assert sentences(decided("sleepstudy")["disagreements"]) == [
        "Subject: slope: Subject.slope is chosen, but AIC (by 2.0), BIC over observations (by 5.2) and BIC over groups "
        "(by 2.8) would choose Subject.uncorrelated."
    ]
    assert [one["kind"] for one in decided("early")["disagreements"]] == ["slope", "fixed effect"]
    assert decided("early")["disagreements"][0]["sentence"] == (
        "id: slope: id.intercept is chosen, but the likelihood ratio test (p = .045) and AIC (by 1.4) would choose "
        "id.slope."
    )
    assert decided("penicillin")["disagreements"] == []


def test_criteria_by_step_are_those_of_the_public_ladder():
    by = step(decided("exam"), "school: slope")["by_criterion"]
    assert by == {
        "LRT": "school.slope", "AIC": "school.slope", "BIC": "school.uncorrelated", "BIC over groups": "school.slope",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "term"), [("sleepstudy", "Days"), ("hsb82", "cses"), ("early", "tos:trt"), ("orthodont", "age:Sex")]
)
def test_fixed_effects_are_tested_by_ml_and_stay(name, term):
    one = step(decided(name), f"fixed effect: {term}")
    assert (one["estimator"], one["decision"], one["null"]) == ("ML", "design", "χ²₁")
    assert one["chosen"] == decided(name)["final"]["rung"]
    assert one["p"] == one["naive_p"] < 0.05


def test_fixed_effects_are_those_of_rs_drop1():
    published = reference_cases()["ratpup"]
    made = decision(study("weight", ["Litter"], "sex * Treatment + Lsize"), table("ratpup"))
    terms = {one["step"]: one for one in made["steps"] if one["kind"] == "fixed effect"}
    assert set(terms) == {"fixed effect: Lsize", "fixed effect: sex:Treatment", "fixed effects: all"}
    for term, expected in published["r"]["drop1_LRT"]["terms"].items():
        assert terms[f"fixed effect: {term}"]["statistic"] == pytest.approx(expected["LRT"], abs=1e-4)
        assert terms[f"fixed effect: {term}"]["p"] == pytest.approx(expected["p"], rel=1e-3)
    stays = terms["fixed effect: sex:Treatment"]["reason"]
    assert stays.startswith("sex:Treatment is not supported at α = .05 and stays all the same, as no fixed effect")


def test_a_mean_without_intercept_is_tested_against_the_null_mean_only_where_that_is_a_special_case():
    cells = decision(study("weight", ["Litter"], "0 + Treatment + Lsize"), table("ratpup"))
    # Lsize and the two differences between three treatments
    assert step(cells, "fixed effects: all")["df"] == [3]
    through_zero = decision(study("Reaction", ["Subject"], "0 + Days + I(Days^2)"), table("sleepstudy"))
    assert [one["step"] for one in through_zero["steps"] if one["kind"] == "fixed effect"] == [
        "fixed effect: I(Days^2)"
    ]


def test_a_collinear_term_has_nothing_to_test():
    doubled = table("sleepstudy").assign(again=lambda t: 2 * t["Days"])
    made = decision(study("Reaction", ["Subject"], "Days + again"), doubled)
    for term in ("Days", "again"):
        one = step(made, f"fixed effect: {term}")
        assert "adds no column that other terms do not explain" in one["reason"]
        assert (one["p"], one["delta_aic"], one["by_criterion"]) == (None, None, {})
    assert step(made, "fixed effects: all")["terms"] == ["Days", "again"]
    assert made["disagreements"] == []


def test_a_criterion_that_is_lower_by_nothing_does_not_disagree():
    tied = {"a": {"AIC": 100.0004}, "b": {"AIC": 100.0}}
    assert (lowest(tied, "AIC"), lowest(tied | {"b": {"AIC": 99.9}}, "AIC")) == ("a", "b")
    compared = {"step": "g: slope", "p": 0.3, "by_criterion": {"AIC": "b", "BIC": "b"}}
    values = {"a": {"AIC": 100.04, "BIC": 100.04}, "b": {"AIC": 100.0, "BIC": 100.0}}
    assert dissent(compared | {"candidates": values}, "a") is None
    values["a"]["BIC"] = 100.06
    assert dissent(compared | {"candidates": values}, "a") == (
        "a is chosen, but BIC over observations (by 0.1) would choose b."
    )


def test_names_that_look_like_a_verdict_decide_nothing():
    renamed = table("sleepstudy").rename(columns={"Subject": "uncorrelated", "Days": "slope"})
    made = decision(study("Reaction", ["uncorrelated"], "slope", {"uncorrelated": "slope"}), renamed)
    assert made["final"]["rung"] == "uncorrelated.slope"
    assert made["final"]["reason"] == decided("sleepstudy")["final"]["reason"].replace(
        "Subject", "uncorrelated"
    ).replace("of Days", "of slope")


def test_table_holds_every_rung_with_its_fate():
    made = decided("sleepstudy")
    rows = {row["id"]: row for row in made["table"]}
    assert [row["decision"] for row in rows.values()] == ["reference", "reference", "passed", "rejected", "final"]
    assert [row["on_path"] for row in rows.values()] == [False, True, True, False, True]
    # R: ML log-likelihood −875.969672231599, AIC 1763.9393444632, BIC 1783.09708556854; over 18 subjects by hand
    final = rows["Subject.slope"]
    assert final["loglik"] == pytest.approx(-875.969672231599, abs=1e-5)
    assert final["aic"] == pytest.approx(1763.9393444632, abs=2e-5)
    assert final["bic"] == pytest.approx(1783.09708556854, abs=2e-5)
    assert final["bic_groups"] == pytest.approx(1751.9393444632 + 6 * 2.8903717578961645, abs=2e-5)
    assert final["delta_aic"] == pytest.approx(1763.9393444632 - 1762.00325513988, abs=4e-5)
    assert final["reml"]["aic"] == pytest.approx(1755.62827195849, abs=2e-5)
    assert rows["Subject.uncorrelated"]["delta_aic"] == 0.0
    assert final["reason"] == made["final"]["reason"]
    unreached = [row for row in decided("egsingle-3level")["table"] if row["decision"] == "not reached"]
    assert len(unreached) == 4


def test_the_same_decision_whatever_the_units_and_the_origin_of_a_correlated_slope():
    original = decided("sleepstudy")
    moved = table("sleepstudy").assign(Days=lambda t: 24e3 * t["Days"] + 1e5, Reaction=lambda t: t["Reaction"] * 1e-3)
    made = decision(STUDIES["sleepstudy"], moved)
    assert made["final"]["rung"] == original["final"]["rung"]
    for before, after in zip(original["steps"], made["steps"], strict=True):
        assert (before["step"], before["chosen"]) == (after["step"], after["chosen"])
        if before["step"] != "Subject: correlation":  # || depends on the origin: method, rule 10
            assert after["statistic"] == pytest.approx(before["statistic"], abs=1e-5)


def test_rescaling_alone_changes_nothing_at_all():
    small = table("egsingle-3level").assign(year=lambda t: t["year"] * 1e-4)
    made, original = decision(STUDIES["egsingle-3level"], small), decided("egsingle-3level")
    assert made["final"]["rung"] == original["final"]["rung"] == "childid.slope+schoolid.slope"
    for before, after in zip(original["steps"], made["steps"], strict=True):
        assert after["statistic"] == pytest.approx(before["statistic"], abs=1e-4)


def test_few_groups_are_warned_of():
    def warning(levels):
        subjects = table("sleepstudy")["Subject"]
        data = table("sleepstudy")[subjects.isin(subjects.cat.categories[:levels])]
        data = data.assign(Subject=data["Subject"].cat.remove_unused_categories())
        warnings = decision(STUDIES["sleepstudy"], data)["final"]["warnings"]
        return [one["sentence"] for one in warnings if one["subject"] == "few levels"]

    assert warning(4) == [
        "Subject has only 4 levels, too few to estimate a variance from: consider it as a fixed effect."
    ]
    assert "known only roughly" in warning(9)[0]
    assert "few enough that its interval is wide" in warning(18)[0]
    assert decided("hsb82")["final"]["warnings"] == []


def test_reused_labels_are_asked_about():
    crossed = decision(study("strength", ["batch", "cask"]), table("pastes"))["final"]["warnings"]
    (asked,) = [one["sentence"] for one in crossed if one["subject"] == "reused labels"]
    assert "cask is nested in batch in truth" in asked
    assert not any(one["subject"] == "reused labels" for one in decided("pastes")["final"]["warnings"])


def test_a_design_level_without_variance_stays_and_is_told():
    made = decision(study("Yield", ["Batch"]), table("dyestuff2"))
    assert made["final"]["rung"] == "Batch.intercept"
    assert step(made, "Batch: intercept")["p"] == 1.0
    told = sentences(made["final"]["warnings"])
    assert "The final model is singular: Batch: the variance of (Intercept) is zero." in told


def test_a_slope_of_a_categorical_covariate_enters_jointly_with_a_bound():
    machines = study("score", ["Worker"], "Machine", {"Worker": "Machine"})
    made = decision(machines, table("machines"))
    joint = step(made, "Worker: slope")
    assert joint["null"] == "½χ²₄ + ½χ²₅"
    assert "upper bound" in joint["notes"][0]
    # independent contrasts: the correlated term less its three correlations
    rows = {row["id"]: row["npar"] for row in made["table"]}
    assert (rows["Worker.intercept"], rows["Worker.uncorrelated"], rows["Worker.slope"]) == (5, 7, 10)
    assert step(made, "Worker: correlation")["null"] == "χ²₃"
    alone = study("score", ["Worker"], "Machine", {"Worker": "Machine"}, ladder={"correlations": "drop"})
    assert step(decision(alone, table("machines")), "Worker: uncorrelated slope")["null"] == "¼χ²₀ + ½χ²₁ + ¼χ²₂"


def test_a_slope_that_cannot_vary_within_levels_is_left_out_untested():
    made = decision(study("math", ["schoolid"], "year + lowinc", {"schoolid": "lowinc"}), table("egsingle-3level"))
    assert step(made, "schoolid: slope")["reason"] == (
        "lowinc does not vary within levels of schoolid, so the data cannot show a slope that differs between them."
    )
    assert made["final"]["rung"] == "schoolid.intercept"


def test_uncorrelated_slopes_come_with_the_warning_about_their_origin():
    dropped = study("Reaction", ["Subject"], "Days", {"Subject": "Days"}, ladder={"correlations": "drop"})
    final = decision(dropped, table("sleepstudy"))["final"]
    assert final["rung"] == "Subject.uncorrelated"
    assert any("where Days is zero" in sentence for sentence in sentences(final["warnings"]))


def test_weights_reach_every_fit():
    weighted = study("Reaction", ["Subject"], "Days", {"Subject": "Days"}, weights="w")
    made = decision(weighted, table("sleepstudy"))
    expected = reference_cases()["sleepstudy-weights"]["r"]["logLik"]
    final = next(row for row in made["table"] if row["id"] == "Subject.slope")
    assert final["reml"]["loglik"] == pytest.approx(expected, abs=1e-5)
    assert step(made, "fixed effect: Days")["p"] < 1e-4


def test_a_decision_is_plain_json_and_the_same_each_time():
    for name in STUDIES:
        json.dumps(decided(name), allow_nan=False)
        json.dumps(fitted(STUDIES[name], table(name)), allow_nan=False)
    assert decision(STUDIES["exam"], table("exam")) == decided("exam")


def test_a_ladder_fitted_to_other_rows_is_refused():
    declared, data = STUDIES["dyestuff"], table("dyestuff")
    with pytest.raises(InputError, match="fitted to other rows"):
        decide(declared, fitted(declared, data) | {"row_hash": "another"}, data, audit(declared, data))


def test_slopes_enter_one_by_one_in_increasing_order():
    made = decision(
        quadratic := study("height", ["Subject"], "age + I(age^2)", {"Subject": "age + I(age^2)"}), table("oxboys-quad")
    )
    published = reference_ladders()["oxboys"]["rungs"]
    linear, both = (step(made, f"Subject: slope of {term}") for term in ("age", "I(age^2)"))
    intercept, first, second = (
        next(r for r in published if r["name"] == name)["REML"]["deviance"]
        for name in ("random intercept", "intercept + slope, correlated", "quadratic slopes, correlated")
    )
    assert linear["statistic"] == pytest.approx(intercept - first, abs=1e-4)
    assert both["statistic"] == pytest.approx(first - second, abs=1e-4)
    assert (linear["null"], both["null"]) == ("½χ²₁ + ½χ²₂", "½χ²₂ + ½χ²₃")
    assert made["final"]["rung"] == "Subject.slope" and quadratic.mode == made["mode"] == "parsimonious"
    assert "without them the model would hang on where age is zero" in step(made, "Subject: correlation")["reason"]


def test_second_decisions_have_their_own_name():
    names = [one["step"] for one in decided("egsingle-3level")["steps"]]
    assert "childid: correlation, beside schoolid" in names
    assert len(set(names)) == len(names)


def test_the_null_distribution_is_the_one_asked_for():
    def slope_of(null):
        declared = study("distance", ["Subject"], "age * Sex", {"Subject": "age"}, ladder={"null": null, "draws": 99})
        return step(decision(declared, table("orthodont")), "Subject: slope")

    assert slope_of("mixture")["method"] == slope_of("by rule")["method"] == "mixture"
    drawn = slope_of("bootstrap")
    assert (drawn["method"], drawn["draws"]) == ("bootstrap", 99)
    assert drawn["mixture_p"] == pytest.approx(0.417, abs=5e-4)
    assert abs(drawn["p"] - drawn["mixture_p"]) < 4 * drawn["p_standard_error"]


def test_information_criteria_decide_where_they_are_asked_to():
    def final(criterion):
        declared = study("mAch", ["school"], "cses", {"school": "cses"}, ladder={"criterion": criterion})
        made = decision(declared, table("hsb82"))
        return made["final"]["rung"], step(made, "school: slope")["reason"]

    assert final("LRT")[0] == final("AIC")[0] == "school.slope"
    rung, reason = final("BIC")
    assert rung == "school.intercept"
    assert "not supported by BIC over observations, which changes by +8.0: REML likelihood ratio 9.76" in reason


def test_the_correlation_goes_where_its_test_is_asked_for():
    declared = study("Reaction", ["Subject"], "Days", {"Subject": "Days"}, ladder={"correlations": "test"})
    made = decision(declared, table("sleepstudy"))
    assert made["final"]["rung"] == "Subject.uncorrelated"
    assert (
        "The correlation is not supported at α = .20: REML likelihood ratio 0.04"
        in step(made, "Subject: correlation")["reason"]
    )
    assert [one["subject"] for one in made["final"]["warnings"]] == ["few levels", "origin"]


def test_an_optional_factor_that_others_hide_is_asked_of_again():
    declared = study("diameter", ["plate", "sample"], ladder={"optional": ["plate"]})
    made = decision(declared, table("penicillin"))
    assert step(made, "plate: intercept")["decision"] == "drop"
    assert step(made, "plate: intercept, beside sample")["statistic"] == pytest.approx(105.057, abs=6e-3)
    assert made["final"]["rung"] == "plate.intercept+sample.intercept"
    assert made["final"]["reason"] == "sample is part of the design; plate is supported."


def test_an_optional_factor_is_never_said_to_be_part_of_the_design():
    declared = study("diameter", ["plate", "sample"], ladder={"optional": ["plate"]})
    made = decision(declared, table("penicillin"))
    plates = [one["reason"] for one in made["steps"] if one["group"] == "plate"]
    assert len(plates) == 2 and not any("part of the design" in reason for reason in plates)


def test_the_maximal_model_has_the_slopes_of_what_selection_removed_too():
    rng = numpy.random.default_rng(3)
    group = numpy.repeat(numpy.arange(20), 6)
    data = pandas.DataFrame({"g": [f"s{one}" for one in group], "x": rng.normal(size=120)})
    data["y"] = rng.normal(size=20)[group] + rng.normal(size=120)
    selection = {"procedure": "backward", "criterion": "BIC"}
    declared = study("y", ["g"], "x", {"g": "x"}, ladder={"null": "mixture", "fixed_selection": selection})
    made = decision(declared, data)
    assert made["final"]["formula"] == "y ~ 1 + (1 | g)"
    assert made["models"]["minimal"]["formula"] == "y ~ 1 + (1 | g)"
    assert made["models"]["maximal"]["formula"] == "y ~ x + (x | g)"
