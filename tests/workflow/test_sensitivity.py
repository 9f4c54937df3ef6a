"""Sensitivity through snakemake: from the raw table, the cross-validation and the resampled selections."""

import json

import pytest

from tests.workflow.project import demonstration, new_project, run


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Sleepstudy with a quadratic term that backward elimination by BIC removes."""
    config = demonstration("sleepstudy")
    selection = {"procedure": "backward", "criterion": "BIC", "draws": 20, "jobs": 2}
    config["studies"][0] |= {
        "fixed": "Days + I(Days^2)",
        "hypotheses": ["Days"],
        "ladder": {"fixed_selection": selection},
        "cross_validation": {"targets": ["new groups"], "climb": False},
    }
    project = new_project(tmp_path_factory.mktemp("sensitivity"), config)
    run(project, "results/sleepstudy/select/sensitivity.json")
    return json.loads((project / "results/sleepstudy/select/sensitivity.json").read_text(encoding="utf-8"))


def test_it_has_every_part(found):
    parts = ["study", "provenance", "row_hash", "hypotheses", "close", "weights", "panel", "inclusion"]
    assert list(found) == parts


def test_the_hypothesis_has_its_published_coefficient_once_the_quadratic_term_is_gone(found):
    """Bates et al. (2015): 10.467 (1.546) with the slope by subject, on 17 degrees of freedom; 0.804 without."""
    hypotheses = found["hypotheses"]
    (days,) = hypotheses["coefficients"]
    final, minimal = days["models"]["final"], days["models"]["minimal"]
    assert hypotheses["named"] and hypotheses["terms"] == ["Days"]
    assert (final["estimate"], final["se"], final["df"]) == pytest.approx((10.467, 1.546, 17.0), abs=5e-4)
    assert minimal["se"] == pytest.approx(0.804, abs=5e-4)
    assert "The mean of the maximal model is the full one, 1 + Days + I(Days^2)." in hypotheses["sentence"]


def test_the_panel_asks_the_targets_that_were_done(found):
    criteria = [row["criterion"] for row in found["panel"]["rows"]]
    assert criteria[-2:] == ["log score for new groups of Subject", "RMSE for new groups of Subject"]
    assert "Cross-validation for known groups was not done" in found["panel"]["sentence"]


def test_the_selection_is_made_anew_from_samples_of_subjects(found):
    inclusion = found["inclusion"]
    assert (inclusion["group"], inclusion["draws"], inclusion["used"]) == ("Subject", 20, 20)
    terms = {one["term"]: one for one in inclusion["terms"]}
    assert terms["Days"]["held"] and not terms["I(Days^2)"]["selected"]
    assert abs(sum(one["weight"] for one in found["weights"]) - 1.0) < 1e-12
