"""Scores of held-out rows against loops over folds with lme4, and what they must not depend on."""

import json

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.errors import InputError
from lmm.select.crossvalidation.comparison import compare
from lmm.select.crossvalidation.folds import NEVER, known_group_folds, last_occasion_fold, new_group_folds
from lmm.select.crossvalidation.heldout import NO_VALUE, NOT_ESTIMABLE, UNKNOWN_LEVEL
from lmm.select.crossvalidation.model import formula_model, procedure_model
from lmm.select.crossvalidation.preparation import Preparation
from lmm.select.crossvalidation.score import score_fold, score_folds
from lmm.select.crossvalidation.scores import Scores, gather
from tests.select.crossvalidated import given_folds, numbers_of_r, scored, table_of

INTERCEPT, UNCORRELATED, SLOPE = (
    "Reaction ~ Days + (1 | Subject)",
    "Reaction ~ Days + (Days || Subject)",
    "Reaction ~ Days + (Days | Subject)",
)
STRUCTURES = [INTERCEPT, UNCORRELATED, SLOPE]


def sleep() -> pd.DataFrame:
    return table_of("sleepstudy-corr")


def anew(formula, weights=None):
    """The same formula as a procedure of its own, which is fitted from its table in every fold."""
    return procedure_model(formula, lambda table: lmm.fit(formula, table, weights=weights), weights)


def assert_same(first: Scores, second: Scores, tolerance=1e-6) -> None:
    assert first.failures == second.failures and first.reasons == second.reasons
    np.testing.assert_array_equal(first.rows, second.rows)
    np.testing.assert_allclose(first.predicted, second.predicted, rtol=tolerance)
    np.testing.assert_allclose(first.log_density, second.log_density, rtol=tolerance)


def assert_r(found: Scores, expected: dict, places: float = 5e-5) -> None:
    """Hold scores to R's: log densities within 5e-5, predictions within 1e-5 of their spread."""
    np.testing.assert_allclose(found.log_density, expected["log_density"], atol=places)
    if "predicted" in expected:
        order = np.argsort(found.rows)
        assert found.rows[order].tolist() == expected["rows"]
        spread = np.std(expected["predicted"])
        np.testing.assert_allclose(found.predicted[order], expected["predicted"], atol=1e-5 * spread)


def in_order_of_rows(found: Scores) -> Scores:
    """Cases of known groups in the order of the table, as R has them."""
    order = np.argsort(found.rows[found.case])
    return Scores(**{**vars(found), "log_density": found.log_density[order]})


# ── R's numbers ──────────────────────────────────────────────────────────────────────────────────────────────


def test_sleepstudy_in_new_subjects_has_the_published_scores():
    folds = new_group_folds(sleep(), "Subject", "sleepstudy", 1)
    by_ml = compare([scored(formula, sleep(), folds, reml=False) for formula in STRUCTURES])
    assert [round(model.rmse, 3) for model in by_ml.models] == [49.604] * 3
    assert [round(model.log_score, 2) for model in by_ml.models] == [-908.98, -890.45, -891.87]
    assert [model.behind_in_rmse.value for model in by_ml.models] == [0, 0, 0] and by_ml.best_by_rmse == INTERCEPT
    assert by_ml.best_by_log_score == UNCORRELATED


def test_sleepstudy_in_known_subjects_has_the_published_errors():
    folds = known_group_folds(sleep(), ["Subject"], "Subject", "sleepstudy", 1, None)
    by_reml = compare([scored(formula, sleep(), folds) for formula in STRUCTURES])
    assert [round(model.rmse, 2) for model in by_reml.models] == [32.74, 28.65, 28.74]
    expected = [numbers_of_r()["known_groups"][formula]["log_score"] for formula in STRUCTURES]
    np.testing.assert_allclose([model.log_score for model in by_reml.models], expected, atol=1e-3)


@pytest.mark.parametrize("formula", STRUCTURES)
@pytest.mark.parametrize("reml", [True, False])
def test_every_new_subject_is_scored_as_by_r(formula, reml):
    folds = new_group_folds(sleep(), "Subject", "s", 1)
    expected = numbers_of_r()["new_groups_reml" if reml else "new_groups_ml"][formula]
    assert list(folds.levels) == expected["levels"]
    assert_r(scored(formula, sleep(), folds, reml=reml), expected)


