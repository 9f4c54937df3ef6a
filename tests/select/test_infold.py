"""The ladder climbed anew on the rows of a fold."""

import pytest

from lmm.errors import InputError
from lmm.select.infold import climbed
from tests.select.studies import audit, decision, study, table

DECLARED = study("Reaction", ["Subject"], "Days", {"Subject": "Days"})


def procedure():
    return climbed(DECLARED, audit(DECLARED, table("sleepstudy")))


def test_on_all_rows_it_ends_where_the_ladder_does():
    data = table("sleepstudy")
    fitted = procedure()(data)
    assert fitted.formula == decision(DECLARED, data)["final"]["formula"]
    assert fitted.reml and fitted.deviance == pytest.approx(1743.628, abs=1e-3)  # lme4


def test_the_rows_of_a_fold_decide():
    data = table("sleepstudy")
    two_days = data[data["Days"] < 2]  # as many random coefficients as rows
    assert procedure()(two_days).formula == "Reaction ~ Days + (1 | Subject)"


def test_order_of_rows_changes_nothing():
    data = table("sleepstudy")
    one, other = procedure()(data), procedure()(data.sample(frac=1, random_state=1))
    assert one.formula == other.formula
    assert one.deviance == pytest.approx(other.deviance, abs=1e-7)


def test_a_fold_without_groups_to_compare_is_fitted_without_them():
    data = table("sleepstudy")
    assert procedure()(data[data["Subject"] == data["Subject"].iloc[0]]).formula == "Reaction ~ Days"


def test_a_fold_that_cannot_be_fitted_says_so():
    with pytest.raises(InputError, match="nothing to explain"):
        procedure()(table("sleepstudy").assign(Reaction=1.0))
