"""A Fit in the plain terms of the reference results: names, lists and numbers, nothing of ours."""

import numpy as np
import pandas as pd

import lmm
from lmm.infer.hypothesis import TTest
from lmm.infer.rsquared import variance_shares
from lmm.infer.smallsample import small_sample


def fit(
    formula: str,
    data: pd.DataFrame,
    reml: bool,
    weights: np.ndarray | None = None,
    offset: np.ndarray | None = None,
) -> dict:
    """Fit `formula` to `data` and return what R reports of such a model, under R's names."""
    model = lmm.fit(formula, data, reml=reml, weights=weights, offset=offset)
    satterthwaite, kenward_roger = coefficient_tests(model, "satterthwaite"), coefficient_tests(model, "kenward-roger")
    shares = variance_shares(model, data)
    return {
        "loglik": model.loglik,
        "beta": dict(zip(model.coefficients, model.beta.tolist(), strict=True)),
        "se": dict(zip(model.coefficients, model.se.tolist(), strict=True)),
        "vcov_beta": model.vcov_beta,
        "dropped_columns": list(model.dropped_columns),
        "sigma": model.sigma,
        "vcov_re": [
            {
                "group": term.group,
                "names": list(term.names),
                "sd": np.asarray(term.sd).tolist(),
                "corr": np.asarray(term.correlation).tolist(),
            }
            for term in model.random
        ],
        "aic": model.aic,
        "bic": model.bic,
        "npar": model.npar,
        "nobs": model.n,
        "ngroups": dict(model.groups),
        "singular": model.singular,
        "fitted": np.asarray(model.fitted),
        "hat": np.asarray(model.leverage),
        "ranef": {group: by_level(modes) for group, modes in model.conditional_modes.items()},
        "ranef_condsd": {group: by_level(sds) for group, sds in model.conditional_sds.items()},
        "df_satt": {name: test.df for name, test in satterthwaite.items()},
        "p_satt": {name: test.p for name, test in satterthwaite.items()},
        "df_kr": {name: test.df for name, test in kenward_roger.items()},
        "se_kr": {name: test.se for name, test in kenward_roger.items()},
        "r2": {"marginal": shares.r2_marginal, "conditional": shares.r2_conditional},
        "icc": shares.icc,
        "predict": lambda table, use_random: model.predict(table, random=use_random),
    }


def coefficient_tests(model: lmm.Fit, method: str) -> dict[str, TTest]:
    """Return the test of every coefficient against zero, by its name."""
    degrees = small_sample(model, method)
    return {name: degrees.t_test(row) for name, row in zip(model.coefficients, np.eye(len(model.beta)), strict=True)}


def by_level(effects: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return a table of effects (a row per level) as {level: {column: value}}."""
    return {
        str(level): dict(zip(effects.columns, row, strict=True))
        for level, row in zip(effects.index, effects.to_numpy().tolist(), strict=True)
    }
