"""The mean along a covariate and where new groups' observations lie: which covariate, and by which variances."""

import numpy as np
import pandas
import pytest

import lmm
from lmm.infer.meanband import MOST_POINTS, main_covariate
from lmm.infer.referencegrid import reference_grid
from tests.infer.test_inference import SLEEP, said
from tests.select.studies import study


def drawn_at_random(rows=120):
    random = np.random.default_rng(4)
    data = pandas.DataFrame({"dose": random.uniform(0, 5, rows), "age": random.integers(20, 70, rows).astype(float)})
    data["sex"] = np.where(random.uniform(size=rows) < 0.5, 1.0, 0.0)
    data["arm"] = np.where(np.arange(rows) % 2, "drug", "placebo")
    data["g"] = [f"g{k}" for k in np.repeat(np.arange(rows // 6), 6)]
    data["y"] = data["dose"] * (1 + (data["arm"] == "drug")) + random.normal(size=rows // 6).repeat(6)
    data["y"] += random.normal(size=rows)
    return data


def chosen(fixed, **more):
    data = drawn_at_random()
    fit = lmm.fit(f"y ~ {fixed} + (1 | g)", data)
    return main_covariate(study("y", ["g"], fixed, **more), fit, data, reference_grid(fit, data))


@pytest.mark.parametrize(
    ("fixed", "more", "covariate"),
    [
        ("dose + age", {}, "dose"),
        ("dose + age", {"hypotheses": ["age"]}, "age"),
        ("dose + age", {"time": "age"}, "age"),
        ("sex + arm + log(age)", {}, "age"),
        ("arm + dose", {"hypotheses": ["arm"]}, "dose"),
        ("arm + sex", {}, None),
        ("factor(age)", {}, None),
        ("1", {}, None),
    ],
)
def test_time_comes_first_then_the_hypotheses_then_the_order_of_the_formula(fixed, more, covariate):
    assert chosen(fixed, **more) == covariate


def test_without_time_the_band_is_that_of_the_same_covariate_as_time():
    assert said(*SLEEP)["prediction"] == said(*SLEEP, time="Days")["prediction"]


def test_a_covariate_that_interacts_has_a_line_for_each_level():
    data = drawn_at_random()
    formula = "y ~ dose * arm + age + (1 | g)"
    found = said(None, "y", ["g"], "dose * arm + age", formula, data=data)["prediction"]
    assert (found["over"], found["by"]) == ("dose", ["arm"])
    assert found["at"] == {"age": pytest.approx(data["age"].mean())}
    assert len(found["rows"]) == 2 * MOST_POINTS
    fit = lmm.fit(formula, data)
    (group,) = fit.random
    variance = np.square(found["mean"]["se"]) + group.sd[0] ** 2 + fit.sigma**2
    assert np.square(found["new_group"]["se"]) == pytest.approx(variance, rel=0.01)
    first, last = ([k for k, row in enumerate(found["rows"]) if row["arm"] == "drug"][place] for place in (0, -1))
    rise = found["mean"]["estimate"][last] - found["mean"]["estimate"][first]
    slope = fit.beta[fit.coefficients.index("dose")]
    interaction = next(one for one in fit.coefficients if one.startswith("dose:"))
    if interaction.endswith("drug"):
        slope += fit.beta[fit.coefficients.index(interaction)]
    assert rise == pytest.approx(slope * np.ptp(data["dose"]))


def test_the_reason_names_the_time_that_is_no_covariate():
    data = drawn_at_random()
    found = said(None, "y", ["g"], "arm", "y ~ arm + (1 | g)", data=data, time="age")
    assert found["reasons"]["prediction"].startswith("age is no covariate of the fixed part, which has no numeric")
