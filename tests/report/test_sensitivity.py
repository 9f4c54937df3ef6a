"""Sensitivity in the report: coefficients across models, close models, what criteria say, inclusion frequencies."""

import copy
from dataclasses import replace

import pytest

from lmm.report.sensitivity import sensitivity
from tests.report import builders
from tests.report.test_pages import Page


def changed(case, **parts):
    """The case with parts of its sensitivity.json changed."""
    return replace(case, sensitivity=copy.deepcopy(case.sensitivity) | parts)


def test_coefficients_of_sleepstudy_in_three_models():
    shown = sensitivity(builders.sleepstudy().case)
    (days,) = shown.coefficients
    rows = {row["which"]: row for row in days["rows"]}
    # Bates et al. 2015: 10.467 (1.546); lme4 with the intercept alone: 10.467 (0.804).
    assert (rows["final"]["estimate"], rows["final"]["se"], rows["final"]["df"]) == ("10.47", "1.55", "17")
    assert (rows["minimal"]["estimate"], rows["minimal"]["se"]) == ("10.47", "0.80")
    assert [model.formula for model in shown.models] == [
        "Reaction ~ Days + (1 | Subject)",
        "Reaction ~ Days + (Days | Subject)",
        "Reaction ~ Days + (Days | Subject)",
    ]
    assert shown.heading == "The coefficients across three models"


def test_hypotheses_are_called_so_where_they_were_named():
    shown = sensitivity(builders.confirmatory().case)
    assert shown.heading == "The hypotheses across three models"
    assert [one["name"] for one in shown.coefficients] == ["x"]


def test_close_models_and_weights_of_sleepstudy():
    shown = sensitivity(builders.sleepstudy().case)
    # lme4 by ML: AIC 1763.99 and 1762.05 of the models with and without the correlation, 1802.08 of the intercept.
    assert [(row["label"], row["delta_aic"]) for row in shown.close] == [
        ("Intercept and uncorrelated slope of Days by Subject", "0.00"),
        ("Intercept and slope of Days by Subject", "1.94"),
    ]
    # exp(−1.9355 / 2) = .3799, of 1.3799 in all.
    assert [row["weight"] for row in shown.close] == [".72", ".28"]
    assert [(row["aic"], row["weight"]) for row in shown.weights][-1] == ("1,802.1", "< .01")


def test_the_panel_says_what_each_criterion_would_choose():
    rows = {row["criterion"]: row for row in sensitivity(builders.sleepstudy().case).panel}
    assert rows["AIC"]["agrees"] == "no" and rows["AIC"]["margin"] == "2.0"
    assert rows["Likelihood ratio tests"]["agrees"] == "yes"
    assert rows["Log score for new groups of Subject"]["margin"] == "1.4, noise"
    assert rows["RMSE for new groups of Subject"]["agrees"] == "cannot tell"


def test_candidates_go_by_their_labels_here_too():
    text = Page(builders.sleepstudy().page()).text
    start = text.index("What each criterion would choose")
    assert "Subject.uncorrelated" not in text[start:]
    assert "“Intercept and uncorrelated slope of Days by Subject”" in text[start:]


def test_a_model_that_cannot_be_had_leaves_the_page_whole():
    finished = builders.sleepstudy()
    found = copy.deepcopy(finished.sensitivity["hypotheses"])
    found["models"][2] |= {"failure": "<b>too many</b> effects.", "singular": None, "converged": None}
    for one in found["coefficients"]:
        one["models"]["maximal"] = None
    case = changed(finished.case, hypotheses=found)
    shown = sensitivity(case)
    assert shown.models[2].state == "could not be fitted: <b>too many</b> effects"
    assert shown.coefficients[0]["rows"][2]["estimate"] == "–"
    assert ">maximal<" not in shown.forest.drawing and ">minimal<" in shown.forest.drawing
    page = Page(builders.page_of(case, finished.diagnosis))
    assert "could not be fitted: <b>too many</b> effects" in page.text
    assert "b" not in page.tags


def test_a_mean_without_terms_is_compared_by_its_constant():
    finished = builders.penicillin()
    found = finished.sensitivity["hypotheses"]
    smaller = {**found["models"][0], "formula": "diameter ~ 1 + (1 | plate)"}
    shown = sensitivity(changed(finished.case, hypotheses=found | {"models": [smaller, *found["models"][1:]]}))
    assert [one["name"] for one in shown.coefficients] == ["(Intercept)"]
    assert shown.forest is not None


def test_where_all_models_are_one_a_sentence_says_so_and_no_table_repeats_it():
    shown = sensitivity(builders.penicillin().case)
    assert "are one and the same, so that nothing can change" in shown.said
    assert "the only candidate of the whole design" in shown.close_said
    assert (shown.models, shown.coefficients, shown.forest) == ([], [], None)
    assert (shown.close, shown.weights, shown.panel) == ([], [], [])


def test_without_coefficients_there_is_no_forest():
    finished = builders.penicillin()
    case = changed(finished.case, hypotheses=finished.sensitivity["hypotheses"] | {"coefficients": []})
    assert sensitivity(case).forest is None
    assert "figure-sensitivity-forest" not in Page(builders.page_of(case, finished.diagnosis)).ids


@pytest.fixture(scope="module")
def selected():
    return builders.selected()


def test_inclusion_frequencies_are_shown_with_their_error(selected):
    shown = sensitivity(selected.case)
    rows = {row["term"]: row for row in shown.inclusion}
    assert rows["dose"]["selected"] == "always in" and rows["dose"]["share"] == "100%"
    times = int(rows["noise"]["times"])
    share = times / 40
    error = 100 * (share * (1 - share) / 40) ** 0.5
    assert rows["noise"]["share"] == f"{100 * share:.0f} ± {error:.0f}%"
    assert rows["noise"]["selected"] == "not selected"
    assert "x<b>1</b>" in Page(shown.bars.drawing).text
    # What always stays in tells nothing of the selection and is not drawn.
    assert ">dose<" not in shown.bars.drawing and ">noise<" in shown.bars.drawing


def test_nothing_drawn_is_told_with_its_reason(selected):
    case = changed(selected.case, inclusion={"reason": "No factor holds all others."})
    shown = sensitivity(case)
    assert shown.inclusion_said == "No factor holds all others."
    assert shown.bars is None and shown.inclusion == []
    assert "No factor holds all others." in Page(builders.page_of(case, selected.diagnosis)).text


def test_without_selection_there_are_no_frequencies():
    assert "How often the same terms are selected" not in Page(builders.sleepstudy().page()).text
