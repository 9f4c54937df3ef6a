"""Figures that the report draws itself: criteria of the candidates, the coefficients, observed against predicted."""

import copy
from dataclasses import replace

import pytest

from lmm.report.calibration import calibration_figure
from lmm.report.calibration import concern as miscalibrated
from lmm.report.cautions import AMBER, cautions
from lmm.report.coefficient_forest import coefficient_figure, in_one_unit
from lmm.report.criteria_dots import criteria_figure
from tests.report import builders
from tests.report.builders import finish

# ── criteria of the candidates ───────────────────────────────────────────────────────────────────────────────


def with_decision(case, **changes):
    """The case with entries of its table of candidates changed, by their ids."""
    decision = copy.deepcopy(case.decision)
    for entry in decision["table"]:
        entry |= changes.get(entry["id"].rpartition(".")[2], {})
    return replace(case, decision=decision)


def test_criteria_of_sleepstudy_are_those_of_lme4():
    figure = criteria_figure(builders.sleepstudy().case)
    # lme4 by REML: AIC 1753.669 without, 1755.628 with the correlation; BIC 1769.634, 1774.786; over 18 subjects
    # 1758.121, 1760.971.
    assert "By AIC, BIC over rows and BIC over groups (1 + Days || Subject) is lowest" in figure.seen
    assert "the final model 2.0, 5.2 and 2.8 above it" in figure.seen
    assert "2 candidates lie less than 2 above the lowest AIC" in figure.seen
    assert figure.seen.startswith(figure.alt.split("by REML. ")[1])
    assert "Final: (1 + Days | Subject)" in figure.drawing and ">(1 | Subject)<" in figure.drawing
    assert "Beyond 10 the scale is compressed" in figure.seen


def test_references_and_candidates_without_an_optimum_are_not_drawn():
    case = builders.sleepstudy().case
    assert "Fixed effects only" not in criteria_figure(case).drawing
    assert ">(1 | Subject)<" not in criteria_figure(with_decision(case, intercept={"converged": False})).drawing
    alone = with_decision(case, intercept={"converged": False}, uncorrelated={"failure": "No optimum."})
    assert criteria_figure(alone) is None
    assert criteria_figure(with_decision(case, slope={"converged": False})) is None


def test_a_singular_candidate_is_marked():
    case = with_decision(builders.sleepstudy().case, uncorrelated={"singular": True})
    assert "(1 + Days || Subject), singular" in criteria_figure(case).drawing


def test_the_best_final_model_is_said_to_be_so():
    seen = criteria_figure(builders.penicillin().case).seen
    assert seen.startswith("Of 2 candidates the final model has the lowest AIC, BIC over rows and BIC over groups.")


def test_after_a_selection_the_means_are_not_mixed():
    finished = builders.selected()
    figure = criteria_figure(finished.case)
    same = [one for one in finished.decision["table"] if one["mean"] == "selected" and "|" in one["formula"]]
    assert len(same) == 3
    assert figure.drawing.count("selected mean<") == 3
    assert figure.drawing.count(">Final: ") == 1


# ── the coefficients ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_single_coefficient_is_raw():
    figure = coefficient_figure(builders.sleepstudy().case)
    # Bates et al. 2015: 10.467 (1.546), 17 degrees of freedom.
    assert figure.seen == "Days 10.47 [7.21, 13.73]: the interval leaves zero out."
    assert figure.title == "Coefficients of the final model"
    assert ">b, 95% interval<" in figure.drawing


def test_coefficients_with_units_of_their_own_are_standardised_and_grouped():
    case = builders.messy().case
    assert not in_one_unit(case)
    figure = coefficient_figure(case)
    assert figure.title == "Standardised coefficients of the final model"
    assert "arm: drug − placebo" in figure.drawing and "week × arm: drug − placebo" in figure.drawing
    clear = [one for one in case.inference["standardised"] if one["lower"] * one["upper"] > 0]
    assert figure.seen.startswith(f"{len(clear)} interval{'' if len(clear) == 1 else 's'} of 5 ")


def test_contrasts_of_factors_share_the_unit_of_the_outcome():
    table = builders.sleep_table()
    table["phase"] = table["Days"].map(lambda day: "early" if day < 3 else "middle" if day < 6 else "late")
    levels = {"phase": ["early", "middle", "late"]}
    block = {"outcome": "Reaction", "unit": "ms", "fixed": "phase", "groups": ["Subject"], "levels": levels}
    case = finish(table, **block, cross_validation={"targets": []}).case
    assert in_one_unit(case)
    figure = coefficient_figure(case)
    assert "b in ms, 95% interval" in figure.drawing
    assert ">phase: middle − early<" in figure.drawing and ">phase: late − early<" in figure.drawing
    # The two contrasts stand under the name of their factor.
    assert ">phase<" in figure.drawing
    rows = {row["name"]: row for row in case.inference["coefficients"]["rows"]}
    assert f"phase: late − early {rows['phaselate']['estimate']:.1f}" in figure.seen


