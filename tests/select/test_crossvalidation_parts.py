"""The cross-validation of a study from its block: what is held out, of which models, the same in any number of jobs."""

import json

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.errors import InputError
from lmm.select.crossvalidation.folds import NOT_ASKED
from lmm.select.crossvalidation.gathered import cross_validation
from lmm.select.crossvalidation.parts import THE_LADDER, cross_validation_part, parts
from lmm.select.crossvalidation.record import record_of_scores, scores_of_record
from lmm.select.crossvalidation.targets import Target, targets
from lmm.select.infold import chosen
from tests.select import studies
from tests.select.crossvalidated import given_folds, numbers_of_r, scored, table_of

MODELS = {
    "fixed": "Reaction ~ Days",
    "Subject.intercept": "Reaction ~ Days + (1 | Subject)",
    "Subject.uncorrelated": "Reaction ~ Days + (Days || Subject)",
    "Subject.slope": "Reaction ~ Days + (Days | Subject)",
}
EACH = {"known_groups": {"rows": "each"}, "climb": False}


def decided(models=MODELS, final="Subject.slope", failed=()) -> dict:
    """Return what cross-validation reads of a decision."""
    table = [
        {"id": id, "formula": formula, "failure": "No optimum." if id in failed else None}
        for id, formula in models.items()
    ]
    return {"row_hash": "of the tests", "table": table, "final": {"rung": final, "formula": models[final]}}


def sleepstudy(**asked):
    return studies.study(
        "Reaction", ["Subject"], "Days", {"Subject": "Days"}, "sleepstudy", time="Days", cross_validation=asked
    )


def audited(study, table) -> dict:
    """Return what cross-validation reads of an audit."""
    return studies.audit(study, table) | {"rows": {"analysed": len(table)}}


def validated(study, table, decision, choice=None) -> dict:
    """Return crossvalidation.json, the parts in reverse and each through JSON."""
    audit = audited(study, table)
    found = [cross_validation_part(study, decision, audit, table, part, choice) for part in reversed(parts(study))]
    return cross_validation(study, decision, audit, json.loads(json.dumps(found, allow_nan=False)))


def by_model(comparison: dict) -> dict:
    return {model["model"]: model for model in comparison["models"]}


# ── the numbers of rule 14 ───────────────────────────────────────────────────────────────────────────────────


def test_sleepstudy_has_the_published_scores_from_its_block_alone():
    table = table_of("sleepstudy-corr")
    found = validated(sleepstudy(**EACH, estimator="ML"), table, decided())
    (new,), (known,) = found["targets"]["new groups"], found["targets"]["known groups"]
    assert [model["model"] for model in new["models"]] == list(MODELS)
    assert (new["folds"]["scheme"], new["folds"]["number"], new["units"]) == ("each group in turn", 18, 18)
    random = list(MODELS)[1:]
    assert [round(by_model(new)[model]["rmse"], 3) for model in random] == [49.604] * 3
    assert [round(by_model(new)[model]["log_score"], 2) for model in random] == [-908.98, -890.45, -891.87]
    assert known["rows"] == 180 and found["reasons"] == {} and found["kept"] == []


def test_sleepstudy_has_the_published_errors_of_known_subjects():
    table = table_of("sleepstudy-corr")
    found = validated(sleepstudy(**EACH, targets=["known groups"]), table, decided())
    (known,) = found["targets"]["known groups"]
    random = list(MODELS)[1:]
    assert [round(by_model(known)[model]["rmse"], 2) for model in random] == [32.74, 28.65, 28.74]
    expected = [numbers_of_r()["known_groups"][MODELS[model]]["log_score"] for model in random]
    np.testing.assert_allclose([by_model(known)[model]["log_score"] for model in random], expected, atol=1e-3)
    assert found["targets"]["new groups"] == [] and found["reasons"] == {"new groups": NOT_ASKED}


# ── what is held out ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_factor_that_others_are_nested_in_is_held_out():
    table = table_of("pastes")
    study = studies.study("strength", ["batch:cask", "batch"])
    assert targets(study, audited(study, table)) == [
        Target("new groups", "batch", 10),
        Target("known groups", "batch", 10),
    ]


def test_crossed_factors_are_held_out_in_turn():
    table = table_of("penicillin")
    models = {"both": "diameter ~ 1 + (1 | plate) + (1 | sample)", "plate": "diameter ~ 1 + (1 | plate)"}
    study = studies.study("diameter", ["plate", "sample"], cross_validation={"climb": False})
    found = validated(study, table, decided(models, "both"))
    new = found["targets"]["new groups"]
    assert [(one["folds"]["group"], one["folds"]["number"]) for one in new] == [("plate", 24), ("sample", 6)]
    assert any("as if those of sample were new too" in note for note in new[0]["notes"])
    (known,) = found["targets"]["known groups"]
    assert known["folds"]["group"] == "plate" and any("independent" in note for note in known["notes"])
    named = studies.study(
        "diameter", ["plate", "sample"], cross_validation={"new_groups": {"group": "sample", "folds": 3}}
    )
    assert targets(named, audited(named, table))[0] == Target("new groups", "sample", 3)


