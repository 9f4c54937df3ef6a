"""All that is said of a final model: published numbers, what the study asks for, and reasons where nothing is."""

import json
from types import SimpleNamespace

import numpy as np
import pandas
import pytest

from lmm import provenance
from lmm.errors import InputError
from lmm.infer import effort
from lmm.infer.bootstrapparts import bootstrap_part, bounds, draws_of_parts
from lmm.infer.inference import inference
from lmm.study.inference import parts
from tests.select.studies import study, table


def decision(declared, formula):
    return {**provenance.stamp(declared, "hash"), "final": {"formula": formula}}


def said(case, outcome, groups, fixed, formula, data=None, draws=None, **more):
    declared = study(outcome, groups, fixed, **more)
    return inference(declared, decision(declared, formula), table(case) if data is None else data, draws)


SLEEP = ("sleepstudy-corr", "Reaction", ["Subject"], "Days", "Reaction ~ Days + (Days | Subject)")
OATS = ("oats-factor", "yield", ["Block/Variety"], "Variety * factor(nitro)")
OATS_FORMULA = "yield ~ Variety * factor(nitro) + (1 | Block/Variety)"


@pytest.fixture(scope="module")
def sleep():
    return said(*SLEEP, time="Days")


def named(section, name):
    return next(one for one in section["parameters"] if one["name"] == name)


def test_coefficients_have_kenward_and_rogers_degrees(sleep):
    days = next(row for row in sleep["coefficients"]["rows"] if row["name"] == "Days")
    # Halekoh & Højsgaard 2014: F = 45.853 on 1 and 17 df; t² is that F.
    assert (days["df"], days["statistic"] ** 2) == pytest.approx((17, 45.853), abs=1e-3)
    assert sleep["degrees_of_freedom"] == sleep["coefficients"]["method"] == "kenward-roger"
    (row,) = sleep["anova"]["rows"]
    assert row["test"]["statistic"] == pytest.approx(45.853, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "lower", "upper"),
    [
        # Bates et al. 2015, section 5.1.
        ("sd_(Intercept)|Subject", 14.381, 37.716),
        ("cor_Days.(Intercept)|Subject", -0.482, 0.685),
        ("sd_Days|Subject", 3.801, 8.753),
        ("sigma", 22.898, 28.858),
        ("Days", 7.359, 13.576),
    ],
)
def test_intervals_by_profile(sleep, name, lower, upper):
    assert sleep["intervals"]["method"] == "profile"
    found = named(sleep["intervals"], name)
    assert (found["lower"], found["upper"]) == pytest.approx((lower, upper), abs=2e-3)


def test_zeta_curves_pass_through_the_limits(sleep):
    assert [curve["name"] for curve in sleep["zeta"]][-1] == "sigma"
    for curve in sleep["zeta"]:
        limits = named(sleep["intervals"], curve["name"])
        at = np.interp([-1.959964, 1.959964], curve["zetas"], curve["values"])
        assert at == pytest.approx([limits["lower"], limits["upper"]], rel=5e-3)


def test_the_band_of_new_groups_has_all_variances(sleep):
    found = sleep["prediction"]
    assert [row["Days"] for row in found["rows"]] == list(range(10))
    T = {name: named(sleep["intervals"], f"sd_{name}|Subject")["estimate"] for name in ("(Intercept)", "Days")}
    r = named(sleep["intervals"], "cor_Days.(Intercept)|Subject")["estimate"]
    sigma = named(sleep["intervals"], "sigma")["estimate"]
    day = 9.0
    a, b = T["(Intercept)"], T["Days"]
    # x'Φx by Wald: balanced, Kenward and Roger leave Φ as it is here.
    spread = found["mean"]["se"][9] ** 2 + a**2 + 2 * day * r * a * b + day**2 * b**2 + sigma**2
    assert found["new_group"]["se"][9] ** 2 == pytest.approx(spread, rel=1e-6)


def test_every_part_is_json_or_has_its_reason(sleep):
    parts = {"coefficients", "anova", "intervals", "zeta", "means", "slopes", "r2", "icc", "criteria", "prediction"}
    assert parts <= set(sleep)
    assert {name for name, value in sleep.items() if value is None} == set(sleep["reasons"]) == {"bootstrap", "curve"}
    assert sleep == json.loads(json.dumps(sleep, allow_nan=False)) == said(*SLEEP, time="Days")


