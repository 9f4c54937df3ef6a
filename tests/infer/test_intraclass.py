"""Intraclass correlations: exact intervals of balanced designs, coverage by simulation, algebra of design effects."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from scipy.stats import f as f_distribution

import lmm
from lmm.errors import InputError
from lmm.infer.intraclass import design_effect, intraclass_correlations
from tests.infer.effects import fitted, table_of
from tests.reference.tables import fitting_arguments, read_table, reference_cases


@pytest.mark.parametrize("case, outcome, group", [("dyestuff", "Yield", "Batch"), ("rail", "travel", "Rail")])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_of_a_balanced_one_way_design_is_the_exact_one(case, outcome, group, level):
    table = table_of(case)
    found = intraclass_correlations(fitted(f"{outcome} ~ 1 + (1 | {group})", case), table, level).adjusted
    by_level = table.groupby(group, observed=True)[outcome]
    groups, size = len(by_level), len(table) // len(by_level)
    ratio = size * by_level.mean().var() / by_level.var().mean()
    quantiles = f_distribution.ppf([0.5 + level / 2, 0.5 - level / 2], groups - 1, groups * (size - 1))
    expected = [(ratio / q - 1) / (ratio / q - 1 + size) for q in quantiles]
    assert [found.lower, found.upper] == pytest.approx(expected, rel=1e-6)
    assert found.estimate == pytest.approx((ratio - 1) / (ratio - 1 + size), rel=1e-6)


@pytest.mark.parametrize("case", ["sleepstudy-corr", "pastes", "penicillin", "carrots-na", "sleepstudy-weights"])
def test_estimates_are_those_of_the_definition(case):
    published = reference_cases()[case]
    arguments = fitting_arguments(published, read_table(published))
    found = intraclass_correlations(lmm.fit(**arguments), arguments["data"])
    expected = published["r"]["r2_direct"]
    assert found.adjusted.estimate == pytest.approx(expected["icc_adjusted"], abs=1e-4)
    assert found.unadjusted == pytest.approx(expected["icc_unadjusted"], abs=1e-4)
    assert sum(one.share for one in found.factors) == pytest.approx(found.adjusted.estimate)
    assert found.adjusted.lower < found.adjusted.estimate < found.adjusted.upper


def test_rows_of_one_cask_share_its_batch():
    found = intraclass_correlations(fitted("strength ~ 1 + (1 | batch/cask)", "pastes"), table_of("pastes"))
    batch, cask = found.factors
    assert (batch.nested_in, cask.nested_in) == ((), ("batch",))
    assert batch.correlation.estimate == pytest.approx(batch.share)
    assert cask.correlation.estimate == pytest.approx(batch.share + cask.share)
    assert cask.correlation.estimate == pytest.approx(found.adjusted.estimate)
    crossed = intraclass_correlations(
        fitted("diameter ~ 1 + (1 | plate) + (1 | sample)", "penicillin"), table_of("penicillin")
    )
    assert [one.nested_in for one in crossed.factors] == [(), ()]
    json.dumps(found.to_dict(), allow_nan=False)


def test_on_the_boundary_the_interval_is_one_sided():
    table = table_of("dyestuff2")
    found = intraclass_correlations(fitted("Yield ~ 1 + (1 | Batch)", "dyestuff2"), table).adjusted
    assert found.estimate == 0 and found.lower == 0 and 0.2 < found.upper < 0.7
    assert "boundary" in found.note


@pytest.mark.parametrize("correlation, sizes", [(0.0, [4] * 8), (0.3, [2, 3, 4, 5, 10, 20, 2, 3]), (0.6, [4] * 8)])
def test_coverage(correlation, sizes):
    """Nominal 95 %; more is no fault near zero, where the upper limit is that of the boundary."""
    rng = np.random.default_rng(11)
    group = np.repeat(np.arange(len(sizes)), sizes)
    draws, covered = 150, 0
    for _ in range(draws):
        y = np.sqrt(correlation) * rng.normal(size=len(sizes))[group] + np.sqrt(1 - correlation) * rng.normal(
            size=len(group)
        )
        table = pd.DataFrame({"g": group.astype(str), "y": y})
        found = intraclass_correlations(lmm.fit("y ~ 1 + (1 | g)", table), table).adjusted
        covered += found.lower <= correlation <= found.upper
    assert covered >= binom.ppf(0.001, draws, 0.95)


def test_the_design_effect_of_equal_groups():
    fit, table = fitted("Yield ~ 1 + (1 | Batch)", "dyestuff"), table_of("dyestuff")
    found = intraclass_correlations(fit, table)
    assert found.design_effect == pytest.approx(1 + (5 - 1) * found.adjusted.estimate)
    assert found.effective_rows == pytest.approx(30 / found.design_effect)
    # σ² deff / n is the squared standard error of the mean, whose estimate is the intercept
    variance = fit.random[0].covariance[0, 0] + fit.sigma**2
    assert fit.se[0] ** 2 == pytest.approx(variance * found.design_effect / fit.n)


def test_the_design_effect_is_the_variance_of_the_mean_of_all_rows():
    # Against V itself: slopes, two factors, weights, groups of unequal size.
    table = table_of("sleepstudy-weights").iloc[7:].assign(block=lambda t: (t["Days"] % 3).astype(str))
    fit = lmm.fit("Reaction ~ Days + (Days | Subject) + (1 | block)", table, weights="w")
    V = np.diag(fit.sigma**2 / table["w"].to_numpy())
    for term, (columns, labels) in zip(fit.random, fit.recipe.random(table), strict=True):
        same = labels[:, None] == labels
        V += np.where(same, columns @ term.covariance @ columns.T, 0.0)
    assert design_effect(fit, table) == pytest.approx(V.sum() / np.trace(V), rel=1e-9)
    found = intraclass_correlations(fit, table)
    sizes = table.groupby("Subject", observed=True).size().to_numpy()
    assert found.factors[0].mean_size == pytest.approx((sizes**2).sum() / sizes.sum())


def test_least_squares_and_stored_fits_are_refused():
    table = table_of("sleepstudy-corr")
    with pytest.raises(InputError, match="no random effects"):
        intraclass_correlations(lmm.fit("Reaction ~ Days", table), table)
    stored = lmm.Fit.from_json(fitted("Reaction ~ Days + (1 | Subject)", "sleepstudy-corr").to_json())
    with pytest.raises(InputError, match="read from a file"):
        intraclass_correlations(stored, table)


def test_the_unit_of_a_slope_does_not_move_the_interval():
    table = table_of("sleepstudy-corr")
    days, microseconds = (
        intraclass_correlations(
            lmm.fit("Reaction ~ Days + (Days | Subject)", one := table.assign(Days=factor * table.Days)), one
        ).adjusted
        for factor in (1.0, 8.64e10)
    )
    assert [microseconds.lower, microseconds.upper] == pytest.approx([days.lower, days.upper], rel=1e-6)


def test_a_factor_among_the_fixed_effects_has_no_interval_and_says_so():
    table = table_of("dyestuff")
    found = intraclass_correlations(lmm.fit("Yield ~ Batch + (1 | Batch)", table), table).adjusted
    assert (found.lower, found.upper) == (None, None)
    assert "say nothing" in found.note
