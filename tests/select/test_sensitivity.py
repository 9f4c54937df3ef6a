"""Whether a conclusion hangs on the model: against lme4's and pbkrtest's numbers, and by algebra."""

import functools
import json
from math import exp, log

import pytest

import lmm
from lmm.infer.coefficients import Coefficient
from lmm.select import estimated as estimated_module
from lmm.select.acrossmodels import changes
from lmm.select.closemodels import akaike_weights, close_models, weight_text
from lmm.select.criteria import TIE
from lmm.select.criteriapanel import panel
from lmm.select.estimated import estimated
from lmm.select.rivals import random_terms, rivals
from lmm.select.sensitivity import sensitivity
from lmm.select.testpath import likelihood_ratio_path
from tests.reference.tables import reference_ladders
from tests.select.crossvalidated import table_of
from tests.select.studies import decision, study, table
from tests.select.test_crossvalidation_parts import validated

STUDIES = {
    "sleepstudy": study("Reaction", ["Subject"], "Days", {"Subject": "Days"}),
    "orthodont": study("distance", ["Subject"], "age * Sex", {"Subject": "age"}),
    "hsb82": study("mAch", ["school"], "cses", {"school": "cses"}),
    "exam": study("normexam", ["school"], "standLRT", {"school": "standLRT"}),
    "early": study("cog", ["id"], "tos * trt", {"id": "tos"}),
    "machines": study("score", ["Worker/Machine"], "Machine"),
    "pastes": study("strength", ["batch/cask"]),
    "dyestuff": study("Yield", ["Batch"]),
}
NO_CROSSVALIDATION = {"targets": {"new groups": [], "known groups": []}, "kept": [], "reasons": {}}


@functools.cache
def decided(name):
    return decision(STUDIES[name], table(name))


@functools.cache
def found(name):
    return sensitivity(STUDIES[name], decided(name), table(name), NO_CROSSVALIDATION)


def row(panel_of: dict, criterion: str) -> dict:
    return next(one for one in panel_of["rows"] if one["criterion"] == criterion)


def entry(id, formula="y ~ x + (1 | g)", aic=100.0, **more) -> dict:
    """Return an entry of the decision's table whose criteria are all `aic`, by ML and by REML."""
    values = {"aic": aic, "bic": aic, "bic_groups": aic}
    sound = {"failure": None, "converged": True, "singular": False}
    return {"id": id, "formula": formula, **values, "reml": values, **sound, **more}


def made(entries, final, steps=()) -> dict:
    """Return what sensitivity reads of a decision."""
    one = {"rung": final, "formula": next(one["formula"] for one in entries if one["id"] == final)}
    models = dict.fromkeys(("minimal", "final", "maximal"), one)
    return {"row_hash": "of the tests", "table": list(entries), "final": one, "models": models, "steps": list(steps)}


TRIAL = study("y", ["g"], "x", {"g": "x"})


# ── the coefficients in three models ─────────────────────────────────────────────────────────────────────────


def test_sleepstudy_has_the_published_coefficients_in_all_three_models():
    """Bates et al. (2015): 10.467 (1.546); pbkrtest: 17 degrees of freedom; lme4 with intercepts alone: se 0.804."""
    hypotheses = found("sleepstudy")["hypotheses"]
    (days,) = hypotheses["coefficients"]
    assert (days["name"], days["term"], hypotheses["terms"], hypotheses["named"]) == ("Days", "Days", ["Days"], False)
    final, minimal = days["models"]["final"], days["models"]["minimal"]
    assert (final["estimate"], final["se"], final["df"]) == pytest.approx((10.467, 1.546, 17.0), abs=5e-4)
    assert (minimal["estimate"], minimal["se"], minimal["df"]) == pytest.approx((10.467, 0.804, 161.0), abs=5e-4)
    t_quantile = 2.109816  # of .975 with 17 degrees of freedom
    assert (final["lower"], final["upper"]) == pytest.approx(
        (10.467 - t_quantile * 1.546, 10.467 + t_quantile * 1.546), abs=2e-3
    )
    assert days["models"]["maximal"] == final
    assert [model["rung"] for model in hypotheses["models"]] == ["Subject.intercept", "Subject.slope", "Subject.slope"]


