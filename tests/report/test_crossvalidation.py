"""Cross-validation in the report: rule 14's numbers, verdicts on noise, failures, and what was not done."""

import copy
import re
from dataclasses import replace

import pytest

from lmm.report import crossvalidation
from lmm.report.cautions import AMBER, cautions
from lmm.report.crossvalidation import concerns, final_said, inside, not_done, targets
from tests.report import builders
from tests.report.test_pages import Page

BLOCK = {"outcome": "Reaction", "fixed": "Days", "groups": ["Subject"], "slopes": {"Subject": "Days"}}
RANDOM_PARTS = ("Subject.intercept", "Subject.uncorrelated", "Subject.slope")


def sleepstudy(**asked):
    """Sleepstudy with each row of a known subject held out in turn; the ladder is not climbed anew."""
    asked |= {"known_groups": {"rows": "each"}, "climb": False}
    return builders.finish_undrawn(builders.sleep_table(), **BLOCK, cross_validation=asked)


@pytest.fixture(scope="module")
def by_likelihood():
    return sleepstudy(estimator="ML")


def changed(case, target, model, **values):
    """The case with entries of one cross-validated model changed."""
    found = copy.deepcopy(case.crossvalidation)
    for one in found["targets"][target][0]["models"]:
        if one["model"] == model:
            one |= values
    return replace(case, crossvalidation=found)


def behind(value, standard_error, within_noise):
    return {"value": value, "standard_error": standard_error, "within_noise": within_noise}


def test_numbers_of_sleepstudy(by_likelihood):
    new, _ = targets(by_likelihood.case)
    _, known = targets(sleepstudy().case)
    left_out = [{row.id: row for row in target.rows} for target in (new, known)]
    # R, lme4: leave one subject out by ML, leave one row out of known subjects by REML.
    assert [left_out[0][rung].rmse for rung in RANDOM_PARTS] == ["49.60"] * 3
    assert [left_out[0][rung].log_score for rung in RANDOM_PARTS] == ["−908.98", "−890.45", "−891.87"]
    assert [left_out[1][rung].rmse for rung in RANDOM_PARTS] == ["32.74", "28.65", "28.74"]
    assert [row.is_final for row in new.rows] == [False, False, False, False, True]


def test_the_two_targets_are_told_apart(by_likelihood):
    new, known = targets(by_likelihood.case)
    assert "not seen before" in new.heading and "seen before" in known.heading
    assert "RMSE cannot rank these" in new.how and "RMSE cannot rank" not in known.how
    assert "Each of the 18 levels of <bdi>Subject</bdi> was held out in turn" in new.how
    assert "Each row was held out in turn" in known.how
    # RMSE is drawn where it can rank random parts, and the log score everywhere.
    assert "RMSE" not in new.figure.drawing and "RMSE: behind the best" in known.figure.drawing


def test_a_small_difference_is_noise_and_the_reason_is_told(by_likelihood):
    (new, _) = by_likelihood.case.comparisons
    said = final_said(by_likelihood.case, new)
    assert "predicts best (−890.45); the final model is behind by 1.43 ± 0.46, which, being less than 4, is" in said
    assert "Of 4 other models 2 are within noise of it." in said
    assert "RMSE" not in said
    assert concerns(by_likelihood.case) == []


def test_a_final_model_that_predicts_worse_is_a_caution():
    finished = builders.sleepstudy()
    worse = behind(31.2, 6.1, False)
    case = changed(finished.case, "new groups", finished.decision["final"]["rung"], behind_in_log_score=worse)
    ((figure, sentence),) = concerns(case)
    assert "by 31.20 ± 6.10 in log score, which is more than noise" in sentence
    (caution,) = [one for one in cautions(case) if one.subject == "cross-validation"]
    assert caution.weight == AMBER and f"#figure-{figure}" in caution.sentence
    page = Page(builders.page_of(case, finished.diagnosis))
    assert f"figure-{figure}" in page.ids
    assert "look here" in page.text


def test_the_best_final_model_is_called_so():
    finished = builders.nested()
    case = finished.case
    comparison = {**case.comparisons[0], "best_by_log_score": finished.decision["final"]["rung"]}
    comparison["models"] = [
        {**model, "behind_in_log_score": behind(0.0, None, None)}
        if model["model"] == finished.decision["final"]["rung"]
        else model
        for model in comparison["models"]
    ]
    assert final_said(case, comparison).startswith("By log score no model predicts better than the final one")


def test_failed_folds_are_counted_and_told_as_text():
    finished = builders.sleepstudy()
    reason = "<b>x</b> does not vary."
    case = changed(finished.case, "new groups", "Subject.slope", failed={reason: 2}, unscored={"new level": 1})
    row = next(row for row in targets(case)[0].rows if row.id == "Subject.slope")
    assert row.failed == "2 of 18"
    page = Page(builders.page_of(case, finished.diagnosis))
    assert "has no predictions in 2 folds: <b>x</b> does not vary." in page.text
    assert "did not predict 1 row of other folds: new level." in page.text
    assert "b" not in page.tags


def test_a_model_without_scores_is_listed():
    finished = builders.sleepstudy()
    nothing = dict.fromkeys(("rmse", "log_score", "behind_in_rmse", "behind_in_log_score"))
    case = changed(finished.case, "known groups", "null", **nothing)
    row = targets(case)[1].rows[0]
    assert (row.log_score, row.behind_in_log_score, row.log_noise, row.rmse) == ("–", "–", "–", "–")


def test_what_the_ladder_chose_in_the_folds_is_told():
    (new, known) = targets(builders.sleepstudy().case)
    for target, folds in ((new, 18), (known, 10)):
        assert any(f"<code>Reaction ~ Days + (Days | Subject)</code> in {folds} of {folds}" in n for n in target.notes)
    assert "the choice of the model as well" in inside(builders.sleepstudy().case)[0]


def test_the_climb_is_not_claimed_where_it_was_not_made(by_likelihood):
    assert "climbed" not in " ".join(inside(by_likelihood.case))


def test_what_was_not_learnt_inside_is_told():
    case = builders.sleepstudy().case
    kept = ["z = scale(x) was derived from all rows."]
    said = inside(replace(case, crossvalidation=case.crossvalidation | {"kept": kept}))
    assert said[-1] == f"Not learnt anew in each fold: {kept[0]}"


def test_without_cross_validation_the_page_says_why():
    finished = builders.finish_undrawn(builders.sleep_table(), **BLOCK, cross_validation={"targets": []})
    page = Page(finished.page())
    assert targets(finished.case) == [] and inside(finished.case) == []
    assert len(not_done(finished.case)) == 2
    assert "Known groups: Not asked for" in page.text
    assert "cross-validated" not in page.text


def test_drawings_leave_the_references_to_the_table_and_say_so():
    figure = targets(builders.sleepstudy().case)[0].figure
    assert "Final: (1 + Days | Subject)" in figure.drawing
    assert "Fixed effects only" not in figure.drawing
    assert "Not drawn: the references without random effects" in figure.seen


def test_every_way_of_making_folds_has_a_sentence():
    folds = {"number": 5, "seed": 7, "group": "g<b>"}
    schemes = ("EACH_GROUP", "SOME_GROUPS", "EACH_ROW", "SOME_ROWS", "LAST_OCCASION")
    for scheme in schemes:
        said = crossvalidation.folds_said(folds | {"scheme": getattr(crossvalidation, scheme)})
        assert said.endswith(".") and "held out" in said
        assert "g&lt;b&gt;" in said
        assert not re.search("[{}]|None", said)
