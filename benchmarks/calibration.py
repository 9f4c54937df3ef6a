#!/usr/bin/env python3
"""Simulate how often each test rejects a true null hypothesis at 5 %; prints a table, writes docs/calibration.md.

    nice -n 19 .venv/bin/python benchmarks/calibration.py                     # all studies, some minutes
    … --studies few-groups --replications 500 --dry-run     # one of them, roughly, print only

Every replication has a random generator of its own, so that results depend on the number of replications alone.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from textwrap import fill

import numpy as np
import pandas as pd
from page import table

import lmm
from lmm.files import write_text
from lmm.infer.bootstraplrt import bootstrap_likelihood_ratio_test
from lmm.infer.exactlrt import exact_test
from lmm.infer.likelihoodratio import likelihood_ratio_test
from lmm.infer.smallsample import small_sample

PAGE = Path(__file__).parents[1] / "docs" / "calibration.md"
SEED = 20261122
LEVEL = 0.05
BOOTSTRAP_DRAWS = 199


@dataclass(frozen=True)
class Test:
    """A way of testing, and how often it should reject.

    Attributes:
        name: in words.
        reported: the share that the method's own simulation reported, where it did.
        exact: the share by algebra, where there is one.
    """

    name: str
    reported: float | None = None
    exact: float | None = None


@dataclass(frozen=True)
class Study:
    """A design under a null hypothesis and the tests of it.

    Attributes:
        title, design: in words.
        simulate: a table from a random generator.
        p_values: those of `tests`, in order, from a table and the number of the replication.
    """

    title: str
    design: str
    simulate: Callable[[np.random.Generator], pd.DataFrame]
    p_values: Callable[[pd.DataFrame, int], list[float]]
    tests: tuple[Test, ...]
    replications: int


def groups(count: int, rows: int) -> pd.Categorical:
    """Return `count` groups of `rows` rows each."""
    return pd.Categorical.from_codes(np.repeat(np.arange(count), rows), [f"g{i}" for i in range(count)])


def no_variance(random: np.random.Generator) -> pd.DataFrame:
    """Return 20 groups of 6 that do not differ."""
    return pd.DataFrame({"y": random.normal(size=120), "g": groups(20, 6)})


def variance_p_values(data: pd.DataFrame, replication: int) -> list[float]:
    """Test the variance of the groups by REML."""
    without, within = lmm.fit("y ~ 1", data), lmm.fit("y ~ 1 + (1 | g)", data)
    test = likelihood_ratio_test(without, within)
    exact = exact_test(without, within, seed=replication)
    # A statistic of zero is the smallest there is, so every draw is at least as large.
    bootstrap = 1.0
    if test.statistic > 0:
        bootstrap = bootstrap_likelihood_ratio_test(without, within, seed=replication, draws=BOOTSTRAP_DRAWS).p
    return [test.naive_p, test.p, exact.p, bootstrap]


def slopes_that_differ(random: np.random.Generator) -> pd.DataFrame:
    """Return 20 subjects seen 6 times, whose slopes differ around a mean of zero."""
    time = np.tile(np.arange(6.0), 20)
    intercept, slope = (np.repeat(sd * random.normal(size=20), 6) for sd in (1.0, 0.5))
    return pd.DataFrame({"y": intercept + slope * time + random.normal(size=120), "time": time, "g": groups(20, 6)})


def slope_p_values(data: pd.DataFrame, replication: int) -> list[float]:
    """Test the mean slope by REML, without and with slopes that may differ."""
    fits = [lmm.fit(f"y ~ time + ({left} | g)", data) for left in ("1", "time")]
    tests = [(fits[0], "satterthwaite"), (fits[1], "satterthwaite"), (fits[1], "kenward-roger")]
    return [small_sample(fit, method).t_test(np.array([0.0, 1.0])).p for fit, method in tests]


def arms_of_groups(random: np.random.Generator) -> pd.DataFrame:
    """Return 8 groups of 10, four in either arm, with an intraclass correlation of a half."""
    effect = np.repeat(random.normal(size=8), 10)
    return pd.DataFrame({"y": effect + random.normal(size=80), "arm": np.repeat([0.0, 1.0], 40), "g": groups(8, 10)})


def arm_p_values(data: pd.DataFrame, replication: int) -> list[float]:
    """Test the difference of the arms."""
    difference = np.array([0.0, 1.0])
    fit = lmm.fit("y ~ arm + (1 | g)", data)
    null, larger = (lmm.fit(f"y ~ {mean} + (1 | g)", data, reml=False) for mean in ("1", "arm"))
    return [
        small_sample(fit, "satterthwaite").t_test(difference).p,
        small_sample(fit, "kenward-roger").t_test(difference).p,
        small_sample(fit, "normal").t_test(difference).p,
        likelihood_ratio_test(null, larger).p,
        small_sample(lmm.fit("y ~ arm", data), "residual").t_test(difference).p,
    ]


STUDIES = {
    "boundary": Study(
        "A variance on its boundary",
        "20 groups of 6 rows that do not differ; the variance of the groups is tested by REML, the mean alone in the "
        "fixed part. By algebra: with F = MSB/MSW ~ F(19, 100) the statistic is 119 log((19F + 100)/119) − 19 log F "
        "where F > 1, else zero.",
        no_variance,
        variance_p_values,
        (
            Test("χ²₁, as if the variance could be negative", 0.026, 0.0212),
            Test("½χ²₀ + ½χ²₁", 0.045, 0.0431),
            Test("exact distribution", None, 0.05),
            Test(f"parametric bootstrap, {BOOTSTRAP_DRAWS} draws", None, 0.05),
        ),
        4000,
    ),
    "slope-left-out": Study(
        "A random slope left out",
        "20 subjects seen at times 0 … 5; standard deviations 1 of the intercepts, 0.5 of the slopes (uncorrelated), 1 "
        "of the residuals; the mean slope, zero, is tested by REML.",
        slopes_that_differ,
        slope_p_values,
        (
            Test("(1 | subject), Satterthwaite", 0.25),
            Test("(time | subject), Satterthwaite", 0.052),
            Test("(time | subject), Kenward–Roger"),
        ),
        4000,
    ),
    "few-groups": Study(
        "Few groups",
        "8 groups of 10 rows, four in either arm; intraclass correlation ½; the difference of the arms, zero, is "
        "tested. By algebra, where the variance of the groups is estimated to be positive: t has 6 degrees of freedom, "
        "and the likelihood ratio statistic is 8 log(1 + t²/6). For least squares, t² = 78·11·χ²₁/(11·χ²₆ + χ²₇₂).",
        arms_of_groups,
        arm_p_values,
        (
            Test("Satterthwaite", 0.049, 0.05),
            Test("Kenward–Roger", None, 0.05),
            Test("z, normal quantiles", 0.089, 0.0977),
            Test("likelihood ratio by ML, χ²₁", 0.095, 0.1028),
            Test("least squares, groups ignored", 0.42, 0.4321),
        ),
        4000,
    ),
}


def p_values(name: str, replications: int) -> np.ndarray:
    """Return the p-values of a study, replications × tests."""
    study, place = STUDIES[name], list(STUDIES).index(name)
    rows = []
    for replication in range(replications):
        random = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(place, replication)))
        rows.append(study.p_values(study.simulate(random), replication))
    return np.array(rows)


def rejection_rates(name: str, replications: int) -> list[tuple[Test, float, float]]:
    """Return each test of a study with its share of rejections and the Monte Carlo standard error of that."""
    rates = (p_values(name, replications) <= LEVEL).mean(0)
    return [
        (test, float(rate), sqrt(rate * (1 - rate) / replications))
        for test, rate in zip(STUDIES[name].tests, rates, strict=True)
    ]


def section(name: str, replications: int) -> str:
    """Return a study's results as Markdown."""
    study = STUDIES[name]
    rows = [
        [test.name, f"{rate:.2%} ± {error:.2%}", percent(test.exact, 2), percent(test.reported, 1)]
        for test, rate, error in rejection_rates(name, replications)
    ]
    header = ["test", "rejects here (± Monte Carlo SE)", "by algebra", "reported"]
    design = fill(f"{study.design} {replications:,} replications.", 120)
    return f"## {study.title}\n\n{design}\n\n{table(header, rows)}"