def test_a_coefficient_is_told_in_words():
    (days,) = found("sleepstudy")["hypotheses"]["coefficients"]
    assert days["sentence"] == (
        "Days is 10.47 (SE 1.55, p < .001) in the final and the maximal model and 10.47 (SE 0.80, p < .001) in the "
        "minimal one: its sign, its verdict at α = .05 and, within a standard error, its size stay; its standard error "
        "is 0.52 times that of the final model in the minimal one."
    )
    assert found("sleepstudy")["hypotheses"]["sentence"] == (
        "Between the minimal and the final model none of the coefficients of the fixed effects changes its sign, its "
        "verdict at α = .05, or its size by more than a standard error. The final model is the maximal one."
    )


def coefficient(estimate, se=1.0, p=0.01):
    return Coefficient("x", estimate, se, 10.0, estimate / se, p, estimate - 2 * se, estimate + 2 * se)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (coefficient(3.9), []),
        (coefficient(4.1), ["size"]),
        (coefficient(3.0, p=0.06), ["verdict"]),
        (coefficient(-0.1, p=0.9), ["sign", "verdict", "size"]),
    ],
)
def test_sign_verdict_and_size_change_by_definition(one, expected):
    """Against an estimate of 3 with a standard error of 1 and p = .01, at α = .05."""
    assert changes(one, coefficient(3.0), 0.05) == expected


def test_a_coefficient_whose_verdict_changes_is_named():
    """lme4, pbkrtest: p = .033 with the slope by subject, .014 without, for the level .02 to stand between."""
    declared = study(
        "distance", ["Subject"], "age * Sex", {"Subject": "age"}, hypotheses=["Sex:age"], ladder={"alpha_fixed": 0.02}
    )
    data = table("orthodont")
    hypotheses = sensitivity(declared, decision(declared, data), data, NO_CROSSVALIDATION)["hypotheses"]
    (interaction,) = hypotheses["coefficients"]
    assert (interaction["term"], hypotheses["named"]) == ("age:Sex", True)
    assert interaction["changes"] == {"minimal": ["verdict"]}
    assert interaction["models"]["minimal"]["p"] == pytest.approx(0.0141, abs=1e-4)
    assert interaction["models"]["final"]["p"] == pytest.approx(0.0326, abs=1e-4)
    assert "in the minimal model it does differ from zero at α = .02" in interaction["sentence"]
    assert hypotheses["sentence"].startswith(
        "Between the minimal and the final model these coefficients of the hypotheses change: age:SexFemale in verdict."
    )


def test_a_singular_maximal_model_is_said_so():
    hypotheses = found("early")["hypotheses"]
    assert [model["singular"] for model in hypotheses["models"]] == [False, False, True]
    assert (
        "The maximal model lies on the boundary (id: the correlation of (Intercept) and tos is −1)"
        in (hypotheses["sentence"])
    )
    assert "The final model is the minimal one." in hypotheses["sentence"]


def test_a_model_that_fails_leaves_its_siblings_and_says_why():
    altered = decided("sleepstudy") | {
        "models": decided("sleepstudy")["models"]
        | {"maximal": {"rung": "too large", "formula": "Reaction ~ Days + (factor(Days) | Subject)"}}
    }
    hypotheses = sensitivity(STUDIES["sleepstudy"], altered, table("sleepstudy"), NO_CROSSVALIDATION)["hypotheses"]
    minimal, final, maximal = hypotheses["models"]
    assert maximal["failure"] and maximal["singular"] is None and not final["failure"] and not minimal["failure"]
    (days,) = hypotheses["coefficients"]
    assert days["models"]["maximal"] is None and days["models"]["final"]["estimate"] == pytest.approx(10.467, abs=5e-4)
    assert "The maximal model could not be fitted: " in hypotheses["sentence"]