@pytest.mark.parametrize(("levels", "folds"), [(30, 30), (31, 10)])
def test_up_to_thirty_levels_are_held_out_one_at_a_time(levels, folds):
    study = studies.study("y", ["g"])
    audit = {"groups": [{"group": "g", "levels": levels}], "structure": [], "rows": {"analysed": 200}}
    assert targets(study, audit)[0].folds == folds


def test_the_last_occasion_is_one_fold():
    table = table_of("sleepstudy-corr")
    study = sleepstudy(targets=["known groups"], known_groups={"rows": "last occasion"}, climb=False, jobs=3)
    (known,) = validated(study, table, decided())["targets"]["known groups"]
    assert (known["rows"], known["folds"]["number"], known["folds"]["scheme"]) == (18, 1, "last occasion")
    expected = numbers_of_r()["last_occasion"]["log_density"]
    assert by_model(known)["Subject.slope"]["log_score"] == pytest.approx(sum(expected), abs=1e-3)


# ── which models, and what is learnt inside the fold ─────────────────────────────────────────────────────────


def test_candidates_that_could_be_fitted_the_final_one_and_the_ladder_are_scored():
    seen = []

    def choice(rows, recorded):
        assert {record["n"] for record in recorded.values()} == {len(rows)}
        seen.append(len(rows))
        return MODELS["Subject.slope" if len(seen) % 2 else "Subject.intercept"]

    decision = decided(failed=["fixed"])
    decision["final"] = {"rung": "selected", "formula": "Reaction ~ 1 + (Days | Subject)"}
    study = sleepstudy(targets=["new groups"], new_groups={"folds": 4})
    (new,) = validated(study, table_of("sleepstudy-corr"), decision, choice)["targets"]["new groups"]
    assert [model["model"] for model in new["models"]] == [*list(MODELS)[1:], "selected", THE_LADDER]
    assert sorted(seen) == [130, 130, 140, 140]  # the rows held out are not seen by the climb
    assert set(by_model(new)[THE_LADDER]["formulas"].values()) == {2}


def test_what_the_ladder_ends_with_is_fitted_by_the_estimator_of_all_models():
    def choice(rows, recorded):
        return MODELS["Subject.slope"]

    study = sleepstudy(targets=["new groups"], new_groups={"folds": 3}, estimator="ML")
    (new,) = validated(study, table_of("sleepstudy-corr"), decided(), choice)["targets"]["new groups"]
    scores = by_model(new)
    assert scores[THE_LADDER]["log_score"] == scores["Subject.slope"]["log_score"]


def test_the_ladder_of_the_study_is_climbed_in_every_fold():
    study = sleepstudy(targets=["new groups"], new_groups={"folds": 3})
    (new,) = validated(study, table_of("sleepstudy-corr"), decided())["targets"]["new groups"]
    assert sum(by_model(new)[THE_LADDER]["formulas"].values()) == 3 and not by_model(new)[THE_LADDER]["failed"]
    assert set(by_model(new)[THE_LADDER]["formulas"]) <= set(MODELS.values())


@pytest.mark.parametrize("steps", [[], [{"centre": {"Days": {"at": "mean"}}}]])
@pytest.mark.parametrize("estimator", ["REML", "ML"])
def test_the_ladder_chooses_from_the_fits_of_the_fold_as_it_would_from_its_own(steps, estimator):
    asked = {"new_groups": {"folds": 3}, "known_groups": {"folds": 3}, "estimator": estimator}
    study = studies.study(
        "Reaction", ["Subject"], "Days", {"Subject": "Days"}, time="Days", steps=steps, cross_validation=asked
    )
    table = table_of("sleepstudy-corr")
    audit = audited(study, table)
    own = chosen(study, audit)

    def without_help(rows, recorded):
        assert (set(recorded) == set(MODELS.values())) == (estimator == "REML")
        return own(rows, {})

    scores = [validated(study, table, decided(), choice) for choice in (None, without_help)]
    assert scores[0] == scores[1]


def test_a_column_centred_by_a_step_is_centred_inside_the_fold():
    table = table_of("sleepstudy-corr").assign(Days=lambda one: one.Days - one.Days.mean())
    block = {"name": "s", "data": "t.csv", "outcome": "Reaction", "fixed": "Days", "groups": ["Subject"]}
    model = {"zero": "Reaction ~ Days + (Days || Subject)"}
    given = {"known_groups": {"rows": "last occasion"}, "targets": ["known groups"], "climb": False}
    scores = {}
    for steps in ([], [{"centre": {"Days": {"at": "mean"}}}]):
        study = lmm.study.load(
            {"seed": 1, "studies": [block | {"time": "Days", "steps": steps, "cross_validation": given}]}
        )[0]
        (known,) = validated(study, table, decided(model, "zero"))["targets"]["known groups"]
        scores[len(steps)] = known["models"][0]["log_score"]
    held_out = np.where(table.Days == table.Days.max(), 0, -1)
    inside = table.assign(Days=table.Days - table.Days[held_out < 0].mean())
    expected = scored(model["zero"], inside, given_folds(inside, "Subject", held_out)).log_density.sum()
    assert scores[1] == pytest.approx(expected, abs=1e-4)
    # || depends on where Days is zero, so that centring by all rows would give another score.
    assert abs(scores[0] - expected) > 0.01


