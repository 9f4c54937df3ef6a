"""The climb on recorded fits: R's numbers, and made-up ones for what real data seldom do."""

import pytest

from lmm.errors import InputError
from lmm.select.candidates import candidates_of
from lmm.select.climb import climb
from lmm.select.eligibility import ineligible
from lmm.select.rungs import ladder
from lmm.select.slopeterms import slope_terms
from lmm.select.structure import random_part_id
from tests.reference.tables import reference_ladders
from tests.select.studies import audit, boundary, record, study, table

INTERCEPT = "(Intercept)"
BLOCKS = {
    "intercept": lambda g, x: [(g, [INTERCEPT])],
    "uncorrelated": lambda g, x: [(g, [INTERCEPT]), *((g, [one]) for one in x)],
    "centred": lambda g, x: [(g, [INTERCEPT]), *((g, [f"scale({one}, scale = FALSE)"]) for one in x)],
    "slope": lambda g, x: [(g, [INTERCEPT, *x])],
}


def blocks(rung):
    return [block for s in rung.random for block in BLOCKS[s.kind](s.group, s.terms)]


def parameters(rung):
    return 3 + sum(len(names) * (len(names) + 1) // 2 for _, names in blocks(rung))


def climbed(declared, deviances, levels=40, varies=True, **special):
    """Climb a ladder whose REML deviances are given by rung; `special` holds fields of a record, by rung.

    What the climb comes to beyond the planned rungs is given in the same way.
    """

    def entry(rung):
        more = special.get(rung.id.replace(".", "_").replace("+", "__"), {})
        if more == "failed":
            fits, failure = {"ML": None, "REML": None}, "The residual variance goes to zero."
        else:
            fit = record(-deviances[rung.id] / 2, parameters(rung), blocks(rung), **more)
            fits, failure = {"ML": fit, "REML": fit}, None
        return {"id": rung.id, "formula": rung.formula, "failure": failure, "fits": fits}

    rungs = [entry(rung) for rung in ladder(declared)]
    columns = {column for group in declared.groups for term in slope_terms(declared, group) for column in term.columns}
    within = {x: dict.fromkeys(declared.groups, varies) for x in columns}
    groups = [{"group": g, "levels": levels, "rows_median": 8.0, "rows_maximum": 8} for g in declared.groups]
    audit = {"groups": groups, "structure": [], "varies_within": within}
    random, steps = climb(candidates_of(declared, {"rungs": rungs}, audit, fitting=entry))
    return random_part_id(random) or "fixed", {step["step"]: step for step in steps}


one = study("y", ["g"], "x", {"g": "x"})
DEVIANCES = {"null": 1300.0, "fixed": 1200.0, "g.intercept": 1000.0, "g.uncorrelated": 980.0, "g.slope": 975.0}
DEVIANCES["g.centred"] = 980.0
SINGULAR = {"boundaries": [boundary("g", [INTERCEPT, "x"], sentence="g: the correlation of (Intercept) and x is −1.")]}
NO_INTERCEPT = {"boundaries": [boundary("g", [INTERCEPT], [INTERCEPT], rank=0)]}


@pytest.mark.parametrize(
    ("name", "taken"),
    [("sleepstudy", "Subject.slope"), ("orthodont", "Subject.intercept"), ("exam", "school.slope")],
)
def test_rs_numbers_lead_to_rs_rung(name, taken):
    published = reference_ladders()[name]
    group = "school" if name == "exam" else "Subject"
    slope = {"sleepstudy": "Days", "orthodont": "age", "exam": "standLRT"}[name]
    outcome, mean = published["fixed"].split(" ~ ")
    declared = study(outcome, [group], mean, {group: slope})
    deviances = {"null": 1e5}
    for rung, theirs in zip(ladder(declared)[1:], published["rungs"], strict=False):
        deviances[rung.id] = theirs["REML"]["deviance"]
    final, steps = climbed(declared, deviances)
    assert final == taken
    joint = next(c["REML"] for c in published["comparisons"] if c["kind"] == "slope")
    assert steps[f"{group}: slope"]["statistic"] == pytest.approx(joint["chisq"], abs=1e-9)
    assert steps[f"{group}: slope"]["p"] == pytest.approx(joint["p_boundary"], rel=1e-9)
    assert (f"{group}: correlation" in steps) == (taken.endswith("slope"))


def test_supported_slopes_keep_their_correlations():
    final, steps = climbed(one, DEVIANCES | {"g.slope": 979.9})
    assert final == "g.slope"
    assert steps["g: correlation"]["decision"] == "keep"
    assert steps["g: correlation"]["p"] > 0.7
    assert steps["g: correlation"]["by_criterion"]["AIC"] == "g.uncorrelated"
    assert "stay by default" in steps["g: correlation"]["reason"]


def test_design_stays_whatever_its_p():
    final, steps = climbed(study("y", ["g"], "x"), DEVIANCES | {"g.intercept": 1199.9})
    assert final == "g.intercept"
    assert steps["g: intercept"]["decision"] == "design"
    assert steps["g: intercept"]["p"] > 0.3
    assert steps["g: intercept"]["by_criterion"]["LRT"] == "fixed"


@pytest.mark.parametrize(("statistic", "final"), [(2.6, "g.intercept"), (2.7, "g.slope")])
def test_alpha_is_applied_to_the_mixture(statistic, final):
    # ½χ²₁ + ½χ²₂: p = .190 at 2.6 and .180 at 2.7; the plain χ²₂ gives .273 and .259
    declared = study("y", ["g"], "x", {"g": "x"}, ladder={"alpha_random": 0.185})
    reached = {"g.slope": 1000 - statistic, "g.uncorrelated": 999.0}
    assert climbed(declared, DEVIANCES | reached)[0] == final


def test_singular_correlated_slopes_back_off_to_uncorrelated_ones():
    final, steps = climbed(one, DEVIANCES, g_slope=SINGULAR)
    assert final == "g.centred"
    assert steps["g: slope"]["chosen"] == "g.slope"
    assert steps["g: correlation"]["decision"] == "drop"
    assert "g: the correlation of (Intercept) and x is −1" in steps["g: correlation"]["reason"]
    assert steps["g: uncorrelated slope"]["decision"] == "keep"
    assert str(steps["g: uncorrelated slope"]["null"]) == "½χ²₀ + ½χ²₁"


def test_back_off_goes_on_to_the_intercept():
    zero = {"boundaries": [boundary("g", ["x"], ["x"], rank=0)]}
    final, steps = climbed(one, DEVIANCES | {"g.centred": 999.0}, g_slope=SINGULAR, g_centred=zero)
    assert final == "g.intercept"
    assert "cannot be final" in steps["g: uncorrelated slope"]["reason"]
    final, steps = climbed(one, DEVIANCES | {"g.centred": 1000.0}, g_slope=SINGULAR)
    assert final == "g.intercept"
    assert steps["g: uncorrelated slope"]["p"] == 1.0


def test_singular_slopes_stay_where_the_study_allows_it():
    declared = study("y", ["g"], "x", {"g": "x"}, ladder={"allow_singular": True})
    assert climbed(declared, DEVIANCES, g_slope=SINGULAR)[0] == "g.slope"


def test_an_intercept_without_variance_does_not_take_the_slope_with_it():
    assert climbed(one, DEVIANCES, g_slope=SINGULAR, g_centred=NO_INTERCEPT)[0] == "g.centred"


def test_correlated_slopes_beside_an_intercept_without_variance_are_on_the_boundary_too():
    zero = {"boundaries": [boundary("g", [INTERCEPT, "x"], [INTERCEPT])]}
    final, steps = climbed(one, DEVIANCES, g_slope=zero, g_centred=NO_INTERCEPT)
    assert (final, steps["g: correlation"]["decision"]) == ("g.centred", "drop")
    unsupported = DEVIANCES | {"g.centred": 999.99}
    assert climbed(one, unsupported, g_slope=zero, g_centred=NO_INTERCEPT)[0] == "g.intercept"
    allowed = study("y", ["g"], "x", {"g": "x"}, ladder={"allow_singular": True})
    assert climbed(allowed, DEVIANCES, g_slope=zero)[0] == "g.slope"


def test_the_sentence_of_a_boundary_decides_nothing():
    misleading = boundary("g", [INTERCEPT, "x"], sentence="h: the variance of (Intercept) is zero.")
    assert climbed(one, DEVIANCES, g_slope={"boundaries": [misleading]})[0] == "g.centred"
    misleading = boundary("g", [INTERCEPT], [INTERCEPT], rank=0, sentence="g: the correlation of x is −1.")
    assert climbed(one, DEVIANCES, g_centred={"boundaries": [misleading]}, g_slope=SINGULAR)[0] == "g.centred"


@pytest.mark.parametrize(
    ("status", "reason", "note"),
    [
        ("not converged", "A step still lowers the deviance", "did not converge"),
        ("not identified", "The deviance is flat", "is not identified"),
    ],
)
def test_slopes_without_a_sound_fit_are_not_final(status, reason, note):
    final, steps = climbed(one, DEVIANCES, g_slope={"status": status})
    assert final == "g.centred"
    assert reason in steps["g: correlation"]["reason"]
    assert any(note in sentence for sentence in steps["g: slope"]["notes"])
    final, steps = climbed(one, DEVIANCES, g_slope={"status": status}, g_centred={"status": status})
    assert final == "g.intercept"
    assert f"cannot be final ({reason})" in steps["g: uncorrelated slope"]["reason"]


@pytest.mark.parametrize("status", ["not converged", "not identified"])
def test_an_unsound_fit_is_not_final_while_a_sound_candidate_is_left(status):
    unsound = {"status": status}
    unsupported = DEVIANCES | {"g.slope": 999.5, "g.uncorrelated": 999.9}
    final, steps = climbed(one, unsupported, g_intercept=unsound)
    assert final == steps["sound fit"]["chosen"] == "g.uncorrelated"
    assert "the simplest candidate with a sound fit is taken" in steps["sound fit"]["reason"]
    assert climbed(one, unsupported, g_intercept=unsound, g_uncorrelated=unsound)[0] == "g.slope"
    everywhere = dict.fromkeys(("g_intercept", "g_uncorrelated", "g_slope"), unsound)
    assert climbed(one, unsupported, **everywhere)[0] == "g.intercept"
    # a slope of a covariate that is constant within levels is no way out
    assert climbed(one, unsupported, varies=False, g_intercept=unsound)[0] == "g.intercept"


def test_slopes_that_could_not_be_fitted_fall_back_on_simpler_ones():
    final, steps = climbed(one, DEVIANCES, g_slope="failed")
    assert final == "g.centred"
    assert steps["g: slope"]["p"] is None
    assert "The residual variance goes to zero" in steps["g: slope"]["reason"]
    assert climbed(one, DEVIANCES, g_slope="failed", g_centred="failed")[0] == "g.intercept"


def test_a_missed_optimum_is_said_and_decides_nothing():
    final, steps = climbed(one, DEVIANCES | {"g.slope": 1001.0, "g.centred": 1000.5})
    assert final == "g.intercept"
    assert "its optimum was missed" in steps["g: slope"]["reason"]
    assert steps["g: slope"]["missed_optimum"] in steps["g: slope"]["notes"]
    assert steps["g: intercept"]["missed_optimum"] is None
    assert steps["g: slope"]["statistic"] == pytest.approx(-1.0)


def test_without_correlations_the_uncorrelated_slopes_are_tested_alone():
    declared = study("y", ["g"], "x", {"g": "x"}, ladder={"correlations": "drop"})
    final, steps = climbed(declared, DEVIANCES)
    assert final == "g.uncorrelated"
    assert list(steps) == ["g: intercept", "g: uncorrelated slope"]


def test_a_covariate_that_does_not_vary_within_levels_has_no_slope():
    final, steps = climbed(one, DEVIANCES, varies=False)
    assert final == "g.intercept"
    assert steps["g: slope"]["reason"].startswith("x does not vary within levels of g")
    assert steps["g: slope"]["p"] is None


def test_few_levels_and_a_middling_p_ask_for_a_bootstrap():
    reached = DEVIANCES | {"g.slope": 996.0, "g.uncorrelated": 999.0}
    assert any("bootstrap" in note for note in climbed(one, reached, levels=12)[1]["g: slope"]["notes"])
    assert not climbed(one, reached, levels=40)[1]["g: slope"]["notes"]


two = study("y", ["g", "h"], "x", {"g": "x"})
CROSSED = DEVIANCES | {
    "g.intercept+h.intercept": 950.0,
    "g.uncorrelated+h.intercept": 948.0,
    "g.centred+h.intercept": 948.0,
    "g.slope+h.intercept": 930.0,
}


def test_the_next_factor_enters_at_the_structure_chosen_before():
    final, steps = climbed(two, CROSSED)
    assert final == "g.slope+h.intercept"
    assert steps["h: intercept"]["smaller"] == "g.slope"
    assert steps["g: slope, beside h"]["statistic"] == pytest.approx(20.0)


def test_steps_name_their_factor_and_structure():
    steps = climbed(two, CROSSED)[1]
    named = {name: (one["group"], one["structure"], one["beside"]) for name, one in steps.items()}
    assert named == {
        "g: intercept": ("g", "intercept", []),
        "g: slope": ("g", "slope", []),
        "g: correlation": ("g", "slope", []),
        "h: intercept": ("h", "intercept", []),
        "g: slope, beside h": ("g", "slope", ["h"]),
        "g: correlation, beside h": ("g", "slope", ["h"]),
    }


def test_a_slope_that_another_factor_explains_is_taken_back():
    final, steps = climbed(two, CROSSED | {"g.slope+h.intercept": 949.5})
    assert final == "g.intercept+h.intercept"
    assert steps["g: slope"]["decision"] == "keep"
    assert steps["g: slope, beside h"]["decision"] == "drop"
    assert steps["g: slope, beside h"]["reason"].startswith("With h in the model, the variance of x")


def test_a_slope_that_another_factor_hid_is_found():
    final, steps = climbed(two, CROSSED | {"g.slope": 999.0, "g.uncorrelated": 999.5})
    assert final == "g.slope+h.intercept"
    assert steps["g: slope"]["decision"] == "drop"


def test_an_earlier_slope_that_collapses_later_backs_off_there():
    final, steps = climbed(two, CROSSED, g_slope__h_intercept=SINGULAR)
    assert steps["g: back-off to a slope of x without correlations"]["smaller"] == "g.centred+h.intercept"
    assert "Beside the intercept by h" in steps["g: back-off to a slope of x without correlations"]["reason"]
    assert final == "g.centred+h.intercept"


def test_no_decision_without_a_model_every_decision_needs():
    with pytest.raises(InputError, match=r"study trial, model 'y ~ x': The residual variance"):
        climbed(one, DEVIANCES, fixed="failed")


def test_a_ladder_of_another_version_of_the_study_is_refused():
    other = [{"id": rung.id, "formula": "y ~ z", "failure": None, "fits": {}} for rung in ladder(one)]
    with pytest.raises(InputError, match="does not hold the candidate null, 'y ~ 1'"):
        candidates_of(one, {"rungs": other}, {})


def steps_of(steps, kind):
    return [name for name, step in steps.items() if step["kind"] == kind]


TWO_SLOPES = study("y", ["g"], "x + z", {"g": "x + z"})
ROUNDS = {
    "null": 1300.0, "fixed": 1200.0, "g.intercept": 1000.0, "g.slope.x": 990.0, "g.slope.z": 980.0, "g.slope": 960.0,
    "g.centred.x": 991.0, "g.centred.z": 981.0, "g.centred": 965.0, "g.uncorrelated": 966.0, "g.uncorrelated.z": 982.0,
}  # fmt: skip


def test_the_best_supported_slope_enters_first_and_the_other_is_asked_of_again():
    final, steps = climbed(TWO_SLOPES, ROUNDS)
    assert final == "g.slope"
    first = steps["g: slope of z"]
    assert (first["smaller"], first["larger"], first["decision"]) == ("g.intercept", "g.slope.z", "keep")
    again = steps["g: slope of x"]  # of two steps with this name the last
    assert (again["smaller"], again["larger"]) == ("g.slope.z", "g.slope")
    assert (str(again["null"]), again["statistic"]) == ("½χ²₂ + ½χ²₃", pytest.approx(20.0))


def test_of_two_supported_slopes_the_one_that_stays_out_says_why():
    final, steps = climbed(TWO_SLOPES, ROUNDS | {"g.slope": 979.9})
    assert final == "g.slope.z"
    assert steps["g: slope of x"]["decision"] == "drop"
    random, all_steps = final, list(steps.values())
    assert random == "g.slope.z" and all_steps[-1]["kind"] == "correlation"


def test_a_product_waits_for_its_margins():
    declared = study("y", ["g"], "x * z", {"g": "x * z"})
    flat = dict.fromkeys(("g.slope.x", "g.slope.z", "g.slope.x_z", "g.slope"), 999.9)
    _, steps = climbed(declared, ROUNDS | flat)
    assert steps_of(steps, "slope") == ["g: slope of x", "g: slope of z"]


HYPOTHESIS = study("y", ["g"], "x + z", {"g": "z"}, hypotheses=["x"])
CONFIRMED = {
    "null": 1300.0, "fixed": 1200.0, "g.intercept": 1000.0, "g.slope.x": 999.9, "g.uncorrelated.x": 999.95,
    "g.slope": 999.5, "g.uncorrelated": 999.6, "g.centred.x": 999.95, "g.centred": 999.9,
}  # fmt: skip


def test_slopes_of_hypotheses_enter_untested_and_others_are_tested():
    assert HYPOTHESIS.mode == "confirmatory"
    final, steps = climbed(HYPOTHESIS, CONFIRMED)
    assert final == "g.slope.x"
    assert steps["g: slope of x"]["decision"] == "design"
    assert "enters untested, as it belongs to the hypotheses" in steps["g: slope of x"]["reason"]
    assert steps["g: slope of z"]["decision"] == "drop"
    assert steps["g: slope of z"]["p"] > 0.2


def test_slopes_of_hypotheses_are_reduced_only_as_far_as_they_cannot_be_estimated():
    flawed = {"boundaries": [boundary("g", [INTERCEPT, "x"])]}
    final, steps = climbed(HYPOTHESIS, CONFIRMED, g_slope_x=flawed)
    assert final == "g.centred.x"
    zero = {"boundaries": [boundary("g", ["scale(x, scale = FALSE)"], rank=0)]}
    final, steps = climbed(HYPOTHESIS, CONFIRMED | {"g.slope.z": 999.9}, g_slope_x=flawed, g_centred_x=zero)
    assert final == "g.intercept"
    assert steps_of(steps, "back-off") == [
        "g: back-off to a slope of x without correlations", "g: back-off to the intercept",
    ]  # fmt: skip


def test_the_maximal_mode_gives_up_the_slope_of_highest_order_and_least_variance_first():
    declared = study("y", ["g"], "x + I(x^2) + z", ladder={"mode": "maximal"})
    deviances = dict.fromkeys(
        ("g.slope", "g.centred", "g.slope.x_z", "g.uncorrelated.x_z", "g.centred.x_z", "g.slope.z"), 900.0
    )
    flawed = {"boundaries": [boundary("g", [INTERCEPT, "x", "z", "I(x^2)"])]}
    final, steps = climbed(declared, ROUNDS | deviances, g_slope=flawed, g_centred=flawed)
    assert final == "g.slope.x_z"
    assert steps["g: back-off to slopes of x and z"]["terms"] == ["I(x^2)"]


def test_an_optional_factor_is_kept_only_if_supported():
    declared = study("y", ["g", "h"], "x", ladder={"optional": ["h"]})
    deviances = {"null": 1300.0, "fixed": 1200.0, "g.intercept": 1000.0, "h.intercept": 1100.0}
    supported = climbed(declared, deviances | {"g.intercept+h.intercept": 990.0})
    assert supported[0] == "g.intercept+h.intercept"
    final, steps = climbed(declared, deviances | {"g.intercept+h.intercept": 999.9})
    assert final == "g.intercept"
    assert steps["h: intercept"]["reason"].startswith("h is optional, and its variance is not supported at α = .20")


def test_a_factor_that_cannot_be_fitted_stops_its_step_and_not_the_climb():
    declared = study("y", ["g", "h"], "x")
    deviances = {"null": 1300.0, "fixed": 1200.0, "g.intercept": 1000.0, "h.intercept": 1100.0}
    final, steps = climbed(declared, deviances | {"g.intercept+h.intercept": 990.0}, g_intercept="failed")
    assert final == "h.intercept"
    assert steps["g: intercept"]["kind"] == "stop"
    assert "The ladder stops at g, which is left out: The residual variance" in steps["g: intercept"]["reason"]
    assert climbed(one, DEVIANCES, g_intercept="failed")[0] == "fixed"


def test_a_supported_optional_factor_whose_model_cannot_be_final_says_so():
    declared = study("y", ["g", "h"], "x", ladder={"optional": ["h"]})
    deviances = {"null": 1300.0, "fixed": 1200.0, "g.intercept": 1000.0, "g.intercept+h.intercept": 990.0}
    unsound = {"status": "not identified"}
    final, steps = climbed(declared, deviances | {"h.intercept": 1100.0}, g_intercept__h_intercept=unsound)
    assert (final, steps["h: intercept"]["decision"]) == ("g.intercept", "drop")
    assert steps["h: intercept"]["reason"].endswith(
        "; but that model cannot be final (The deviance is flat), so h is left out."
    )


def test_a_slope_without_intercept_is_not_tested_for_a_correlation():
    declared = study("y", ["g"], "x", {"g": "0 + x"}, ladder={"correlations": "test"})
    final, steps = climbed(declared, DEVIANCES)
    assert (final, list(steps)) == ("g.slope", ["g: intercept", "g: slope"])
    zero = {"boundaries": [boundary("g", ["x"], ["x"], rank=0)]}
    final, steps = climbed(declared, DEVIANCES, g_slope=zero)
    assert (final, list(steps)) == ("g.intercept", ["g: intercept", "g: slope"])


def test_correlations_that_stay_because_the_simpler_model_cannot_be_final_say_so():
    declared = study("y", ["g"], "x", {"g": "x"}, ladder={"correlations": "test"})
    zero = {"boundaries": [boundary("g", ["x"], ["x"], rank=0, sentence="g: the variance of x is zero.")]}
    final, steps = climbed(declared, DEVIANCES, g_uncorrelated=zero)
    assert final == "g.slope"
    assert steps["g: correlation"]["reason"].startswith(
        "The correlations stay, as the model without them cannot be final (g: the variance of x is zero): REML"
    )


def test_questions_are_asked_in_the_number_of_their_slopes():
    _, steps = climbed(TWO_SLOPES, ROUNDS)
    assert steps["g: slope of z"]["question"] == "Does the effect of z vary between levels of g?"
    asked = "Are the slopes of x and z correlated with the intercepts of g and with each other?"
    assert steps["g: correlation"]["question"] == asked
    _, steps = climbed(TWO_SLOPES, ROUNDS, varies=False)
    assert steps["g: slope of x and z"]["question"] == "Do the effects of x and z vary between levels of g?"


def test_too_few_rows_in_most_levels_leave_no_eligible_slope():
    data = table("sleepstudy").groupby("Subject", observed=True).head(1)
    audited = audit(one, data.rename(columns={"Reaction": "y", "Days": "x", "Subject": "g"}).assign(x=range(18)))
    assert ineligible(one, "g", audited | {"varies_within": {"x": {"g": True}}}) == {
        "x": "Most levels of g have fewer than 2 rows, so the data cannot tell a slope of x from the residuals."
    }
