"""Standardised coefficients: effectsize's numbers, correlations, and no dependence on units."""

import numpy as np
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.smallsample import small_sample
from lmm.infer.standardised import by_standard_deviation, by_two_standard_deviations, within_and_between
from tests.infer.effects import fitted, numbers_of_r, table_of

RATPUP = "weight ~ sex + Treatment + Lsize + (1 | Litter)"


@pytest.mark.parametrize(
    "version, name", [(by_standard_deviation, "basic"), (by_two_standard_deviations, "posthoc2sd")]
)
def test_standardised_coefficients_are_those_of_effectsize(version, name):
    fit = fitted(RATPUP, "ratpup")
    expected = numbers_of_r()["standardised"]["ratpup"][name]
    found = version(fit, table_of("ratpup"), small_sample(fit))
    assert [one.name for one in found] == list(fit.coefficients[1:])
    assert [one.estimate for one in found] == pytest.approx([expected[one.name] for one in found], rel=1e-6)


def test_the_standardised_slope_of_least_squares_is_the_correlation():
    table = table_of("sleepstudy-corr")
    fit = lmm.fit("Reaction ~ Days", table)
    (found,) = by_standard_deviation(fit, table, small_sample(fit))
    assert found.estimate == pytest.approx(np.corrcoef(table["Reaction"], table["Days"])[0, 1])
    assert found.estimate / found.se == pytest.approx(fit.beta[1] / fit.se[1])


def test_the_within_coefficient_is_the_correlation_within_levels():
    # Balanced, and Days has the same mean everywhere, so that the slope is that of deviations on deviations.
    fit, table = fitted("Reaction ~ Days + (1 | Subject)", "sleepstudy-corr"), table_of("sleepstudy-corr")
    (found,) = within_and_between(fit, table, "Subject", small_sample(fit))
    centred = table[["Reaction", "Days"]] - table.groupby("Subject", observed=True)[["Reaction", "Days"]].transform(
        "mean"
    )
    assert found.basis == "within"
    assert found.estimate == pytest.approx(centred.corr().iloc[0, 1])


def test_a_predictor_of_whole_levels_is_standardised_between_them():
    table = table_of("sleepstudy-corr")
    age = {subject: 20 + 3 * i % 17 for i, subject in enumerate(table["Subject"].cat.categories)}
    table = table.assign(age=table["Subject"].map(age).astype(float))
    fit = lmm.fit("Reaction ~ Days + age + (1 | Subject)", table)
    days, age = within_and_between(fit, table, "Subject", small_sample(fit))
    means = table.groupby("Subject", observed=True)[["Reaction", "age"]].mean()
    assert (days.basis, age.basis) == ("within", "between")
    assert age.estimate == pytest.approx(means.corr().iloc[0, 1])


@pytest.mark.parametrize("version", [by_standard_deviation, by_two_standard_deviations])
def test_units_do_not_matter(version):
    table = table_of("ratpup")
    scaled = table.assign(weight=1000 * table["weight"] - 7, Lsize=table["Lsize"] / 12 + 3)
    first, second = (
        version(fit, data, small_sample(fit))
        for fit, data in ((lmm.fit(RATPUP, data), data) for data in (table, scaled))
    )
    for one, other in zip(first, second, strict=True):
        assert [one.estimate, one.lower, one.upper] == pytest.approx(
            [other.estimate, other.lower, other.upper], rel=1e-4
        )


def test_a_factor_that_does_not_group_is_refused():
    fit = fitted(RATPUP, "ratpup")
    with pytest.raises(InputError, match="'sex' is not among the model's grouping factors, 'Litter'"):
        within_and_between(fit, table_of("ratpup"), "sex", small_sample(fit))