def percent(share: float | None, digits: int) -> str:
    """Return a share as a percentage, a dash for none."""
    return "–" if share is None else f"{share:.{digits}%}"


INTRODUCTION = """\
# Calibration

How often tests reject a null hypothesis that is true, at a nominal 5 %, simulated with this code. A test is calibrated
where it rejects 5 %; more is an error of which a reader is not told, less is power given away. This page is written by

    nice -n 19 .venv/bin/python benchmarks/calibration.py

"Reported" are the shares that the project's method was decided on, simulated with R (lme4, lmerTest) before this code
existed. How many replications they rest on is not known, and their designs not in every detail: settings that were not
are chosen to come near them. Where a design is balanced, algebra gives the share exactly.

"""


def main() -> None:
    """Run the studies asked for, and write the page if that was all of them in full."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", nargs="+", choices=list(STUDIES), default=list(STUDIES))
    parser.add_argument("--replications", type=int, help="instead of each study's own number")
    parser.add_argument("--dry-run", action="store_true", help="print the tables, write nothing")
    options = parser.parse_args()
    text = "\n".join(section(name, options.replications or STUDIES[name].replications) for name in options.studies)
    print(text)
    if not options.dry_run and options.studies == list(STUDIES) and options.replications is None:
        write_text(PAGE, INTRODUCTION + text)


if __name__ == "__main__":
    main()
