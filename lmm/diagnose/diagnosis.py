"""The chosen model refitted by REML, and everything there is to see about whether it describes the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmm import provenance
from lmm.diagnose import (
    autocorrelation,
    by_group,
    dropout,
    fit_over_data,
    influence_groups,
    influence_rows,
    level_diagram,
    linearity,
    mean_figures,
    missing_values,
    profile_zeta,
    quantiles,
    random_effects,
    raw_data,
    residuals,
    row_flow,
    scale_location,
    scaled,
    simulated_density,
    style,
)
from lmm.diagnose.collinearity import collinearity
from lmm.diagnose.descriptives import descriptives
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure
from lmm.diagnose.flagged import flagged_rows
from lmm.diagnose.influence import Influence, influence_of
from lmm.diagnose.influence import findings as influence_findings
from lmm.diagnose.variance_share import intraclass_correlation
from lmm.infer.finalmodel import final_fit
from lmm.infer.rsquared import variance_shares

if TYPE_CHECKING:
    import pandas

    from lmm.model import Fit
    from lmm.study import Study


@dataclass(frozen=True)
class Diagnosis:
    """The final fit, the figures by name as SVG and as PDF, and what was found (goes to findings.json)."""

    fit: Fit
    figures: dict[str, str]
    printed: dict[str, bytes]
    findings: dict


def diagnose(study: Study, decision: dict, table: pandas.DataFrame, audit: dict, inference: dict) -> Diagnosis:
    """Refit the chosen model by REML and look at it, at what is inferred from it, and at what its data went through.

    `decision` is what `lmm.select.decide` returned, `table` the analysis table it was decided on, indexed by the
    line of each row in the raw table, `audit` the account of how that table came about, and `inference` what
    `lmm.infer.inference` says of the model.
    """
    fit = final_fit(study, decision, table)
    evidence = Evidence.of(study, fit, table, flagged_rows(study, audit, table))
    influence = influence_of(evidence, inference) if has_residuals(fit) else None
    with style.applied():
        figures = [*_data_figures(study, audit, table), *_figures(evidence, inference, influence)]
    drawn = [figure for figure in figures if isinstance(figure, DiagnosticFigure)]
    omitted = [figure for figure in figures if isinstance(figure, OmittedFigure)]
    shares = variance_shares(fit, table)
    collinear = collinearity(evidence) if has_residuals(fit) else None
    checks = [check.to_dict() for figure in drawn for check in figure.checks]
    findings = {
        **provenance.stamp(study, decision["row_hash"]),
        "figures": [figure.words() for figure in drawn],
        "omitted": [figure.words() for figure in omitted],
        "checks": checks + ([collinear["check"]] if collinear else []),
        "collinearity": collinear,
        "icc": intraclass_correlation(shares),
        "descriptives": descriptives(study, table, audit),
        "r2_marginal": shares.r2_marginal,
        "r2_conditional": shares.r2_conditional,
        "residuals": _largest(evidence),
        "influence": None if influence is None else influence_findings(evidence, influence),
    }
    drawings = {figure.name: figure.drawing for figure in drawn}
    return Diagnosis(fit, drawings, {figure.name: figure.printed for figure in drawn}, findings)


def _data_figures(study: Study, audit: dict, table: pandas.DataFrame) -> list[DiagnosticFigure]:
    """What there is to see before any model: rows lost, values missing, subjects gone, levels within levels."""
    return [
        *row_flow.row_flow(study, audit),
        *missing_values.missing_values(audit, study.time),
        *dropout.dropout(audit, study.time),
        level_diagram.level_diagram(study, audit, table),
    ]


def has_residuals(fit: Fit) -> bool:
    """Whether the model leaves something to look at: it may fit every row exactly."""
    return bool(fit.sigma > 0 and np.isfinite(fit.sigma))


def _figures(
    evidence: Evidence, inference: dict, influence: Influence | None
) -> list[DiagnosticFigure | OmittedFigure]:
    """All figures in the order of the report: data, fit over them, what it says, its residuals, its random effects,
    what it owes to single groups and rows."""
    figures = [
        *raw_data.raw_data(evidence),
        *fit_over_data.fit_over_data(evidence),
        *mean_figures.mean_band(evidence, inference),
        *mean_figures.marginal_means(evidence, inference),
    ]
    profiles = profile_zeta.profile_zeta(evidence.fit, inference)
    if influence is not None:
        figures += [
            residuals.against_fitted(evidence),
            scale_location.scale_location(evidence),
            *linearity.linearity(evidence),
            quantiles.residual_quantiles(evidence),
            by_group.by_group(evidence),
            *autocorrelation.autocorrelation(evidence),
            scaled.scaled(evidence),
            simulated_density.simulated_density(evidence),
        ]
        for position in range(len(evidence.fit.random)):
            figures += random_effects.of_term(evidence, position)
        figures += [*influence_groups.of_groups(evidence, influence), influence_rows.of_rows(evidence, influence)]
        return [*figures, *profiles]
    reason = "The model fits every row exactly: the residual variance is 0."
    return [
        *figures,
        *(OmittedFigure(m.NAME, m.TITLE, reason) for m in (residuals, quantiles, influence_rows)),
        *profiles,
    ]


def _largest(evidence: Evidence) -> list[dict]:
    """The five largest standardised residuals: line of the raw table, observed, fitted, standardised."""
    size = np.nan_to_num(np.abs(evidence.standardised), nan=-1.0)
    return [
        {
            "line": _line(evidence.table.index[row]),
            "observed": float(evidence.observed[row]),
            "fitted": float(evidence.fit.fitted[row]),
            "standardised": float(evidence.standardised[row]),
        }
        for row in np.argsort(-size, kind="stable")[:5]
        if size[row] >= 0
    ]


def _line(line: object) -> int | str:
    """A line as JSON holds it: a number, or "file:line" where rows come from several files."""
    return line if isinstance(line, str) else int(line)
