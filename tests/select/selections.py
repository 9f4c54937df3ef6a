"""Full models to select from, fitted once, and what R says of the means within them."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pandas as pd

import lmm
from lmm.select.meanfits import MeanFits, scope_of_fit
from tests.select.studies import table

FIXTURES = Path(__file__).parents[1] / "data" / "selection_fixtures.json"
STUDIES = {study["name"]: study for study in json.loads(FIXTURES.read_text(encoding="utf-8"))["studies"]}


@functools.cache
def full_model(name: str) -> lmm.Fit:
    """The full model of one of R's studies."""
    study = STUDIES[name]
    return lmm.fit(study["formula"], table(study["case"]), reml=False, weights=study["weights"])


@functools.cache
def mean_fits(name: str) -> MeanFits:
    """All its means, each fitted when it is asked for."""
    return MeanFits.of_fit(full_model(name), scope_of_fit(full_model(name)))


def noise(seed: int, predictors: int = 10, groups: int = 20, size: int = 6) -> pd.DataFrame:
    """An outcome with a random intercept, and predictors x0, x1, … that have nothing to do with it."""
    rng = np.random.default_rng(seed)
    n = groups * size
    made = pd.DataFrame(rng.normal(size=(n, predictors)), columns=[f"x{i}" for i in range(predictors)])
    made["g"] = np.repeat([f"g{j}" for j in range(groups)], size)
    made["y"] = np.repeat(rng.normal(size=groups), size) + rng.normal(size=n)
    return made


def formula_of_noise(predictors: int = 10, random: str = "(1 | g)") -> str:
    """The full model of `noise`."""
    return "y ~ " + " + ".join([*(f"x{i}" for i in range(predictors)), random])
