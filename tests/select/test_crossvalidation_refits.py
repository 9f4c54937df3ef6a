"""What is recorded of a refit to the rows of a fold is what is recorded of a fit to their table."""

import numpy as np
import pytest

import lmm
from lmm.select.crossvalidation.folds import new_group_folds
from lmm.select.crossvalidation.refits import Refits
from lmm.select.fitrecord import state_of_fit
from tests.select.crossvalidated import table_of

NUMBERS = ("loglik", "deviance", "aic", "bic")


def assert_recorded(found: dict, expected: dict) -> None:
    assert [found[name] for name in NUMBERS] == pytest.approx([expected[name] for name in NUMBERS], abs=1e-5)
    assert (found["npar"], found["n"], found["converged"]) == (expected["npar"], expected["n"], expected["converged"])
    assert [one["name"] for one in found["fixed"]] == [one["name"] for one in expected["fixed"]]
    assert (found["singular"], found["boundaries"]) == (expected["singular"], expected["boundaries"])
    for one, other in zip(found["random"], expected["random"], strict=True):
        assert (one["group"], one["names"]) == (other["group"], other["names"])
        np.testing.assert_allclose(one["contribution"], other["contribution"], rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize(
    ("formula", "case", "group"),
    [
        ("Reaction ~ Days", "sleepstudy-corr", "Subject"),
        ("Reaction ~ Days + (Days | Subject)", "sleepstudy-corr", "Subject"),
        ("Reaction ~ Days + (Days || Subject)", "sleepstudy-corr", "Subject"),
        ("strength ~ 1 + (1 | batch/cask)", "pastes", "batch"),
        ("diameter ~ 1 + (1 | plate) + (1 | sample)", "penicillin", "plate"),
    ],
)
def test_a_record_is_that_of_a_fit_to_the_training_rows(formula, case, group, reml):
    table = table_of(case)
    folds = new_group_folds(table, group, "s", 1, 5)
    refits = Refits(lmm.fit(formula, table, reml=reml))
    from_sums = dict(refits.from_sums(folds, 0, 5))
    for number in range(5):
        training = folds.training(number)
        expected = state_of_fit(lmm.fit(formula, table.iloc[training], reml=reml))
        for refit in (from_sums.get(number), refits.from_rows(training)):
            if refit is not None:
                assert_recorded(refits.record(refit, training), expected)


def test_a_boundary_is_recorded_from_sums_too():
    random = np.random.default_rng(4)
    table = table_of("sleepstudy-corr")
    table = table.assign(Reaction=random.permutation(table.Reaction.to_numpy()))
    folds = new_group_folds(table, "Subject", "s", 1, 3)
    refits = Refits(lmm.fit("Reaction ~ Days + (Days | Subject)", table))
    from_sums = dict(refits.from_sums(folds, 0, 3))
    singular = [number for number, refit in from_sums.items() if refit.singular]
    assert singular
    for number in singular:
        training = folds.training(number)
        expected = state_of_fit(lmm.fit("Reaction ~ Days + (Days | Subject)", table.iloc[training]))
        assert_recorded(refits.record(from_sums[number], training), expected)
        assert expected["boundaries"]