def test_means_and_differences_of_every_factor_and_their_interaction():
    found = {section["of"]: section for section in said(*OATS, OATS_FORMULA)["means"]}
    assert list(found) == ["Variety", "nitro", "Variety | nitro", "nitro | Variety"]
    golden = found["Variety"]["estimates"][0]
    # emmeans: Golden Rain 104.5, SE 7.80, Kenward–Roger df 8.87.
    assert golden["levels"] == {"Variety": "Golden Rain"}
    assert (golden["estimate"], golden["se"], golden["df"]) == pytest.approx((104.5, 7.7975, 8.8688), rel=1e-4)
    assert "interacts with nitro" in found["Variety"]["note"]
    assert found["Variety | nitro"]["note"] is None
    assert [one["adjustment"] for one in found["nitro"]["differences"]] == ["tukey"] * 6
    # a family for each level of the other factor
    assert {one["family"] for one in found["Variety | nitro"]["differences"]} == {3}


def test_the_study_chooses_means_adjustment_level_and_degrees():
    asked = {"means": ["nitro | Variety"], "adjustment": "holm", "level": 0.9, "degrees_of_freedom": "satterthwaite"}
    found = said(*OATS, OATS_FORMULA, inference=asked)
    (section,) = found["means"]
    assert section["of"] == "nitro | Variety"
    assert {one["adjustment"] for one in section["differences"]} == {"holm"}
    assert {one["level"] for one in (*section["estimates"], *found["intervals"]["parameters"])} == {0.9}
    assert found["coefficients"]["method"] == "satterthwaite"


def test_many_levels_are_compared_only_when_named():
    random = np.random.default_rng(1)
    data = pandas.DataFrame({"f": np.tile(np.arange(15), 20), "g": np.repeat(np.arange(20), 15)}).astype(str)
    data["y"] = random.normal(size=300) + random.normal(size=20)[data.g.astype(int)]
    trial = ("", "y", ["g"], "f", "y ~ f + (1 | g)", data)
    (section,) = said(*trial)["means"]
    assert len(section["estimates"]) == 15
    assert section["differences"] is None
    assert section["differences_reason"].startswith("f has 15 levels and so 105 differences")
    (section,) = said(*trial, inference={"means": ["f"]})["means"]
    assert len(section["differences"]) == 105


def test_simple_slopes_where_a_covariate_meets_a_factor():
    formula = "distance ~ age * Sex + (age | Subject)"
    (section,) = said("orthodont-corr", "distance", ["Subject"], "age * Sex", formula)["slopes"]
    slopes = {one["levels"]["Sex"]: one["estimate"] for one in section["estimates"]}
    data = table("orthodont-corr")
    for sex, part in data.groupby("Sex", observed=True):
        # balanced: the slope of the mean is that of least squares
        assert slopes[sex] == pytest.approx(np.polyfit(part.age, part.distance, 1)[0], abs=1e-8)
    assert section["differences"][0]["df"] == pytest.approx(25, abs=1e-6)


def test_a_slope_along_another_covariate_is_at_values_that_the_rows_have():
    data = table("egsingle-3level").iloc[:1500]
    formula = "math ~ year * lowinc + (1 | childid)"
    (section,) = said("", "math", ["childid"], "year * lowinc", formula, data, time="year")["slopes"]
    assert (section["of"], section["over"]) == ("year", "lowinc")
    assert section["at"] == sorted(set(data.lowinc.quantile([0.25, 0.5, 0.75])))
    assert section["differences"] is None


def test_a_variance_of_zero_has_one_sided_intervals_and_no_missing_words():
    found = said("dyestuff2", "Yield", ["Batch"], "1", "Yield ~ 1 + (1 | Batch)")
    sd = named(found["intervals"], "sd_(Intercept)|Batch")
    assert (sd["estimate"], sd["lower"]) == (0.0, 0.0)
    assert sd["upper"] > 0
    assert "One-sided" in sd["note"]
    assert "singular" in found["coefficients"]["note"]


def test_a_dropped_column_is_told_and_the_rest_is_there():
    fixed = "recipe * temp + factor(temp)"
    formula = f"angle ~ {fixed} + (1 | recipe:replicate)"
    found = said("cake-rankdef", "angle", ["recipe:replicate"], fixed, formula)
    dropped = [row for row in found["coefficients"]["rows"] if row["estimate"] is None]
    assert dropped
    assert all(row["note"] for row in dropped)
    assert found["means"][0]["of"] == "recipe"


def test_a_model_too_large_for_its_profile_has_walds_intervals_and_says_so(monkeypatch):
    monkeypatch.setattr("lmm.infer.inference.MOST_OPERATIONS", 10.0)
    crossed = ("penicillin", "diameter", ["plate", "sample"], "1", "diameter ~ 1 + (1 | plate) + (1 | sample)")
    found = said(*crossed)
    assert found["intervals"]["method"] == "wald"
    assert "too large for profile intervals" in found["intervals"]["reason"]
    assert found["zeta"] is None
    assert "too large for profile curves" in found["reasons"]["zeta"]


