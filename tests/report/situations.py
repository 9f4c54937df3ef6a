"""Small studies, one for each branch of the prose: simulated tables that go through the real rooms.

Drawings are left blank but where the figures themselves are of another kind than those of tests/report/builders.py.
"""

from functools import cache

import numpy as np
import pandas

from tests.report.builders import DATA, finish, finish_undrawn

UNVALIDATED = {"targets": []}


def grouped(levels, rows, seed, intercept=1.0, slope=0.0, effect=0.5):
    """Rows with a covariate x that varies within the levels of g; y has an effect of x and normal deviations."""
    random = np.random.default_rng(seed)
    g = np.repeat(np.arange(levels), rows)
    x = random.normal(size=levels * rows)
    y = 10 + (effect + random.normal(0, slope, levels)[g]) * x + random.normal(0, intercept, levels)[g]
    return pandas.DataFrame({"y": y + random.normal(size=levels * rows), "x": x, "g": [f"g{k:02d}" for k in g]})


@cache
def singular():
    """A slope whose correlation is on the boundary, in a study that lets such a model stand."""
    table = grouped(12, 5, seed=4, slope=0.0)
    table["y"] += 0.6 * table["x"] * table.groupby("g")["y"].transform("mean").sub(table["y"].mean())
    ladder = {"allow_singular": True, "mode": "maximal"}
    return finish_undrawn(table, outcome="y", fixed="x", groups=["g"], slopes={"g": "x"}, ladder=ladder)


@cache
def back_off():
    """Slopes of two covariates that vary with neither, taken in untested: the ladder goes back several steps."""
    table = grouped(10, 5, seed=15)
    table["z"] = np.random.default_rng(16).normal(size=50)
    block = {"fixed": "x + z", "groups": ["g"], "slopes": {"g": "x + z"}, "ladder": {"mode": "maximal"}}
    return finish_undrawn(table, outcome="y", **block)


@cache
def maximal():
    """A slope that varies, in the mode that takes all slopes in untested."""
    table = grouped(25, 6, seed=2, slope=0.8)
    block = {"fixed": "x", "groups": ["g"], "slopes": {"g": "x"}, "ladder": {"mode": "maximal"}}
    return finish_undrawn(table, outcome="y", **block)


@cache
def criteria_disagree():
    """A slope that the test keeps and BIC does not."""
    table = pandas.read_csv(DATA / "hsb82.csv.gz")
    kept = table[table["school"].isin(table["school"].unique()[::4])]
    block = {"fixed": "cses", "groups": ["school"], "slopes": {"school": "cses"}}
    return finish_undrawn(kept, outcome="mAch", **block, ladder={"null": "mixture"}, cross_validation=UNVALIDATED)


@cache
def few_groups(levels):
    """A factor with so many levels."""
    return finish_undrawn(grouped(levels, 8, seed=levels, intercept=2.0), outcome="y", fixed="x", groups=["g"])


@cache
def nothing_significant():
    """Two predictors without any effect."""
    table = grouped(20, 5, seed=1, effect=0.0)
    table["z"] = np.random.default_rng(33).normal(size=100)
    return finish_undrawn(table, outcome="y", fixed="x + z", groups=["g"])


@cache
def one_significant():
    """A single predictor without any effect."""
    return finish_undrawn(grouped(20, 5, seed=1, effect=0.0), outcome="y", fixed="x", groups=["g"])


@cache
def dropout():
    """A trial of two arms from which patients leave, with a covariate that is missing now and then."""
    random = np.random.default_rng(9)
    patients, weeks = 40, 5
    patient, week = np.repeat(np.arange(patients), weeks), np.tile(np.arange(weeks), patients)
    arm = np.where(patient % 2, "drug", "placebo")
    score = 50 + random.normal(0, 5, patients)[patient] - (1 + (arm == "drug")) * week + random.normal(0, 3, 200)
    leaves = random.integers(2, 12, patients)[patient]
    table = pandas.DataFrame({"score": np.where(week < leaves, score, np.nan), "week": week, "arm": arm})
    table["patient"], table["age"] = [f"p{k:02d}" for k in patient], random.integers(20, 70, patients)[patient]
    table.loc[table["patient"] == "p03", "age"] = np.nan
    block = {"fixed": "week * arm + age", "groups": ["patient"], "time": "week", "levels": {"arm": ["placebo", "drug"]}}
    return finish_undrawn(table, outcome="score", unit="points", **block)