def test_three_models_that_are_one_cannot_differ():
    hypotheses = found("dyestuff")["hypotheses"]
    (mean,) = hypotheses["coefficients"]
    assert hypotheses["terms"] == ["(Intercept)"]
    assert mean["models"]["final"]["estimate"] == pytest.approx(1527.5)
    assert "are one and the same" in hypotheses["sentence"]
    assert (
        mean["sentence"]
        == "(Intercept) is 1,527.5 (SE 19.4, p < .001) in the minimal, the final and the maximal model."
    )


def test_a_term_is_found_however_its_variables_are_ordered_and_whatever_columns_it_has():
    data = table("machines")
    model = estimated(STUDIES["machines"], ["score ~ Machine + (1 | Worker)"], data)["score ~ Machine + (1 | Worker)"]
    assert {name: model.term_of[name] for name in model.coefficients} == {
        "(Intercept)": "(Intercept)",
        "MachineB": "Machine",
        "MachineC": "Machine",
    }


def test_no_formula_is_fitted_twice(monkeypatch):
    """Minimal, final, maximal (the final one) and two close ones, one of them final: three formulas."""
    fitted = []

    def counting(formula, *arguments, **more):
        fitted.append(formula)
        return lmm.fit(formula, *arguments, **more)

    monkeypatch.setattr(estimated_module, "fit", counting)
    sensitivity(STUDIES["sleepstudy"], decided("sleepstudy"), table("sleepstudy"), NO_CROSSVALIDATION)
    assert sorted(fitted) == sorted(set(fitted)) and len(fitted) == 3


# ── close models and Akaike weights ──────────────────────────────────────────────────────────────────────────


def test_akaike_weights_follow_their_formula():
    assert akaike_weights([100.0, 102.0]) == pytest.approx([1 / (1 + exp(-1)), exp(-1) / (1 + exp(-1))], rel=1e-14)
    assert akaike_weights([7.0, 7.0, 7.0]) == pytest.approx([1 / 3] * 3, rel=1e-14)
    shifted = akaike_weights([1e5, 1e5 + 3, 1e5 + 400])
    assert shifted == pytest.approx(akaike_weights([0, 3, 400]), rel=1e-9) and sum(shifted) == pytest.approx(1.0)
    assert akaike_weights([]) == []


def test_hsb82_has_the_aic_of_lme4_by_ml():
    """The slope is worth 5.4 of AIC by ML; its weight over that of the intercept is exp(5.4 / 2)."""
    weights = {one["rung"]: one for one in found("hsb82")["weights"]}
    difference = weights["school.slope"]["aic"] - weights["school.intercept"]["aic"]
    assert difference == pytest.approx(-5.4, abs=0.05)
    ratio = weights["school.slope"]["weight"] / weights["school.intercept"]["weight"]
    assert ratio == pytest.approx(exp(-difference / 2), rel=1e-9)
    assert sum(one["weight"] for one in weights.values()) == pytest.approx(1.0)


def test_sleepstudy_has_two_close_models_with_their_coefficients():
    """lme4 by ML: AIC 1762.00 without and 1763.94 with the correlation, 1802.08 with intercepts alone."""
    close = found("sleepstudy")["close"]
    assert [model["rung"] for model in close["models"]] == ["Subject.uncorrelated", "Subject.slope"]
    assert [model["delta_aic"] for model in close["models"]] == pytest.approx([0.0, 1.9361], abs=1e-4)
    assert [model["weight"] for model in close["models"]] == pytest.approx(akaike_weights([0, 1.9361]), abs=1e-4)
    by_reml = [(10.467, 1.560), (10.467, 1.546)]
    for model, expected in zip(close["models"], by_reml, strict=True):
        ((one,)) = model["coefficients"]
        assert (one["estimate"], one["se"]) == pytest.approx(expected, abs=5e-4)
    assert "By the 95% intervals of their coefficients (REML) these models say the same." in close["sentence"]
    assert "Greven & Kneib 2010" in close["sentence"]