def test_what_was_learnt_from_all_rows_is_said():
    table = table_of("sleepstudy-corr")
    study = studies.study(
        "Reaction",
        ["Subject"],
        "Days",
        steps=[{"outliers": {"column": "Reaction", "otherwise": "drop"}}],
        cross_validation={"climb": False, "new_groups": {"folds": 2}, "known_groups": {"folds": 2}},
    )
    assert validated(study, table, decided())["kept"] == [
        "Which values of Reaction are outliers was judged from all rows."
    ]


# ── what cannot be done is a reason ──────────────────────────────────────────────────────────────────────────


def test_one_row_for_each_group_leaves_new_groups_alone():
    table = table_of("sleepstudy-corr").query("Days == 3")
    found = validated(sleepstudy(climb=False), table, decided())
    assert "can be held out so that its levels of Subject keep others" in found["reasons"]["known groups"]
    (new,) = found["targets"]["new groups"]
    assert (new["rows"], new["best_by_rmse"]) == (18, "fixed")
    assert (
        by_model(new)["Subject.slope"]["rmse"] is None and sum(by_model(new)["Subject.slope"]["failed"].values()) == 18
    )


def test_too_few_levels_for_the_folds_asked_for_is_a_reason():
    table = table_of("sleepstudy-corr")
    found = validated(sleepstudy(climb=False, new_groups={"folds": 40}), table, decided())
    assert "in 40 folds is not possible" in found["reasons"]["new groups"] and found["targets"]["new groups"] == []
    assert len(found["targets"]["known groups"]) == 1
    single = validated(sleepstudy(climb=False), table[table.Subject == "308"], decided())
    assert "Subject has a single level" in single["reasons"]["new groups"]


def test_models_that_can_be_fitted_to_no_fold_are_a_reason():
    table = table_of("sleepstudy-corr")
    two = table[table.Subject.isin(["308", "309"])]
    models = {"slope": MODELS["Subject.slope"]}
    found = validated(sleepstudy(climb=False, targets=["new groups"]), two, decided(models, "slope"))
    (new,) = found["targets"]["new groups"]
    assert new["rows"] == 0 and sum(new["models"][0]["failed"].values()) == 2
    assert next(iter(new["models"][0]["failed"])) in found["reasons"]["new groups"]


def test_no_target_is_no_part_and_two_reasons():
    study = sleepstudy(targets=[])
    assert parts(study) == []
    found = cross_validation(study, decided(), audited(study, table_of("sleepstudy-corr")), [])
    assert found["targets"] == {"new groups": [], "known groups": []} and found["kept"] == []
    assert found["reasons"] == {"new groups": NOT_ASKED, "known groups": NOT_ASKED}


# ── jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("jobs", [3, 12])
def test_parts_do_not_change_a_digit(jobs):
    table = table_of("sleepstudy-corr")

    def choice(rows, recorded):
        return MODELS["Subject.slope"]

    whole, parted = (
        validated(sleepstudy(jobs=one, new_groups={"folds": 5}), table, decided(), choice) for one in (1, jobs)
    )
    assert parted == whole
    assert parts(sleepstudy(jobs=3)) == ["1-of-3", "2-of-3", "3-of-3"]


def test_a_missing_part_is_refused():
    study, table = sleepstudy(jobs=2, climb=False), table_of("sleepstudy-corr")
    audit = audited(study, table)
    part = cross_validation_part(study, decided(), audit, table, "1-of-2")
    with pytest.raises(InputError, match="hold 9 of 18 folds"):
        cross_validation(study, decided(), audit, [part])


def test_a_record_holds_the_scores_it_was_made_of():
    table = table_of("pastes")
    fold = np.where(np.arange(len(table)) % 2 == 0, 0, np.where(np.arange(len(table)) < 20, 1, -1))
    folds = given_folds(table, "batch", fold)
    scores = [scored(f"strength ~ 1 + (1 | batch{cask})", table, folds) for cask in ("/cask", "")]
    again = scores_of_record(json.loads(json.dumps(record_of_scores(scores), allow_nan=False)))
    for one, other in zip(scores, again, strict=True):
        mine, theirs = one.to_dict(), other.to_dict()
        kept = pd.notna(np.array(mine.pop("observed"), dtype=float))
        observed = theirs.pop("observed")
        assert mine == theirs
        np.testing.assert_array_equal(np.array(observed)[kept], one.observed[kept])