def test_work_grows_with_the_cube_of_what_stands_beside_the_largest_factor():
    def fit(beside):
        terms = tuple(SimpleNamespace(group=group, names=("(Intercept)",)) for group in "sd")
        return SimpleNamespace(random=terms, groups={"s": 3000, "d": beside})

    ratio = effort.operations_of_intervals(fit(2000), 4) / effort.operations_of_intervals(fit(1000), 4)
    assert 5 < ratio < 8
    assert effort.operations_of_intervals(fit(1142), 6) < effort.MOST_OPERATIONS < 1e3 * effort.MOST_OPERATIONS


@pytest.mark.parametrize("kind", ["parametric", "cases"])
def test_the_parts_of_a_bootstrap_are_one_bootstrap_however_many(kind):
    found = []
    for jobs in (1, 3):
        bootstrap = {"draws": 40, "jobs": jobs, "kind": kind}
        declared = study(*SLEEP[1:4], inference={"bootstrap": bootstrap, "intervals": "bootstrap"})
        made = [
            bootstrap_part(declared, decision(declared, SLEEP[4]), table(SLEEP[0]), part) for part in parts(declared)
        ]
        assert len(made) == jobs
        draws = draws_of_parts(json.loads(json.dumps(made)))
        found.append(inference(declared, decision(declared, SLEEP[4]), table(SLEEP[0]), draws))
    assert json.dumps(found[0]) == json.dumps(found[1])
    assert found[0]["bootstrap"]["used"] + sum(found[0]["bootstrap"]["failed"].values()) == 40
    sd = named(found[0]["intervals"], "sd_Days|Subject")
    assert sd["lower"] < sd["estimate"] < sd["upper"]


def test_bounds_lie_between_blocks_where_there_are_enough():
    assert [bounds(1000, part, 3, 256) for part in (1, 2, 3)] == [(0, 256), (256, 512), (512, 1000)]
    assert [bounds(100, part, 3, 256) for part in (1, 2, 3)] == [(0, 33), (33, 66), (66, 100)]
    for draws, of, block in ((7, 7, 1), (999, 4, 64), (5000, 16, 256)):
        cuts = [bounds(draws, part, of, block) for part in range(1, of + 1)]
        assert [start for start, _ in cuts] == [0, *(stop for _, stop in cuts[:-1])]
        assert cuts[-1][1] == draws
        assert all(start < stop for start, stop in cuts)


@pytest.mark.parametrize("asked", [{"kind": "cases"}, {"method": "bca"}])
def test_crossed_cases_want_to_know_which_factor(asked):
    crossed = study("diameter", ["plate", "sample"], inference={"bootstrap": {"draws": 5} | asked})
    made = decision(crossed, "diameter ~ 1 + (1 | plate) + (1 | sample)")
    with pytest.raises(InputError, match=r"study trial, key inference\.bootstrap\.group: The grouping factors"):
        bootstrap_part(crossed, made, table("penicillin"), "1-of-1")


def test_bca_intervals_leave_each_group_out():
    declared = study(*SLEEP[1:4], inference={"intervals": "bootstrap", "bootstrap": {"draws": 99, "method": "bca"}})
    made = decision(declared, SLEEP[4])
    draws = draws_of_parts([bootstrap_part(declared, made, table(SLEEP[0]), "1-of-1")])
    found = inference(declared, made, table(SLEEP[0]), draws)
    assert {one["method"] for one in found["intervals"]["parameters"]} == {"bootstrap BCa"}
    assert found["bootstrap"]["method"] == "bootstrap BCa"


def test_a_model_without_random_effects_has_exact_intervals_whatever_is_asked():
    """R: confint(lm(Reaction ~ Days, sleepstudy)), and sigma by χ² on 178 degrees of freedom."""
    formula = "Reaction ~ Days"
    asked = {"intervals": "bootstrap", "bootstrap": {"draws": 20, "jobs": 2}}
    declared = study("Reaction", ["Subject"], "Days", inference=asked)
    data, made = table(SLEEP[0]), decision(declared, formula)
    drawn = [bootstrap_part(declared, made, data, part) for part in parts(declared)]
    assert [part["draws"] for part in drawn] == [None, None]
    found = inference(declared, made, data, draws_of_parts(drawn))
    assert found["intervals"]["method"] == "least squares"
    assert named(found["intervals"], "sigma")["upper"] == pytest.approx(53.24421157955, rel=1e-10)
    days = next(row for row in found["coefficients"]["rows"] if row["name"] == "Days")
    assert (days["df"], days["lower"]) == (178, pytest.approx(8.02385502213, rel=1e-10))
    assert found["degrees_of_freedom"] == "residual"
    nothing = ("bootstrap", "zeta", "icc", "conditional_aic")
    assert all(found[part] is None and "no random effects" in found["reasons"][part] for part in nothing)