def test_a_final_model_that_is_not_close_is_told():
    declared = study("distance", ["Subject"], "age * Sex", {"Subject": "age"}, hypotheses=["age"])
    data = table("orthodont")
    close = sensitivity(declared, decision(declared, data), data, NO_CROSSVALIDATION)["close"]
    assert "The final model Subject.slope lies 3.2 above the lowest (weight .12)." in close["sentence"]


def test_only_sound_candidates_of_the_whole_design_are_weighed():
    declared = study("y", ["g", "h"], "x", ladder={"optional": ["h"]})
    entries = [
        entry("fixed", "y ~ x"),
        entry("h", "y ~ x + (1 | h)"),
        entry("g"),
        entry("g+h", "y ~ x + (1 | g) + (1 | h)"),
        entry("failed", "y ~ x + (x | g)", failure="No."),
        entry("unsound", "y ~ x + (x || g)", converged=False),
        entry("g.selected"),
    ]
    assert [one["id"] for one in rivals(declared, made(entries, "g+h"))] == ["g", "g+h"]
    assert [one["id"] for one in rivals(declared, made(entries, "g.selected"))] == ["g.selected", "g+h"]
    whole = study("y", ["g", "h"], "x")
    assert [one["id"] for one in rivals(whole, made(entries, "g+h"))] == ["g+h"]


def test_a_weight_is_never_printed_as_nothing_or_all():
    assert [weight_text(weight) for weight in (0.0004, 0.27, 0.9996, 1.0)] == ["< .01", ".27", "> .99", "1.00"]


def test_two_is_not_less_than_two():
    pool = [entry("a", aic=10.0), entry("b", aic=12.0), entry("c", aic=11.999)]
    assert [one["id"] for one in close_models(pool)] == ["a", "c"]


# ── what each criterion would choose ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["sleepstudy", "orthodont", "exam"])
def test_each_criterion_chooses_what_r_chooses(name):
    """The picks of AIC, BIC and the boundary-corrected tests by REML, as lme4's ladders have them."""
    ladder = reference_ladders()[name]
    chosen_by_r = {key: ladder["rungs"][place]["formula"] for key, place in ladder["selected_rung"].items()}
    formulas = {one["id"]: one["formula"] for one in decided(name)["table"]}
    shown = found(name)["panel"]
    for criterion, key in {
        "AIC": "AIC_REML",
        "BIC over observations": "BIC_REML",
        "likelihood ratio tests": "LRT_p_boundary_REML",
    }.items():
        assert random_terms(formulas[row(shown, criterion)["chosen"]]) == random_terms(chosen_by_r[key]), criterion


def test_hsb82_is_a_disagreement():
    """lme4 by REML: −2 log-likelihood falls by 9.762 for two parameters, with 7185 pupils in 160 schools."""
    shown = found("hsb82")["panel"]
    assert row(shown, "AIC")["over_intercepts"] == pytest.approx(2 * 2 - 9.762, abs=1e-3)
    assert row(shown, "BIC over observations")["over_intercepts"] == pytest.approx(2 * log(7185) - 9.762, abs=1e-3)
    assert row(shown, "BIC over groups")["over_intercepts"] == pytest.approx(2 * log(160) - 9.762, abs=1e-3)
    tests = row(shown, "likelihood ratio tests")
    assert (tests["chosen"], tests["agrees"], tests["value"]) == ("school.slope", True, pytest.approx(0.0047, abs=5e-5))
    by_ml = {one["id"]: one for one in decided("hsb82")["table"]}
    assert by_ml["school.slope"]["bic"] - by_ml["school.intercept"]["bic"] == pytest.approx(8.3, abs=0.05)


