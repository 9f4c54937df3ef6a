"""Longitudinal data with and without a planted fault, and what the checks say of them."""

import numpy as np
import pandas

import lmm
from lmm.diagnose import (
    autocorrelation,
    by_group,
    linearity,
    quantiles,
    residuals,
    scale_location,
    scaled,
    simulated_density,
    style,
)
from lmm.diagnose.evidence import Evidence
from lmm.study import Study

FAULTS = ("none", "growing spread", "spread by arm", "AR(1)", "quadratic", "heavy tails", "outlying group", "skewed")
FORMULA = "y ~ t + z + arm + (t | id)"


def table(seed, fault="none", subjects=40, times=8, uneven=False):
    """40 subjects at 8 times with an intercept and a slope each, a number z of the subjects, and an arm."""
    random = np.random.default_rng([seed, FAULTS.index(fault)])
    n = subjects * times
    subject, time = np.repeat(np.arange(subjects), times), np.tile(np.arange(times), subjects).astype(float)
    if uneven:
        time = time + random.uniform(-0.4, 0.4, n)
    z, arm = random.normal(size=subjects)[subject], np.where(subject % 2, "b", "a")
    error = random.normal(size=n)
    if fault == "AR(1)":
        for k in range(n):
            if subject[k] == subject[k - 1] and k:
                error[k] = 0.5 * error[k - 1] + np.sqrt(0.75) * error[k]
    if fault == "heavy tails":
        error = random.standard_t(3, n) / np.sqrt(3)
    if fault == "skewed":
        error = random.exponential(size=n) - 1
    if fault == "spread by arm":
        error *= np.where(arm == "b", 2.0, 1.0)
    if fault == "growing spread":
        error *= 0.4 + 0.3 * time
    level, slope = random.normal(0, 1, subjects), random.normal(0, 0.3, subjects)
    y = 2 + 0.5 * time + 0.3 * z + level[subject] + slope[subject] * time + error
    if fault == "quadratic":
        y += 0.12 * (time - time.mean()) ** 2
    if fault == "outlying group":
        y += np.where(subject == 5, random.normal(0, 4, n), 0)
    columns = {"y": y, "t": time, "z": z, "arm": arm, "id": [f"s{k}" for k in subject]}
    return pandas.DataFrame(columns, index=pandas.RangeIndex(1, n + 1, name="line"))


def evidence(seed, fault="none", **shape):
    """The evidence on a fit of the model that is right but for the fault."""
    data = table(seed, fault, **shape)
    declared = Study(name="t", data="t.csv", outcome="y", fixed="t + z + arm", groups=["id"], time="t", seed=seed)
    return Evidence.of(declared, lmm.fit(FORMULA, data), data)


def figures(found):
    """All figures of residuals of this evidence."""
    with style.applied():
        return [
            residuals.against_fitted(found),
            scale_location.scale_location(found),
            *linearity.linearity(found),
            quantiles.residual_quantiles(found),
            by_group.by_group(found),
            *autocorrelation.autocorrelation(found),
            scaled.scaled(found),
            simulated_density.simulated_density(found),
        ]


def checks(found):
    """The checks of all figures by name."""
    return {check.name: check for figure in figures(found) for check in figure.checks}
