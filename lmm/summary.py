"""A fit as text, laid out as lme4 prints it."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmm.model import Fit


def summary(fit: Fit) -> str:
    """Criterion, residuals, random effects, fixed effects and, where there is something to say, warnings."""
    method = ("REML" if fit.reml else "maximum likelihood") if fit.random else "ordinary least squares"
    lines = [
        f"Linear {'mixed ' if fit.random else ''}model fitted by {method}",
        f"Formula: {fit.formula}",
        "",
        f"logLik {fit.loglik:.4f}   deviance {fit.deviance:.4f}   AIC {fit.aic:.4f}   BIC {fit.bic:.4f}",
        f"Rows: {fit.n}" + (f" ({fit.n_dropped} left out for missing values)" if fit.n_dropped else ""),
    ]
    if fit.random:
        levels = "; ".join(f"{group}, {count}" for group, count in fit.groups.items())
        lines += [f"Levels: {levels}", "", "Random effects:"]
        lines += _aligned(_random_rows(fit), "llrrl")
    lines += ["", "Fixed effects:"]
    rows = [("", "Estimate", "Std. error", "t value")]
    for name, estimate, se in zip(fit.coefficients, fit.beta, fit.se, strict=True):
        rows.append((name, f"{estimate:.6g}", f"{se:.4g}", f"{estimate / se:.3f}" if se > 0 else ""))
    lines += _aligned(rows, "lrrr")
    notes = []
    if fit.dropped_columns:
        notes.append(f"Dropped, because earlier columns explain them: {', '.join(fit.dropped_columns)}.")
    notes += [f"Singular fit: {sentence}" for sentence in fit.collapsed]
    if not fit.converged:
        notes.append(f"Not converged: {fit.convergence.message}")
    elif len(fit.convergence.optima) > 1:
        notes.append(fit.convergence.message)
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _random_rows(fit: Fit) -> list[tuple[str, ...]]:
    rows = [("Group", "Effect", "Variance", "Std. dev.", "Correlations")]
    for term in fit.random:
        for i, (name, sd) in enumerate(zip(term.names, term.sd, strict=True)):
            correlations = ["–" if isnan(value) else f"{value:.3f}" for value in term.correlation[i, :i]]
            group = term.group if i == 0 else ""
            rows.append((group, name, f"{sd**2:.5g}", f"{sd:.5g}", " ".join(correlations)))
    rows.append(("Residual", "", f"{fit.sigma**2:.5g}", f"{fit.sigma:.5g}", ""))
    return rows


def _aligned(rows: list[tuple[str, ...]], sides: str) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(sides))]
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if side == "l" else cell.rjust(width)
            for cell, width, side in zip(row, widths, sides, strict=True)
        ).rstrip()
        for row in rows
    ]