def test_tests_that_lead_to_the_boundary_are_told():
    """Early: p = .045 for a slope whose correlation is −1, so that the decision backed off from it."""
    tests = row(found("early")["panel"], "likelihood ratio tests")
    assert (tests["chosen"], tests["agrees"]) == ("id.slope", False)
    assert tests["value"] == pytest.approx(0.045, abs=5e-4)
    assert tests["sentence"].endswith("vary between levels of id?”: p = .045); it lies on the boundary.")
    aic = row(found("early")["panel"], "AIC")
    assert (aic["chosen"], aic["margin"]) == ("id.slope", pytest.approx(5.354 - 4, abs=1e-3))


def test_tests_disagree_with_a_slope_that_entered_untested():
    declared = study("distance", ["Subject"], "age * Sex", {"Subject": "age"}, hypotheses=["age"])
    made_so = decision(declared, table("orthodont"))
    tests = row(panel(declared, made_so, NO_CROSSVALIDATION), "likelihood ratio tests")
    assert (tests["chosen"], tests["agrees"], tests["margin"]) == ("Subject.intercept", False, None)
    assert tests["value"] == pytest.approx(0.417, abs=5e-4)


def test_nothing_to_choose_is_not_called_agreement():
    shown = found("machines")["panel"]
    assert shown["sentence"].startswith("No other candidate has the whole design of Worker.intercept+Worker-Machine")
    assert row(shown, "likelihood ratio tests")["chosen"] is None
    assert all(one["agrees"] for one in shown["rows"])


def stepped(smaller, larger, p, kind="slope", decision="keep", alpha=0.2):
    return {
        "step": f"{smaller} or {larger}",
        "kind": kind,
        "decision": decision,
        "estimator": "REML",
        "smaller": smaller,
        "larger": larger,
        "chosen": smaller if decision == "drop" else larger,
        "smaller_formula": f"y ~ x + z{' + ' if smaller else ''}{smaller}",
        "larger_formula": f"y ~ x + z + {larger}",
        "p": p,
        "alpha": alpha,
    }


ENTERS = stepped("", "(1 | g)", 0.9, kind="intercept", decision="design")


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        ([ENTERS], "(1 | g)"),
        ([ENTERS, stepped("(1 | g)", "(x | g)", 0.1)], "(x | g)"),
        ([ENTERS, stepped("(1 | g)", "(x | g)", 0.3)], "(1 | g)"),
        # the smaller p enters first, whichever was tested first; the other is asked of again beside it
        (
            [
                ENTERS,
                stepped("(1 | g)", "(z | g)", 0.1, decision="drop"),
                stepped("(1 | g)", "(x | g)", 0.01),
                stepped("(x | g)", "(x + z | g)", 0.4, decision="drop"),
            ],
            "(x | g)",
        ),
        # decided once more beside a factor that entered later
        (
            [
                ENTERS,
                stepped("(1 | g)", "(x | g)", 0.1),
                stepped("(x | g)", "(x | g) + (1 | h)", 0.7, kind="intercept", decision="design"),
                stepped("(1 | g) + (1 | h)", "(x | g) + (1 | h)", 0.5, decision="drop"),
            ],
            "(1 | g) + (1 | h)",
        ),
        # an optional factor; a step that could not be tested is taken as decided
        ([ENTERS, stepped("(1 | g)", "(1 | g) + (1 | h)", 0.3, kind="intercept", decision="keep")], "(1 | g)"),
        ([ENTERS, stepped("(1 | g)", "(x | g)", None, decision="design")], "(x | g)"),
        # a correlation that stays by default is no test; neither is a back-off
        (
            [
                ENTERS,
                stepped("(1 | g)", "(x | g)", 0.1),
                stepped("(x || g)", "(x | g)", 0.8, kind="correlation"),
                stepped("(1 | g)", "(x | g)", 0.8, kind="back-off", decision="drop"),
            ],
            "(x | g)",
        ),
    ],
)
def test_the_path_of_the_tests(steps, end):
    assert likelihood_ratio_path(TRIAL, steps).random == random_terms(f"y ~ 1 + {end}")