def test_the_last_occasion_is_scored_as_by_r():
    folds = last_occasion_fold(sleep(), ["Subject"], "Subject", "s", "Days")
    assert_r(scored(SLOPE, sleep(), folds), numbers_of_r()["last_occasion"])


def test_weighted_rows_are_scored_as_by_r():
    expected = numbers_of_r()["weighted"]
    table = sleep().assign(w=expected["weights"])
    assert_r(scored(SLOPE, table, new_group_folds(table, "Subject", "s", 1), weights="w"), expected["new_groups"])
    folds = given_folds(table, "Subject", np.where(table.Days.isin([2, 7]), 0, NEVER))
    assert_r(scored(SLOPE, table, folds, weights="w"), expected["known_groups"])


@pytest.mark.parametrize(("name", "case", "group"), [("nested", "pastes", "batch"), ("crossed", "penicillin", "plate")])
def test_several_factors_are_scored_as_by_r(name, case, group):
    expected, table = numbers_of_r()[name], table_of(case)
    new = new_group_folds(table, group, "s", 1)
    found = scored(expected["formula"], table, new)
    of_level = dict(zip(expected["new_groups"]["levels"], expected["new_groups"]["log_density"], strict=True))
    assert_r(found, {"log_density": [of_level[level] for level in new.levels]})
    rows = np.arange(len(table))
    fold = rows % 3 if name == "nested" else (rows + 1) % 5
    known = scored(expected["formula"], table, given_folds(table, group, fold))
    assert_r(in_order_of_rows(known), {"log_density": expected["known_groups"]["log_density"]})
    assert compare([known]).models[0].rmse == pytest.approx(expected["known_groups"]["rmse"], rel=1e-4)


def test_polynomials_are_learnt_from_the_training_rows_as_by_r():
    expected, table = numbers_of_r()["learnt"], table_of("petrol-poly")
    folds = new_group_folds(table, "No", "s", 1)
    of_level = dict(zip(expected["new_groups"]["levels"], expected["new_groups"]["log_density"], strict=True))
    found = scored(expected["formula"], table, folds)
    assert_r(found, {"log_density": [of_level[level] for level in folds.levels]})


def test_scaling_is_learnt_from_the_training_rows_and_would_leak_if_it_were_not():
    expected, table = numbers_of_r()["scaled"]["known_groups"], table_of("orthodont-corr")
    folds = given_folds(table, "Subject", table.age.map({8: 0, 14: 1}).fillna(NEVER).astype(int))
    inside = in_order_of_rows(scored(numbers_of_r()["scaled"]["formula"], table, folds))
    assert_r(inside, expected)
    # (age || Subject) depends on where age is zero, so that scaling by all rows would give other predictions.
    leaking = table.assign(z=(table.age - table.age.mean()) / table.age.std())
    outside = in_order_of_rows(scored("distance ~ z + (z || Subject)", leaking, folds))
    assert np.abs(outside.log_density - inside.log_density).max() > 0.01


# ── the ways of refitting agree, and nothing depends on jobs, order or labels ────────────────────────────────


@pytest.mark.parametrize(
    ("formula", "case", "group"),
    [
        (SLOPE, "sleepstudy-corr", "Subject"),
        ("Reaction ~ Days", "sleepstudy-corr", "Subject"),
        ("distance ~ age * Sex + (age | Subject)", "orthodont-corr", "Subject"),
        ("strength ~ 1 + (1 | batch/cask)", "pastes", "batch"),
        ("diameter ~ 1 + (1 | plate) + (1 | sample)", "penicillin", "plate"),
        ("weight ~ Diet + offset(Time / 2) + (1 | Rat)", "bodyweight", "Rat"),
        ("score ~ Machine + (0 + Machine | Worker)", "machines-fslope", "Worker"),
    ],
)
def test_refits_of_one_layout_are_fits_of_the_training_tables(formula, case, group):
    table = table_of(case)
    new = new_group_folds(table, group, "s", 1)
    assert_same(scored(formula, table, new), score_folds(anew(formula), table, new, 0, new.number), 1e-5)
    known = known_group_folds(table, [group], group, "s", 1, 4)
    assert_same(scored(formula, table, known), score_folds(anew(formula), table, known, 0, known.number), 1e-5)