def test_a_mean_without_terms_has_no_forest():
    assert coefficient_figure(builders.penicillin().case) is None


def test_terms_that_the_data_selected_say_so():
    assert "Terms were selected by the same data" in coefficient_figure(builders.selected().case).seen


# ── observed against predicted ───────────────────────────────────────────────────────────────────────────────


def calibrated(case, target, **values):
    """The case with a calibration changed."""
    found = copy.deepcopy(case.crossvalidation)
    for one in found["targets"][target]:
        one["calibration"] |= values
    return replace(case, crossvalidation=found)


def test_calibration_of_sleepstudy_is_that_of_r():
    figure = calibration_figure(builders.sleepstudy().case)
    # R: slope 0.8818, sandwich by subject 0.1622, SD of predictions 30.25, of observations 56.33.
    assert figure.seen.startswith("New groups (Subject): calibration slope 0.88 ± 0.16, less than 2 standard errors")
    assert "predictions spread 54% as much as the observations" in figure.seen
    assert "Known groups: calibration slope 0.98 ± 0.04" in figure.seen
    assert figure.concern == "" and miscalibrated(builders.sleepstudy().case) == ""


def test_predictions_that_are_one_number_have_no_slope():
    figure = calibration_figure(builders.penicillin().case)
    assert (
        "New groups (plate): predictions spread 2% as much as the observations; they are nearly one num" in figure.seen
    )
    assert figure.seen.count("calibration slope") == 3 and figure.seen.count("no calibration slope") == 2


def test_predictions_too_far_apart_are_a_caution():
    case = calibrated(builders.sleepstudy().case, "known groups", slope=0.6, standard_error=0.1)
    figure = calibration_figure(case)
    assert "predictions would have to be shrunk by 40% towards their mean" in figure.seen
    assert figure.concern.startswith("Known groups: the calibration slope of the final model is 0.60 ± 0.10")
    (found,) = [one for one in cautions(case) if "calibration slope" in one.sentence]
    assert found.weight == AMBER and f"#figure-{figure.name}" in found.sentence


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slope": 1.5, "standard_error": 0.1}, "their distances from their mean are 50% too short"),
        ({"slope": 1.1, "standard_error": 0.01}, "too short"),
        ({"slope": -2.0, "standard_error": 0.1}, "what is predicted higher is not observed higher"),
        ({"slope": 0.7, "standard_error": None}, "shrunk by 30%"),
    ],
)
def test_every_slope_has_its_words(changes, said):
    case = calibrated(builders.sleepstudy().case, "new groups", **changes)
    assert said in calibration_figure(case).seen
    assert bool(miscalibrated(case)) == (changes["slope"] == 1.5)


def test_few_groups_raise_no_alarm():
    case = calibrated(builders.sleepstudy().case, "new groups", slope=0.5, standard_error=0.1, units=6)
    assert miscalibrated(case) == ""


def test_bins_stand_for_many_rows():
    bins = [
        {"rows": 60, "predicted": float(k), "observed": k + 0.1, "lower": k - 1.0, "upper": k + 1.0} for k in range(40)
    ]
    case = calibrated(builders.sleepstudy().case, "new groups", points=None, bins=bins)
    assert "Each dot stands for many rows" in calibration_figure(case).seen
    assert "Each dot" not in calibration_figure(builders.sleepstudy().case).seen


def test_without_predictions_there_is_no_figure():
    case = builders.sleepstudy().case
    found = copy.deepcopy(case.crossvalidation)
    for target in found["targets"].values():
        for one in target:
            one["calibration"] = None
    assert calibration_figure(replace(case, crossvalidation=found)) is None


# ── on the page ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("study", [builders.sleepstudy, builders.hostile])
def test_figures_stand_in_their_sections_and_are_numbered_along_the_page(study):
    page = study().page()
    order = [page.index(f'id="figure-{name}"') for name in ("criteria", "coefficients", "cross-validation-calibration")]
    sections = [page.index(f'id="{anchor}"') for anchor in ("ladder", "model", "crossvalidation")]
    assert sections[0] < order[0] < sections[1] < order[1] < sections[2] < order[2]
    numbers = [int(part.split(".")[0]) for part in page.split('<span class="muted">Figure ')[1:]]
    assert numbers == list(range(1, len(numbers) + 1))