def test_a_correlation_is_tested_where_the_study_says_so():
    steps = [
        ENTERS,
        stepped("(1 | g)", "(x | g)", 0.1),
        stepped("(x || g)", "(x | g)", 0.8, kind="correlation", decision="drop"),
    ]
    declared = study("y", ["g"], "x", {"g": "x"}, ladder={"correlations": "test"})
    assert likelihood_ratio_path(declared, steps).random == random_terms("y ~ (x || g)")


def test_equal_criteria_choose_the_final_model():
    """Two optimisations of one deviance agree within TIE: less is no difference, more is one."""
    for gap, agrees in ((0.5 * TIE, True), (2 * TIE, False)):
        entries = [entry("one", aic=100.0), entry("two", "y ~ x + (x | g)", aic=100.0 + gap)]
        aic = row(panel(TRIAL, made(entries, "two"), NO_CROSSVALIDATION), "AIC")
        assert aic["agrees"] == agrees
        assert (aic["chosen"], aic["margin"]) == (("two", 0.0) if agrees else ("one", pytest.approx(gap)))


def test_a_final_model_without_a_sound_fit_is_not_ranked():
    entries = [entry("one"), entry("two", "y ~ x + (x | g)", converged=False)]
    shown = panel(TRIAL, made(entries, "two"), NO_CROSSVALIDATION)
    aic = row(shown, "AIC")
    assert (aic["chosen"], aic["margin"], aic["agrees"]) == ("one", None, False)
    assert "as its fit is not sound" in aic["sentence"]


def test_random_parts_are_compared_at_the_mean_at_which_they_were_decided():
    """REML criteria of different means are of different data: never those of one random part at each."""
    at_full = [entry("one", "y ~ x + (1 | g)", aic=100.0), entry("two", "y ~ x + (x | g)", aic=104.0)]
    final = entry("two.selected", "y ~ 1 + (x | g)", aic=10.0)
    aic = row(panel(TRIAL, made([*at_full, final], "two.selected"), NO_CROSSVALIDATION), "AIC")
    assert (aic["chosen"], aic["margin"]) == ("one", pytest.approx(4.0))
    assert "than for the random part of the final model two.selected (both at the full mean)" in aic["sentence"]
    again = entry("one.selected", "y ~ 1 + (1 | g)", aic=9.0)
    aic = row(panel(TRIAL, made([*at_full, final, again], "two.selected"), NO_CROSSVALIDATION), "AIC")
    assert (aic["chosen"], aic["margin"]) == ("one.selected", pytest.approx(1.0))
    assert "full mean" not in aic["sentence"]


# ── cross-validation ─────────────────────────────────────────────────────────────────────────────────────────


@functools.cache
def crossvalidated():
    """Return sleepstudy's cross-validation as R has it: by ML, subject by subject and occasion by occasion."""
    asked = {"estimator": "ML", "known_groups": {"rows": "each"}, "climb": False}
    declared = study("Reaction", ["Subject"], "Days", {"Subject": "Days"}, "sleepstudy", cross_validation=asked)
    return validated(declared, table_of("sleepstudy-corr"), decided("sleepstudy"))


def test_cross_validation_chooses_by_the_numbers_of_r():
    """Log scores of new subjects −908.98, −890.45 and −891.87; 49.604 ms in all three."""
    shown = panel(STUDIES["sleepstudy"], decided("sleepstudy"), crossvalidated())
    log_score = row(shown, "log score for new groups of Subject")
    assert (log_score["chosen"], log_score["value"]) == ("Subject.uncorrelated", pytest.approx(-890.45, abs=5e-3))
    assert (log_score["margin"], log_score["within_noise"]) == (pytest.approx(891.87 - 890.45, abs=0.01), True)
    rmse = row(shown, "RMSE for new groups of Subject")
    assert (rmse["chosen"], rmse["agrees"], rmse["value"]) == (None, True, pytest.approx(49.604, abs=5e-4))
    assert "cannot rank random parts" in rmse["sentence"] and "49.604" in rmse["sentence"]


