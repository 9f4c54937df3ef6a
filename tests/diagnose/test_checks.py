"""The checks: silent on sound data, as often as they say, and not on planted faults."""

from collections import Counter

import numpy as np
import pandas
import pytest

import lmm
from lmm.diagnose import by_group, calibration, linearity, scale_location, simulated_density, style
from lmm.diagnose.check import FINE, LOOK, WRONG, rarity, verdict
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import OmittedFigure
from lmm.diagnose.levels import _Levels, _levene, levels_apart, spread_by_level
from lmm.diagnose.smooth import Smooth
from lmm.diagnose.structure import Grouping, groupings
from lmm.study import Study
from tests.diagnose import checked
from tests.report import builders


@pytest.fixture
def undrawn():
    """Drawings are left blank, as these checks are made many times."""
    with builders.undrawn():
        yield


def findings(finished):
    return {check["name"]: check for check in finished.diagnosis.findings["checks"]}


# Calibration


def test_a_departure_either_way_counts():
    pool = np.array([[9.0, -9.0], [1.0, 0.0], [-1.0, 1.0], [0.0, -1.0]])
    assert calibration.departures(pool)[0] == pytest.approx(6.75 / np.sqrt(62.75 / 4))
    assert np.all(calibration.shares(calibration.departures(pool)) == 0.25)


def test_shares_are_those_of_the_largest_of_all():
    pool = np.array([[2.0, 0.5], [1.0, 0.0], [0.0, 3.0], [0.0, 0.6]])
    # 2 is reached by itself and by 3; 0.5 by all.
    assert calibration.shares(pool).tolist() == [0.5, 1.0]


def test_a_statistic_that_never_varies_departs_nowhere():
    assert calibration.excesses(np.ones((5, 2))).tolist() == np.zeros((5, 2)).tolist()


def test_verdicts_need_a_departure_that_is_both_rare_and_large():
    assert [verdict(share, 199, True) for share in (0.5, 0.05, 0.01, 0.005)] == [FINE, LOOK, WRONG, WRONG]
    assert verdict(0.005, 199, False) == FINE
    # Large data have 39 data sets: none as extreme is all there can be.
    assert verdict(1 / 40, 39, True) == WRONG


def test_rarity_counts_data_sets():
    assert rarity(4 / 200, 199, WRONG) == "as large in 3 of 199 data sets simulated from the model"
    assert rarity(1 / 200, 199, FINE).endswith(
        "none of 199 data sets simulated from the model, but too small to matter"
    )


# Parts


def test_the_smooth_of_a_line_is_the_line_also_where_neighbours_are_averaged():
    x = np.random.default_rng(1).normal(size=5_000)
    smooth = Smooth(x)
    assert smooth((3 - 2 * x)[None, :])[0] == pytest.approx(3 - 2 * smooth.at, abs=1e-9)


def test_the_smooth_stands_at_each_of_few_values():
    assert Smooth(np.repeat([1.0, 2.0, 5.0], 30)).at.tolist() == [1, 2, 5]


def levene(values, codes):
    """F of the absolute values by level, in the textbook's form."""
    groups = [np.abs(values[codes == level]) for level in np.unique(codes)]
    grand = np.abs(values).mean()
    between = sum(len(group) * (group.mean() - grand) ** 2 for group in groups)
    within = sum(((group - group.mean()) ** 2).sum() for group in groups)
    return between / within


def test_levene_statistic():
    random = np.random.default_rng(4)
    codes, values = random.integers(0, 4, 50), random.normal(size=(3, 50))
    levels = _Levels(Grouping("g", codes, tuple("abcd")), np.ones(50, bool))
    assert _levene(np.abs(values), levels) == pytest.approx([levene(row, codes) for row in values])


def test_levels_of_one_or_two_rows_are_not_compared():
    found = checked.evidence(1, subjects=20)
    pairs = Grouping("pair", np.arange(160) // 2, tuple(map(str, range(80))))
    assert spread_by_level(found, [pairs]) == []
    assert [check.name for check in spread_by_level(found, groupings(found))] == ["spread by id"]


# Demonstration studies


def test_every_check_of_sleepstudy_has_a_sentence_and_a_verdict():
    found = findings(builders.sleepstudy())
    assert {"mean over fitted values", "spread over fitted value", "linearity of Days", "autocorrelation"} <= set(found)
    for check in found.values():
        assert check["verdict"] in (FINE, LOOK, WRONG)
        assert check["sentence"].endswith(".")
        assert check["p"] is None or 1 / 200 <= check["p"] <= 1


def test_sleepstudy_is_straight_has_a_subject_apart_and_neighbours_alike():
    found = findings(builders.sleepstudy())
    assert found["linearity of Days"]["verdict"] == FINE
    assert found["level apart of Subject"]["verdict"] == WRONG
    assert "332 stands apart" in found["level apart of Subject"]["sentence"]
    assert found["autocorrelation"]["verdict"] == WRONG


def test_a_study_without_predictors_has_no_check_of_them():
    found = findings(builders.penicillin())
    assert not any(name.startswith(("linearity", "collinearity", "autocorrelation")) for name in found)
    assert builders.penicillin().diagnosis.findings["collinearity"] is None


def test_a_factor_of_the_mean_is_checked_by_level():
    assert "spread by arm" in findings(builders.nested())


def test_concerns_are_those_of_checks_gone_wrong():
    for finished in (builders.sleepstudy(), builders.penicillin(), builders.nested()):
        wrong = {name for name, check in findings(finished).items() if check["verdict"] == WRONG}
        concerned = [figure for figure in finished.diagnosis.findings["figures"] if figure["concern"]]
        assert bool(wrong) <= bool(concerned)


# Planted faults, each seen by its check and, as a rule, by no other


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("growing spread", "spread over t"),
        ("spread by arm", "spread by arm"),
        ("AR(1)", "autocorrelation"),
        ("quadratic", "linearity of t"),
        ("heavy tails", "normality of residuals"),
        ("skewed", "normality of residuals"),
        ("outlying group", "level apart of id"),
    ],
)
def test_a_planted_fault_is_seen(undrawn, fault, name):
    assert checked.checks(checked.evidence(3, fault))[name].verdict == WRONG


