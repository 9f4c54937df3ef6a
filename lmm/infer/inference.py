"""Everything that is said about the final model, as one result: tests, intervals, means, shares, criteria."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm import provenance
from lmm.errors import InputError
from lmm.infer import bootstrapintervals
from lmm.infer.anovatable import anova
from lmm.infer.bootstrapparts import cases_of
from lmm.infer.casebootstrap import group_deletions
from lmm.infer.coefficients import coefficient_table
from lmm.infer.conditionalaic import conditional_aic
from lmm.infer.criteria import criteria
from lmm.infer.curve import curve_section
from lmm.infer.effort import MOST_OPERATIONS, operations_of_curves, operations_of_intervals
from lmm.infer.finalmodel import final_fit
from lmm.infer.intervalmethods import BOOTSTRAP, PROFILE, WALD
from lmm.infer.intraclass import intraclass_correlations
from lmm.infer.leastsquares import METHOD as LEAST_SQUARES
from lmm.infer.leastsquares import least_squares_intervals
from lmm.infer.meanband import main_covariate, mean_band
from lmm.infer.meanssections import means_sections, slopes_sections
from lmm.infer.nullmodel import null_model_section
from lmm.infer.profile import parameter_names, profile_intervals
from lmm.infer.referencegrid import ReferenceGrid, reference_grid
from lmm.infer.rsquared import variance_shares
from lmm.infer.smallsample import chosen_degrees
from lmm.infer.standardised import by_standard_deviation
from lmm.infer.wald import wald_intervals
from lmm.infer.zeta import zeta_curves

if TYPE_CHECKING:
    import pandas

    from lmm.infer.draws import Draws
    from lmm.infer.hypothesis import SmallSample
    from lmm.infer.interval import Interval
    from lmm.model import Fit
    from lmm.study import Study

_BOOTSTRAP_METHODS = {
    "percentile": bootstrapintervals.PERCENTILE,
    "basic": bootstrapintervals.BASIC,
    "bca": bootstrapintervals.BCA,
}


def inference(
    study: Study, decision: Mapping[str, Any], table: pandas.DataFrame, draws: Draws | None = None
) -> dict[str, Any]:
    """Say of the final model of a decision all that the study asks for.

    Args:
        study: what is asked, under its key `inference`.
        decision: what `lmm.select.decide` returned. table: the analysis table it was decided on.
        draws: of the final model's bootstrap (`lmm.infer.bootstrapparts`), where the study has some.

    Returns:
        Plain data for JSON, stamped. A part that cannot be had is None, and "reasons" says why under its name.
    """
    fit = final_fit(study, decision, table)
    asked = study.inference
    found: dict[str, Any] = {
        **provenance.stamp(study, decision["row_hash"]),
        "formula": fit.formula,
        "estimator": "REML" if fit.reml else "ML",
        "level": asked.level,
        "degrees_of_freedom": asked.degrees_of_freedom,
    }
    reasons: dict[str, str] = {}

    def add(part: str, compute: Callable[[], Any]) -> None:
        found[part] = None
        try:
            found[part] = compute()
        except (Impossible, InputError, np.linalg.LinAlgError) as error:
            reasons[part] = str(error)

    chosen = chosen_degrees(fit, asked.degrees_of_freedom, reasons)
    found["degrees_of_freedom"] = chosen.method
    grid = reference_grid(fit, table)
    add("coefficients", lambda: coefficient_table(fit, chosen, asked.level).to_dict())
    add("standardised", lambda: [one.to_dict() for one in by_standard_deviation(fit, table, chosen, asked.level)])
    add("anova", lambda: anova(fit, "III", chosen).to_dict())
    add("curve", lambda: _curve_section(study, fit, chosen))
    add("intervals", lambda: intervals_section(study, fit, chosen, draws))
    add("bootstrap", lambda: bootstrap_section(study, fit, draws))
    add("zeta", lambda: zeta_section(fit))
    add("means", lambda: means_sections(study, fit, table, grid, chosen))
    add("slopes", lambda: slopes_sections(study, fit, table, grid, chosen))
    add("r2", lambda: r2_section(fit, table))
    add("icc", lambda: intraclass_correlations(fit, table, asked.level).to_dict())
    add("null_model", lambda: null_model_section(study, fit, table))
    add("criteria", lambda: criteria(fit).to_dict())
    add("conditional_aic", lambda: conditional_aic_section(fit))
    add("prediction", lambda: prediction_section(study, fit, table, grid, chosen))
    return {**found, "reasons": reasons}


class Impossible(Exception):
    """A part of the inference that cannot be had for this model, with the reason: a result, not an error."""


def intervals_section(study: Study, fit: Fit, chosen: SmallSample, draws: Draws | None) -> dict[str, Any]:
    """Intervals of standard deviations, correlations, sigma and fixed effects: as asked for, or by Wald with a reason.

    Those of the fixed effects by Wald are of the degrees of freedom chosen. Without random effects all are exact,
    whatever was asked for.
    """
    method, level = study.inference.intervals, study.inference.level
    reason = None
    if not fit.random:
        method = LEAST_SQUARES
        found = least_squares_intervals(fit, level, chosen)
    elif method == BOOTSTRAP:
        found = _of_draws(study, fit, draws)
    elif method == PROFILE and (reason := _why_no_profile(fit)) is None:
        found = profile_intervals(fit, level)
    else:
        method = WALD
        found = wald_intervals(fit, level, chosen, variances=True)
    return {"method": method, "reason": reason, "parameters": [one.to_dict() for one in found]}


def bootstrap_section(study: Study, fit: Fit, draws: Draws | None) -> dict[str, Any]:
    """What the draws gave: how many failed, how many were singular, and the intervals made of the others."""
    if not fit.random:
        raise Impossible("The model has no random effects: its intervals are exact, and nothing was drawn.")
    if draws is None:
        raise Impossible("The study asks for no bootstrap draws.")
    if not draws.used.any():
        raise Impossible(f"None of the {len(draws)} draws could be fitted.")
    return {
        "kind": draws.kind,
        "method": _BOOTSTRAP_METHODS[study.inference.bootstrap.method],
        "draws": len(draws),
        "used": int(draws.used.sum()),
        "failed": draws.failed,
        "singular": int(draws.singular[draws.used].sum()),
        "parameters": [one.to_dict() for one in _of_draws(study, fit, draws)],
    }


def zeta_section(fit: Fit) -> list[dict[str, Any]]:
    """The profiles of standard deviations, correlations and sigma, as curves; those of fixed effects are near lines."""
    if not fit.random:
        raise Impossible("The model has no random effects whose standard deviations could be profiled.")
    fixed = {*fit.coefficients, *fit.dropped_columns}
    names = [name for name in parameter_names(fit) if name not in fixed]
    operations = operations_of_curves(fit, len(names))
    reason = _why_no_profile(fit) if operations <= MOST_OPERATIONS else _too_large(operations, "curves")
    if reason is not None:
        raise Impossible(reason)
    return [curve.to_dict() for curve in zeta_curves(fit, names)]


def r2_section(fit: Fit, table: pandas.DataFrame) -> dict[str, Any]:
    """R² after Nakagawa & Schielzeth (2013) and Johnson (2014), and the share of each grouping factor."""
    shares = variance_shares(fit, table)
    return {
        "marginal": shares.r2_marginal,
        "conditional": shares.r2_conditional,
        "of_factors": shares.r2_of_factors,
        "variance_fixed": shares.fixed,
        "variance_random": shares.random,
        "variance_residual": shares.residual,
    }


def _curve_section(study: Study, fit: Fit, chosen: SmallSample) -> dict[str, Any]:
    """Joint tests of the curve over the study's time and of its differences between groups."""
    if study.time is None:
        raise Impossible("The study names no time.")
    found = curve_section(fit, study.time, anova(fit, "III", chosen), chosen)
    if not found["terms"]:
        raise Impossible(f"The fixed part has no curve of {study.time} with several coefficients.")
    return found