@pytest.mark.parametrize("formula", [SLOPE, "Reaction ~ poly(Days, 2) + (1 | Subject)"])
@pytest.mark.parametrize("target", ["new", "known"])
def test_jobs_do_not_change_a_digit(formula, target):
    table, model = sleep(), formula_model("m", formula)
    folds = (
        new_group_folds(table, "Subject", "s", 1, 9)
        if target == "new"
        else known_group_folds(table, ["Subject"], "Subject", "s", 1, 9)
    )
    whole = score_folds(model, table, folds, 0, 9)
    parts = [
        score_folds(model, table, folds, 5, 9),
        score_fold(model, table, folds, 4),
        score_folds(model, table, folds, 0, 4),
    ]
    through_json = [Scores.from_dict(json.loads(json.dumps(part.to_dict()))) for part in parts]
    assert gather(through_json).to_dict() == whole.to_dict()


def test_scores_do_not_depend_on_the_order_of_the_rows_or_on_labels():
    table = sleep().assign(Reaction=lambda one: one.Reaction.where(one.index % 11 != 3)).dropna()
    shuffled = table.sample(frac=1, random_state=2)
    renamed = table.assign(Subject=table.Subject.astype(str).map(lambda label: f"s{label[::-1]}"))
    for make in (
        lambda one: new_group_folds(one, "Subject", "s", 1),
        lambda one: last_occasion_fold(one, ["Subject"], "Subject", "s", "Days"),
    ):
        first, *others = (compare([scored(SLOPE, one, make(one))]).models[0] for one in (table, shuffled, renamed))
        for other in others:
            assert other.rmse == pytest.approx(first.rmse, rel=1e-7)
            assert other.log_score == pytest.approx(first.log_score, rel=1e-7)
    dealt = [
        compare([scored(SLOPE, one, known_group_folds(one, ["Subject"], "Subject", "s", 1, 5))]).models[0]
        for one in (table, shuffled)
    ]
    assert dealt[0].log_score == pytest.approx(dealt[1].log_score, rel=1e-7)


def test_another_unit_of_the_outcome_shifts_every_log_density_alike():
    folds = new_group_folds(sleep(), "Subject", "s", 1, 6)
    seconds = sleep().assign(Reaction=sleep().Reaction / 1000 + 3)
    first, second = scored(SLOPE, sleep(), folds), scored(SLOPE, seconds, folds)
    np.testing.assert_allclose(second.log_density, first.log_density + 10 * np.log(1000), rtol=1e-6)


# ── selection inside the fold ────────────────────────────────────────────────────────────────────────────────


def test_selection_is_part_of_what_is_validated():
    random = np.random.default_rng(11)
    names = [f"x{k}" for k in range(12)]
    table = pd.DataFrame(random.standard_normal((120, 12)), columns=names)
    table["g"] = np.repeat(np.arange(20), 6).astype(str)
    table["y"] = random.standard_normal(120) + np.repeat(random.standard_normal(20), 6)

    def largest_of_noise(rows):
        best = max(names, key=lambda name: abs(np.corrcoef(rows[name], rows.y)[0, 1]))
        return lmm.fit(f"y ~ {best} + (1 | g)", rows)

    folds = new_group_folds(table, "g", "s", 3, 10)
    inside = score_folds(procedure_model("procedure", largest_of_noise), table, folds, 0, 10)
    chosen = lmm.fit(largest_of_noise(table).formula, table).formula
    outside = scored(chosen, table, folds)
    compared = compare([inside, outside, scored("y ~ 1 + (1 | g)", table, folds)])
    procedure, after_selection, nothing = (model.log_score for model in compared.models)
    assert len(compared.models[0].formulas) > 1 and sum(compared.models[0].formulas.values()) == 10
    # Chosen by all rows, a predictor of noise looks better than none; chosen inside the fold it does not.
    assert after_selection > nothing > procedure


