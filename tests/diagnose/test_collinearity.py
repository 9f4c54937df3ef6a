"""Variance inflation, held to R."""

import numpy as np
import pytest

import lmm
from lmm.diagnose.collinearity import collinearity, condition_number, generalised_vif
from lmm.diagnose.evidence import Evidence
from lmm.study import Study
from tests.report import builders


def found(formula, table):
    declared = Study(name="t", data="t.csv", outcome=formula.partition(" ~")[0], groups=["Subject"], seed=1)
    return collinearity(Evidence.of(declared, lmm.fit(formula, table), table))


def thirds():
    """Sleepstudy with thirds of the time as a factor, and a number that depends on both."""
    table = builders.sleep_table()
    table["third"] = np.array(["a", "b", "c"])[table["Days"] // 4]
    return table.assign(w=(table["Days"] - 4.5) ** 2 + np.unique(table["Subject"], return_inverse=True)[1] + 1)


def test_variance_inflation_of_mtcars():
    # R: vcov(lm(mpg ~ wt + cyl + gear + disp, mtcars)); performance::check_collinearity() documents 5.05, 5.41, 1.53
    # and 9.97 for it.
    lower = [
        [23.62017280382, -2.954114014071, -1.29376592381, -3.0972100946372, 0.0239473768859],
        [0, 1.170333049405, 0.05987705952, 0.2001714862627, -0.0083206746239],
        [0, 0, 0.37685982880, -0.0008244904200, -0.0053209234200],
        [0, 0, 0, 0.6245504315594, 0.0006730189695],
        [0, 0, 0, 0, 0.0001441725877],
    ]
    upper = np.array(lower)
    covariance = upper + upper.T - np.diag(np.diag(upper))
    inflation = generalised_vif(covariance, np.array([-1, 0, 1, 2, 3]))
    assert list(inflation.values()) == pytest.approx([5.046335764, 5.413615923, 1.531201663, 9.974228539], rel=1e-6)


def test_variance_inflation_of_a_mixed_model_with_a_factor():
    collinear = found("Reaction ~ Days + third + w + (1 | Subject)", thirds())
    # R: det(R[i, i]) det(R[-i, -i]) / det(R), R = cov2cor(vcov(lmer(...))[-1, -1]); kappa(scaled X, exact = TRUE)
    assert [term["term"] for term in collinear["terms"]] == ["Days", "third", "w"]
    assert [term["gvif"] for term in collinear["terms"]] == pytest.approx(
        [8.67694585, 18.3608687, 2.33683784], rel=1e-4
    )
    assert [term["df"] for term in collinear["terms"]] == [1, 2, 1]
    assert collinear["condition_number"] == pytest.approx(13.27817881, rel=1e-6)
    assert collinear["check"]["verdict"] == "look"
    assert collinear["check"]["value"] == pytest.approx(8.67694585, rel=1e-4)
    assert "the effects of Days can hardly be told" in collinear["check"]["sentence"]


def test_units_do_not_matter():
    table = thirds()
    one, other = (
        found("Reaction ~ Days + w + (1 | Subject)", table.assign(w=table["w"] * scale)) for scale in (1, 1e3)
    )
    assert [term["gvif"] for term in one["terms"]] == pytest.approx([term["gvif"] for term in other["terms"]])
    assert one["condition_number"] == pytest.approx(other["condition_number"])


def test_interactions_and_curves_inflate_by_design():
    collinear = found("Reaction ~ Days * w + (1 | Subject)", thirds())
    assert all(term["inherent"] for term in collinear["terms"])
    assert collinear["check"]["verdict"] == "fine"
    assert "by design" in collinear["check"]["sentence"]


def test_one_term_is_not_collinear_with_itself():
    assert found("Reaction ~ Days + (1 | Subject)", thirds()) is None


def test_orthogonal_columns_have_condition_number_one():
    assert condition_number(np.array([[1.0, 1], [1, -1], [1, 1], [1, -1]])) == pytest.approx(1)