def conditional_aic_section(fit: Fit) -> dict[str, Any]:
    """The conditional AIC; without random effects there is nothing to be conditional on."""
    if not fit.random:
        raise Impossible("The model has no random effects to condition on.")
    return conditional_aic(fit).to_dict()


def prediction_section(
    study: Study, fit: Fit, table: pandas.DataFrame, grid: ReferenceGrid, chosen: SmallSample
) -> dict[str, Any]:
    """The mean over the study's time, or over its main covariate, and where observations of new groups would lie."""
    over = main_covariate(study, fit, table, grid)
    if over is None:
        named = f"{study.time} is no covariate of the fixed part, which" if study.time else "The fixed part"
        raise Impossible(f"{named} has no numeric covariate with three values or more.")
    return mean_band(fit, table, grid, over, chosen, study.inference.level)


def _of_draws(study: Study, fit: Fit, draws: Draws | None) -> tuple[Interval, ...]:
    asked = study.inference.bootstrap
    if draws is None:
        raise Impossible("There are no bootstrap draws.")
    deletions = group_deletions(fit, cases_of(study, fit)) if asked.method == "bca" else None
    method, level = _BOOTSTRAP_METHODS[asked.method], study.inference.level
    return bootstrapintervals.bootstrap_intervals(fit, draws, method, level, deletions)


def _why_no_profile(fit: Fit) -> str | None:
    """Why the intervals of a fit are not by its profile; None where they may be."""
    if not fit.converged:
        return f"There is no profile of a model whose optimum was not found: {fit.convergence.message}"
    operations = operations_of_intervals(fit, len(parameter_names(fit)))
    return _too_large(operations, "intervals") if operations > MOST_OPERATIONS else None


def _too_large(operations: float, what: str) -> str:
    return (
        f"The model is too large for profile {what}: they would take about {operations:.0e} operations, and "
        f"{MOST_OPERATIONS:.0e} are the most that are spent on them."
    )
