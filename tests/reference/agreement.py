"""How far a fit is from R's: each function returns a sentence per disagreement, none where they agree."""

from collections.abc import Iterable

import numpy as np

# The tolerances are of what R's own optimisers reach when driven hard, not of what a report would print.
LOGLIK_SHORTFALL, LOGLIK_EXCESS = 1e-5, 1e-3
BETA_IN_STANDARD_ERRORS = 1e-4
RELATIVE = 1e-3
CORRELATION = 5e-3
CRITERION = 2e-5
LEVERAGE = 1e-4


def estimates(ours: dict, reference: dict) -> list[str]:
    """Compare log-likelihood, fixed effects, standard errors and variance components."""
    return [
        *log_likelihoods(ours["loglik"], reference["logLik"]),
        *fixed_effects(ours, reference),
        *variance_components(ours, reference),
    ]


def log_likelihoods(ours: float, reference: float) -> list[str]:
    """Compare two log-likelihoods: ours may be neither lower nor so much higher that the models differ."""
    if -LOGLIK_SHORTFALL <= ours - reference <= LOGLIK_EXCESS:
        return []
    return [f"log-likelihood {ours:.8f}, R {reference:.8f}: {ours - reference:+.2e}"]


def fixed_effects(ours: dict, reference: dict) -> list[str]:
    """Compare names and order of the coefficients, then estimates and standard errors."""
    names = reference["beta_names"]
    if list(ours["beta"]) != names:
        return [f"coefficients {list(ours['beta'])}, R {names}"]
    differences = []
    for name, beta, se in zip(names, reference["beta"], reference["se"], strict=True):
        if abs(ours["beta"][name] - beta) > BETA_IN_STANDARD_ERRORS * se:
            differences.append(f"{name}: {ours['beta'][name]:.8g}, R {beta:.8g} (SE {se:.3g})")
        if abs(ours["se"][name] - se) > RELATIVE * se:
            differences.append(f"SE of {name}: {ours['se'][name]:.8g}, R {se:.8g}")
    return differences


def variance_components(ours: dict, reference: dict) -> list[str]:
    """Compare sigma, the standard deviations and, unless the fit is singular, the correlations."""
    sigma, singular = reference["sigma"], reference["isSingular"]
    differences = []
    if abs(ours["sigma"] - sigma) > RELATIVE * sigma:
        differences.append(f"sigma {ours['sigma']:.8g}, R {sigma:.8g}")

    got = components(ours["vcov_re"])
    for term in components(reference["vcov_re"]).values():
        match = got.get(key(term))
        if match is None:
            differences.append(f"no random term {term['names']} | {term['group']}; there are {list(got)}")
            continue
        # A standard deviation far below the residual one has no visible effect on its own scale.
        floors = (1.0 if singular else 0.1) * sigma / np.array(term["z_rms"])
        for name, sd, reference_sd, floor in zip(term["names"], match["sd"], term["sd"], floors, strict=True):
            if not abs(sd - reference_sd) <= RELATIVE * max(reference_sd, floor):
                differences.append(f"SD of {name} | {term['group']}: {sd:.8g}, R {reference_sd:.8g}")
        if not singular:
            correlation = np.array(match["corr"], float)
            expected = np.array(term["corr"], float)
            if not np.all(np.abs(correlation - expected) <= CORRELATION):
                differences.append(f"correlations of {term['group']}: {correlation}, R {expected}")
    return differences


def criteria(ours: dict, reference: dict) -> list[str]:
    """Compare counts, AIC, BIC, singularity and the dropped columns."""
    differences = [
        f"{name}: {ours[name]}, R {reference[theirs]}"
        for name, theirs in (
            ("npar", "npar"),
            ("nobs", "nobs"),
            ("singular", "isSingular"),
            ("dropped_columns", "dropped_columns"),
        )
        if ours[name] != reference[theirs]
    ]
    differences += [
        f"{name}: {ours[name]:.6f}, R {reference[theirs]:.6f}"
        for name, theirs in (("aic", "AIC"), ("bic", "BIC"))
        if not abs(ours[name] - reference[theirs]) <= CRITERION
    ]
    groups = {factor(group): levels for group, levels in ours["ngroups"].items()}
    expected = {factor(group): levels for group, levels in reference["ngroups"].items()}
    if groups != expected:
        differences.append(f"levels {groups}, R {expected}")
    return differences


def fitted_values(ours: dict, reference: dict) -> list[str]:
    """Compare fitted values (on sigma's scale) and leverages of the first rows."""
    sigma = reference["sigma"]
    differences = apart("fitted values", ours["fitted"][:5], reference["fitted"], RELATIVE * sigma)
    if reference.get("hat"):
        differences += apart("leverages", ours["hat"][:5], reference["hat"], LEVERAGE)
        differences += apart("sum of leverages", ours["hat"].sum(), reference["hat_sum"], 100 * LEVERAGE)
    return differences


def conditional_modes(ours: dict, reference: dict) -> list[str]:
    """Compare the conditional modes of the first levels, on sigma's scale."""
    return level_effects(ours["ranef"], reference["ranef"], reference, "mode")


def level_effects(ours: dict, levels_by_group: dict, reference: dict, what: str) -> list[str]:
    """Compare {group: {level: {column: value}}} with R's {group: {columns, levels: {level: [values]}}}."""
    scale = {
        (factor(term["group"]), name): z_rms
        for term in reference["vcov_re"]
        for name, z_rms in zip(term["names"], term["z_rms"], strict=True)
    }
    ours = {factor(group): effects for group, effects in ours.items()}
    differences = []
    for group, expected in levels_by_group.items():
        effects = {combination(level): values for level, values in ours[factor(group)].items()}
        for level, values in expected["levels"].items():
            got = effects.get(combination(level))
            if got is None:
                differences.append(f"no {what} for level {level!r} of {group}")
                continue
            for column, value in zip(expected["columns"], values, strict=True):
                width = 2 * RELATIVE * reference["sigma"] / scale[factor(group), column]
                if not abs(got[column] - value) <= width:
                    differences.append(f"{what} of {column} at {group} {level}: {got[column]:.6g}, R {value:.6g}")
    return differences


def components(terms: Iterable[dict]) -> dict[tuple, dict]:
    """Return the random terms by grouping factor and column names."""
    return {key(term): term for term in terms}


def key(term: dict) -> tuple:
    """Return what tells a random term from the others of its model."""
    return factor(term["group"]), tuple(term["names"])


def factor(group: str) -> tuple[str, ...]:
    """Return a grouping factor without the order of its parts: R writes batch/cask as cask:batch."""
    return tuple(sorted(group.split(":")))


def combination(level: str) -> tuple[str, ...]:
    """Return a level without the order of its parts."""
    return tuple(sorted(level.split(":")))


def apart(what: str, ours: np.ndarray, reference: np.ndarray, tolerance: float) -> list[str]:
    """Say where two arrays differ by more than `tolerance`."""
    ours, reference = np.asarray(ours, float), np.asarray(reference, float)
    if ours.shape == reference.shape and np.all(np.abs(ours - reference) <= tolerance):
        return []
    return [f"{what} {ours}, R {reference}"]