# ── what cannot be predicted or fitted is counted ────────────────────────────────────────────────────────────


def test_levels_that_no_training_row_has_are_counted():
    table = sleep().assign(
        site=lambda one: one.Subject.astype(int).map(lambda s: "alone" if s == 308 else "ab"[s % 2]),
    )
    table.loc[table.index[:3], "site"] = "a"
    folds = new_group_folds(table, "Subject", "s", 1)
    found = scored("Reaction ~ Days + site + (1 | Subject)", table, folds)
    assert found.unscored == {UNKNOWN_LEVEL: 7} and not found.failed
    assert np.isnan(found.predicted[found.rows < 10]).tolist() == [False] * 3 + [True] * 7
    compared = compare([found, scored(INTERCEPT, table, folds)])
    # The joint density of the first subject is of 3 rows in one model and of 10 in the other.
    assert (compared.rows, compared.units) == (170, 17)
    assert any("170 rows of 180 held out are compared" in note for note in compared.notes)


def test_combinations_that_no_training_row_has_and_missing_values_are_counted():
    table = sleep().assign(
        a=lambda one: np.where(one.Days < 5, "p", "q"), b=lambda one: np.where(one.index % 2, "u", "v")
    )
    table.loc[(table.a == "p") & (table.b == "u") & (table.Subject != "308"), "b"] = "v"
    table["z"] = np.where(table.index == 25, -1.0, 2.0) + 0.1 * (table.index % 7)
    found = scored("Reaction ~ a * b + log(z) + (1 | Subject)", table, new_group_folds(table, "Subject", "s", 1))
    assert found.unscored == {NOT_ESTIMABLE: int(((table.a == "p") & (table.b == "u")).sum()), NO_VALUE: 1}


def test_a_fold_that_is_refused_says_so_and_spares_the_others():
    table = table_of("pastes")
    # Without every other row each cask has a single one, which no random effect can be told from the residual.
    fold = np.where(np.arange(len(table)) % 2 == 0, 0, np.where(np.arange(len(table)) < 20, 1, NEVER))
    found = scored("strength ~ 1 + (1 | batch/cask)", table, given_folds(table, "batch", fold))
    assert found.failures[1] is None and "one row per level" in found.failures[0]
    assert sum(found.failed.values()) == 1 and not found.unscored
    other = scored("strength ~ 1 + (1 | batch)", table, given_folds(table, "batch", fold))
    # 10 rows of 40 are too few to shrink the comparison to.
    validated = compare([found, other])
    assert [model.folds for model in validated.models] == [1, 2] and validated.models[0].rmse is None
    assert (validated.rows, validated.best_by_rmse) == (40, other.model)
    assert any("too few were predicted" in note and "10 rows" in note for note in validated.notes)
    assert not any("are compared" in note for note in validated.notes)


def test_a_model_that_predicts_nothing_does_not_hide_the_others():
    folds = new_group_folds(sleep(), "Subject", "s", 1, 3)
    nothing = scored("Reaction ~ Days + nowhere + (1 | Subject)", sleep(), folds)
    compared = compare([nothing, scored(SLOPE, sleep(), folds)])
    assert compared.models[0].rmse is None and compared.models[0].folds == 0
    assert "nowhere" in next(iter(compared.models[0].failed))
    assert compared.rows == 180 and compared.best_by_log_score == SLOPE


@pytest.mark.parametrize("formula", ["Reaction ~ 1", "Reaction ~ Days", "Reaction ~ 1 + (1 | Subject)"])
def test_training_rows_without_variation_teach_no_model(formula):
    table = sleep().assign(Reaction=lambda one: one.Reaction.where(one.Subject == "308", 250.1))
    found = scored(formula, table, new_group_folds(table, "Subject", "s", 1))
    assert next(iter(found.failed)).startswith("The outcome 'Reaction' is 250.1 in all 170 rows used")
    assert sum(found.failed.values()) == 1