@cache
def one_row_lost():
    """A single row without a value."""
    table = grouped(20, 5, seed=6)
    table.loc[3, "x"] = np.nan
    return finish_undrawn(table, outcome="y", fixed="x", groups=["g"])


@cache
def weighted():
    """Rows that are means of different numbers of measurements."""
    table = grouped(20, 5, seed=12)
    table["size"] = np.random.default_rng(5).integers(1, 9, 100)
    return finish_undrawn(table, outcome="y", fixed="x", groups=["g"], weights="size")


@cache
def logged():
    """An outcome that the formula takes the logarithm of."""
    table = grouped(20, 5, seed=14)
    table["y"] = np.exp(table["y"] / 5)
    return finish_undrawn(table, outcome="log_y", fixed="x", groups=["g"], steps=[{"derive": {"log_y": "log(y)"}}])


@cache
def optional_dropped():
    """Items that may be ignored, and are; subjects that belong to the design."""
    table = grouped(20, 6, seed=19, effect=0.5)
    table["item"] = [f"i{k}" for k in np.tile(np.arange(6), 20)]
    return finish_undrawn(table, outcome="y", fixed="x", groups=["g", "item"], ladder={"optional": ["item"]})


@cache
def one_row_per_group():
    """Every level has a single row, so that no random effect can be told from the error."""
    return finish(grouped(40, 1, seed=3), outcome="y", fixed="x", groups=["g"])


@cache
def curve(shape):
    """Growth of 24 children on 7 occasions, by sex, as a polynomial, a spline or two segments."""
    random = np.random.default_rng(31)
    child, age = np.repeat(np.arange(24), 7), np.tile(np.arange(7.0), 24)
    sex = np.where(child % 2, "girl", "boy")
    height = 100 + 6 * age - 0.4 * age**2 + random.normal(0, 3, 24)[child] + random.normal(0, 0.4, 24)[child] * age
    table = pandas.DataFrame({"height": height + random.normal(0, 1, 168), "age": age, "sex": sex})
    table["child"] = [f"c{k:02d}" for k in child]
    growth = {"time": "age", "by": "sex", "groups": []}
    growth |= {
        "polynomial": {"shape": "polynomial", "degree": 2},
        "spline": {"shape": "spline", "df": 3},
        "piecewise": {"shape": "piecewise", "knots": [3]},
        "linear": {"shape": "linear"},
    }[shape]
    return finish(table, outcome="height", unit="cm", groups=["child"], growth=growth)


@cache
def factor_of_four():
    """A factor with four levels whose means differ."""
    table = grouped(20, 8, seed=23)
    table["dose"] = np.tile(["none", "low", "mid", "high"], 40)
    table["y"] += table["dose"].map({"none": 0, "low": 0.4, "mid": 0.9, "high": 1.5})
    block = {"fixed": "dose", "groups": ["g"], "levels": {"dose": ["none", "low", "mid", "high"]}}
    return finish_undrawn(table, outcome="y", **block)


@cache
def factors_interact():
    """Two factors that modify each other, and a covariate that modifies another."""
    table = grouped(20, 12, seed=29)
    random = np.random.default_rng(30)
    table["z"] = random.normal(size=240)
    table["dose"], table["sex"] = np.tile(["none", "low", "high"], 80), np.tile(np.repeat(["f", "m"], 3), 40)
    table["y"] += np.where((table["dose"] == "high") & (table["sex"] == "m"), 1.5, 0) + 0.6 * table["x"] * table["z"]
    block = {"fixed": "x * z + dose * sex", "groups": ["g"], "levels": {"dose": ["none", "low", "high"]}}
    return finish(table, outcome="y", **block)


@cache
def unvalidated():
    """A study that asks for no cross-validation."""
    table = grouped(20, 5, seed=6)
    return finish_undrawn(table, outcome="y", fixed="x", groups=["g"], cross_validation=UNVALIDATED)


@cache
def bootstrapped():
    """Intervals from draws of the model."""
    asked = {"intervals": "bootstrap", "bootstrap": {"draws": 100}}
    return finish_undrawn(grouped(12, 5, seed=6), outcome="y", fixed="x", groups=["g"], inference=asked)
