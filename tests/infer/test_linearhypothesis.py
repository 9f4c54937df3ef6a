"""Linear hypotheses by name: what texts mean, R's joint tests, and what cannot be tested."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.linearhypothesis import linear_hypothesis
from lmm.infer.smallsample import small_sample
from tests.infer.fixed_effects import fitted, from_r, model_of, table_of


@pytest.mark.parametrize(
    ("text", "weights", "value"),
    [
        ("Lsize", {"Lsize": 1}, 0.0),
        ("Lsize = 0.5", {"Lsize": 1}, 0.5),
        ("0 = Lsize", {"Lsize": -1}, 0.0),
        ("TreatmentLow=TreatmentHigh", {"TreatmentLow": 1, "TreatmentHigh": -1}, 0.0),
        ("TreatmentLow - 2*(TreatmentHigh + 0.5) = -1.5/3", {"TreatmentLow": 1, "TreatmentHigh": -2}, 0.5),
        (
            "(TreatmentLow + TreatmentHigh)/2 = sexFemale",
            {"TreatmentLow": 0.5, "TreatmentHigh": 0.5, "sexFemale": -1},
            0.0,
        ),
        ("TreatmentLow + sexFemale:TreatmentLow", {"TreatmentLow": 1, "sexFemale:TreatmentLow": 1}, 0.0),
        ("(Intercept) + 10 * Lsize = 5e0", {"(Intercept)": 1, "Lsize": 10}, 5.0),
        ("−sexFemale - -Lsize + 3 = +.25", {"sexFemale": -1, "Lsize": 1}, -2.75),
        ("2 * 3 * Lsize * 0.5 - Lsize", {"Lsize": 2}, 0.0),
    ],
)
def test_texts_mean_what_they_say(text, weights, value):
    fit = fitted("ratpup")
    found = linear_hypothesis(fit, text)
    expected = [weights.get(name, 0) for name in fit.coefficients]
    np.testing.assert_allclose(found.L, [expected], atol=1e-15)
    assert found.values == pytest.approx([value])
    by_name = linear_hypothesis(fit, weights, value)
    assert by_name.tests[0].p == pytest.approx(found.tests[0].p)
    assert by_name.texts == found.texts


def test_names_are_taken_literally_and_the_longest_that_fits():
    fit = fitted("oxboys-poly")
    found = linear_hypothesis(fit, ["poly(age, 4)1 = poly(age, 4)4", "poly(age, 4)2"])
    np.testing.assert_array_equal(found.L, [[0, 1, 0, 0, -1], [0, 0, 1, 0, 0]])
    quadratic = linear_hypothesis(fitted("oxboys-quad"), "age + 2 * I(age^2) = 0")
    np.testing.assert_array_equal(quadratic.L, [[0, 1, 2]])
    levels = linear_hypothesis(fitted("oats-factor"), "factor(nitro)0.2 = factor(nitro)0.4")
    assert levels.texts == ("factor(nitro)0.2 − factor(nitro)0.4 = 0",)


@pytest.mark.parametrize("how", ["Satterthwaite", "Kenward-Roger"])
def test_joint_tests_as_lmertests_contestMD(how):
    fit = model_of("unbalanced interaction")
    reference = from_r()["models"]["unbalanced interaction"]["tests"][how]["joint"][0]
    texts = ["TreatmentLow = 0.1", "TreatmentHigh = 0", "sexFemale:TreatmentLow = −0.2"]
    found = linear_hypothesis(fit, texts, method=how.lower())
    assert found.joint.numerator == 3
    assert found.joint.denominator == pytest.approx(reference["dendf"], rel=1e-4)
    assert found.joint.statistic == pytest.approx(reference["F"], rel=1e-4)
    assert found.joint.p == pytest.approx(reference["p"], rel=1e-3)


def test_the_reference_level_does_not_matter_to_a_hypothesis():
    # Low against High: a difference of two coefficients here, the test of one where High is the reference.
    other = lmm.fit(
        'weight ~ sex * relevel(Treatment, ref = "High") + Lsize + (1 | Litter)', table_of("unbalanced interaction")
    )
    (expected,) = linear_hypothesis(other, 'relevel(Treatment, ref = "High")Low').tests
    (found,) = linear_hypothesis(model_of("unbalanced interaction"), "TreatmentLow = TreatmentHigh").tests
    assert found.t == pytest.approx(expected.t, rel=1e-6)
    assert found.df == pytest.approx(expected.df, rel=1e-6)


def test_rows_that_repeat_each_other_count_once():
    found = linear_hypothesis(fitted("ratpup"), ["Lsize = 0.1", "2 * Lsize = 0.2"])
    assert found.joint.numerator == 1
    assert found.joint.p == pytest.approx(found.tests[0].p)


def test_several_tests_may_share_the_degrees_of_freedom_once_made():
    fit = fitted("ratpup")
    chosen = small_sample(fit, "satterthwaite")
    assert (
        linear_hypothesis(fit, "Lsize", method=chosen).to_dict()
        == linear_hypothesis(fit, "Lsize", method="satterthwaite").to_dict()
    )


def test_columns_left_out():
    fit = fitted("cake-rankdef")
    with pytest.raises(InputError, match=r"'factor\(temp\)225' has no coefficient to test. Left out: .* combination"):
        linear_hypothesis(fit, "factor(temp)225 = factor(temp)215")
    assert not [note for note in linear_hypothesis(fit, "recipeB:temp").notes if "rests on" in note]
    assert [note for note in linear_hypothesis(fit, "temp").notes if "rests on factor(temp)225" in note]


@pytest.mark.parametrize(
    ("hypothesis", "message"),
    [
        ("Lsiz = 0", "did you mean 'Lsize'"),
        ("sexFemale:Lsize", "'sexFemale:Lsize' is not among the coefficients"),
        ("Lsize = 0 = 1", "before '= 1'"),
        ("Lsize * sexFemale", "multiplies two coefficients"),
        ("1 / Lsize", "divides by zero or by a coefficient"),
        ("Lsize / (1 - 1)", "divides by zero"),
        ("(Lsize", "a closing parenthesis"),
        ("Lsize +", "a coefficient or a number"),
        ("2Lsize", "'2Lsize' is not among"),
        ("Lsize sexFemale", "an operator or the end"),
        ("", "a coefficient or a number"),
        ("3 = 3", "weights are all zero"),
        ({"Lsize": 0}, "weights are all zero"),
        ({"Lsise": 1}, "did you mean 'Lsize'"),
        ([], "no hypothesis"),
        (["Lsize = 0", "Lsize = 1"], "contradict"),
        ("__import__('os').system('true')", "not among the coefficients"),
        ("(" * 100_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_tested_is_refused_in_a_sentence(hypothesis, message):
    with pytest.raises(InputError, match=message) as refusal:
        linear_hypothesis(fitted("ratpup"), hypothesis)
    assert "\n" not in str(refusal.value)


def test_json_has_no_nan():
    found = linear_hypothesis(fitted("ratpup"), ["Lsize = 0.1", {"sexFemale": 2}], method="normal").to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["rows"][0]["df"] is None