def scored(model, rmse=1.0, log_score=-100.0, behind_rmse=0.0, behind_log=0.0, noise=None, error=None) -> dict:
    return {
        "model": model,
        "rmse": rmse,
        "log_score": log_score,
        "behind_in_rmse": {"value": behind_rmse, "standard_error": error, "within_noise": noise},
        "behind_in_log_score": {"value": behind_log, "standard_error": error, "within_noise": noise},
    }


def compared(target, *models, group="g") -> dict:
    return NO_CROSSVALIDATION | {
        "targets": {target: [{"folds": {"target": target, "group": group}, "models": list(models)}]}
    }


TWO = [entry("one"), entry("two", "y ~ x + (x | g)")]


def test_where_the_whole_ladder_predicts_best_the_best_candidate_is_chosen():
    cv = compared(
        "known groups",
        scored("the ladder", 0.9, -90.0),
        scored("one", 1.0, -95.0, 0.1, 5.0, False, 1.0),
        scored("two", 1.2, -96.0, 0.3, 6.0, True, 4.0),
    )
    chosen = row(panel(TRIAL, made(TWO, "two"), cv), "log score for known groups")
    assert (chosen["chosen"], chosen["margin"], chosen["within_noise"]) == ("one", pytest.approx(1.0), True)
    chosen = row(panel(TRIAL, made(TWO, "two"), cv), "RMSE for known groups")
    assert (chosen["chosen"], chosen["margin"]) == ("one", pytest.approx(0.2))


def test_equal_predictions_choose_the_final_model():
    cv = compared("known groups", scored("one"), scored("two", 1.0 + 1e-9, -100.0 - 1e-5))
    shown = panel(TRIAL, made(TWO, "two"), cv)
    for criterion in ("log score for known groups", "RMSE for known groups"):
        assert (row(shown, criterion)["chosen"], row(shown, criterion)["agrees"]) == ("two", True)
        assert "is the same for the final model two and one" in row(shown, criterion)["sentence"]


def test_a_better_mean_can_be_told_by_the_errors_of_new_groups():
    entries = [*TWO, entry("null", "y ~ 1 + (1 | g)")]
    cv = compared("new groups", scored("one", 1.1), scored("two", 1.1), scored("null", 0.9, behind_log=0.0))
    chosen = row(panel(TRIAL, made(entries, "two"), cv), "RMSE for new groups of g")
    assert (chosen["chosen"], chosen["margin"], chosen["agrees"]) == ("null", pytest.approx(0.2), False)
    assert chosen["sentence"].endswith("it compares their means only.")


def test_a_final_model_that_predicted_nothing_is_told():
    missing = scored("two") | {"rmse": None, "log_score": None, "behind_in_rmse": None, "behind_in_log_score": None}
    shown = panel(TRIAL, made(TWO, "two"), compared("known groups", scored("one"), missing))
    chosen = row(shown, "log score for known groups")
    assert (chosen["chosen"], chosen["agrees"]) == (None, False)
    assert chosen["sentence"] in shown["sentence"]


def test_cross_validation_that_was_not_done_is_told_with_its_reason():
    cv = NO_CROSSVALIDATION | {"reasons": {"new groups": "There are two levels of g."}}
    shown = panel(TRIAL, made(TWO, "two"), cv)
    assert "Cross-validation for new groups was not done: There are two levels of g." in shown["sentence"]


# ── the whole ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_its_sensitivity_as_json(name):
    result = found(name)
    again = sensitivity(STUDIES[name], decided(name), table(name), NO_CROSSVALIDATION)
    assert json.dumps(result, allow_nan=False) == json.dumps(again)
    said = [
        result["hypotheses"]["sentence"],
        result["close"]["sentence"],
        result["panel"]["sentence"],
        *(one["sentence"] for one in (*result["hypotheses"]["coefficients"], *result["panel"]["rows"])),
    ]
    assert all(one.endswith(".") and ".." not in one and "  " not in one and "None" not in one for one in said)