def test_an_outcome_in_units_of_its_rows_is_refused():
    folds = new_group_folds(sleep(), "Subject", "s", 1, 3)
    with pytest.raises(InputError, match=r"'scale\(Reaction\)' uses statistics of the rows"):
        scored("scale(Reaction) ~ Days + (1 | Subject)", sleep(), folds)


# ── comparisons ──────────────────────────────────────────────────────────────────────────────────────────────


def test_standard_errors_are_those_of_paired_differences_between_groups():
    folds = new_group_folds(sleep(), "Subject", "s", 1)
    found = compare([scored(formula, sleep(), folds) for formula in STRUCTURES])
    r = numbers_of_r()["new_groups_reml"]
    differences = np.array(r[UNCORRELATED]["log_density"]) - np.array(r[INTERCEPT]["log_density"])
    behind = found.models[0].behind_in_log_score
    assert behind.value == pytest.approx(differences.sum(), abs=1e-3)
    assert behind.standard_error == pytest.approx(np.sqrt(18) * np.std(differences, ddof=1), rel=1e-3)
    assert behind.within_noise  # 18.6 with a standard error of 15.6
    # 1.36 is 3 of its standard errors of 0.42, but small.
    assert found.models[2].behind_in_log_score.within_noise


def test_the_standard_error_in_rmse_is_close_to_the_jackknife_of_units():
    folds = known_group_folds(sleep(), ["Subject"], "Subject", "s", 1, 10)
    scores = [scored(formula, sleep(), folds) for formula in (INTERCEPT, SLOPE)]
    behind = compare(scores).models[0].behind_in_rmse
    errors = np.array([(one.observed - one.predicted)[np.argsort(one.rows)].reshape(18, 10) for one in scores])

    def difference(subjects):
        return np.subtract(*np.sqrt((errors[:, subjects] ** 2).mean((1, 2))))

    left = np.array([difference(np.arange(18) != one) for one in range(18)])
    assert behind.value == pytest.approx(difference(np.arange(18)), rel=1e-9)
    assert behind.standard_error == pytest.approx(np.sqrt(17 / 18 * ((left - left.mean()) ** 2).sum()), rel=0.1)


def test_what_cannot_be_compared_is_refused():
    folds = [new_group_folds(sleep(), "Subject", "s", 1, number) for number in (3, 4)]
    scores = [scored(INTERCEPT, sleep(), one) for one in folds]
    with pytest.raises(InputError, match="cross-validated on different folds"):
        compare(scores)
    with pytest.raises(InputError, match="predict on different scales"):
        compare([scores[0], scored("log(Reaction) ~ Days + (1 | Subject)", sleep(), folds[0])])
    part = score_folds(formula_model("m", SLOPE), sleep(), folds[0], 0, 2)
    with pytest.raises(InputError, match="2 of 3 folds: gather all"):
        compare([part])
    with pytest.raises(InputError, match="hold 2 of 3 folds"):
        gather([part])
    with pytest.raises(InputError, match="numbered from 0 to 2"):
        score_folds(formula_model("m", SLOPE), sleep(), folds[0], 2, 4)


def test_a_comparison_is_plain_json_and_nothing_learnt_changes_nothing():
    folds = new_group_folds(sleep(), "Subject", "s", 1, 3)
    first = scored(SLOPE, sleep(), folds)
    assert scored(SLOPE, sleep(), folds, preparation=Preparation((), ())).to_dict() == first.to_dict()
    text = json.dumps(compare([first]).to_dict(), allow_nan=False)
    assert json.loads(text)["models"][0]["folds"] == 3


def test_a_fold_of_which_no_row_can_be_predicted_is_a_result():
    """All rows of the fold have a level of the fixed part that no training row has."""
    table = sleep().assign(kind=lambda rows: np.where(rows.Subject.astype(str) == "308", "other", "usual"))
    table.loc[table.Subject.astype(str) == "309", "kind"] = "third"
    folds = new_group_folds(table, "Subject", "trial", 1)
    first = folds.levels.index("308")
    found = score_fold(anew("Reaction ~ Days + kind + (1 | Subject)"), table, folds, first)
    assert found.unscored == {UNKNOWN_LEVEL: 10} and len(found.log_density) == 0