def test_sound_data_are_fine(undrawn):
    wrong = [name for seed in range(4) for name, check in said(seed).items() if check.verdict == WRONG]
    assert len(wrong) <= 1


def said(seed):
    return checked.checks(checked.evidence(seed))


def test_the_bend_is_told_in_units_of_the_outcome(undrawn):
    check = checked.checks(checked.evidence(3, "quadratic"))["linearity of t"]
    # 0.12 (t − 3.5)² departs from its line by 0.84 at the ends and 0.6 in the middle; a smooth flattens that.
    assert 0.4 < check.value < 1.0
    assert "SD of the residuals" in check.sentence


def test_a_bend_over_what_differs_between_levels_is_not_left_to_the_random_effects():
    random = np.random.default_rng(6)
    level = np.repeat(np.arange(80), 5)
    z = random.uniform(-2, 2, 80)
    y = z[level] ** 2 + random.normal(0, 0.7, 80)[level] + random.normal(size=400)
    table = pandas.DataFrame({"y": y, "z": z[level], "g": level.astype(str)})
    declared = Study(name="t", data="t.csv", outcome="y", fixed="z", groups=["g"], seed=1)
    found = Evidence.of(declared, lmm.fit("y ~ z + (1 | g)", table), table)
    with style.applied():
        (figure,) = linearity.linearity(found)
    assert figure.concern
    assert "poly(x, 2)" in figure.do
    curved = Evidence.of(declared, lmm.fit("y ~ poly(z, 2) + (1 | g)", table), table)
    with style.applied():
        (figure,) = linearity.linearity(curved)
    assert [check.name for check in figure.checks] == ["linearity of z"]
    assert figure.concern == ""


def test_an_outcome_that_cannot_be_negative_is_told_so():
    random = np.random.default_rng(3)
    level = np.repeat(np.arange(30), 10)
    table = pandas.DataFrame({"y": random.poisson(1, 300) * 1.0 + level % 3, "g": level.astype(str)})
    declared = Study(name="t", data="t.csv", outcome="y", groups=["g"], seed=1)
    with style.applied():
        figure = simulated_density.simulated_density(Evidence.of(declared, lmm.fit("y ~ 1 + (1 | g)", table), table))
    assert "No value lies below 0, but the model puts" in figure.seen
    assert "values only, from 0 to" in figure.seen


def test_the_density_is_that_of_a_kernel():
    y = np.random.default_rng(2).normal(size=(2, 300))
    places, density = simulated_density._densities(y, 0.3)
    kernel = np.exp(-0.5 * ((places[:, None] - y[0]) / 0.3) ** 2) / (0.3 * np.sqrt(2 * np.pi))
    assert density[0] == pytest.approx(kernel.mean(axis=1), abs=2e-3)
    assert density.sum(axis=1) * (places[1] - places[0]) == pytest.approx([1, 1], abs=0.01)


def test_many_levels_are_shown_by_their_spread_and_few_by_boxes():
    with style.applied():
        many, few = (by_group.by_group(checked.evidence(1, subjects=size)) for size in (60, 20))
    assert many.alt.startswith("Sorted SDs of the residuals of the levels of id (60 levels)")
    assert few.alt.startswith("A box of residuals for each level of id (20 levels)")


def test_a_model_without_groups_has_no_residuals_by_group():
    table = builders.sleep_table()
    declared = Study(name="t", data="t.csv", outcome="Reaction", groups=["Subject"], seed=1)
    found = Evidence.of(declared, lmm.fit("Reaction ~ Days", table), table)
    with style.applied():
        assert isinstance(by_group.by_group(found), OmittedFigure)
        # Without their slopes the subjects fan out.
        assert "grows with Days" in scale_location.scale_location(found).concern
    assert levels_apart(found, []) == []


# Share of false alarms and of faults found; minutes


@pytest.mark.slow
@pytest.mark.parametrize("uneven", [False, True])
def test_false_alarms_are_as_rare_as_said(undrawn, uneven):
    rare, alarms, seeds = Counter(), Counter(), 200
    for seed in range(seeds):
        for name, check in checked.checks(checked.evidence(seed, uneven=uneven)).items():
            rare[name] += check.share <= 0.05
            alarms[name] += check.verdict == WRONG
    # 5 % of 200 is 10 ± 3.1; the covariance is estimated, which makes most checks too cautious, none too bold.
    assert max(rare.values()) <= 20
    assert max(alarms.values()) <= 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "name", "least"),
    [
        ("growing spread", "spread over t", 0.95),
        ("spread by arm", "spread by arm", 0.95),
        ("AR(1)", "autocorrelation", 0.8),
        ("quadratic", "linearity of t", 0.95),
        ("heavy tails", "normality of residuals", 0.95),
        ("outlying group", "level apart of id", 0.95),
    ],
)
def test_faults_are_found(undrawn, fault, name, least):
    seen = [checked.checks(checked.evidence(seed, fault))[name].verdict != FINE for seed in range(40)]
    assert np.mean(seen) >= least
