"""Leverage against standardised residual: which single rows pull at the fit."""

from __future__ import annotations

import numpy as np

from lmm.diagnose import style
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.influence import NAMED, Influence
from lmm.diagnose.labels import shorten
from lmm.diagnose.thin import by_rank
from lmm.numbers import counted, decimal, significant

NAME, TITLE = "influence-rows", "Leverage against residual: single rows"
_CROWDED = 1_000
"""Among more points than this only one label finds room."""
_STRONG = 1.0
"""Standard errors by which a single row moves a coefficient, beyond which it is a concern."""


def of_rows(evidence: Evidence, influence: Influence) -> DiagnosticFigure | OmittedFigure:
    """Standardised residual over leverage of every row, the rows with the largest Cook's distance named."""
    rows, fit = influence.rows, evidence.fit
    usable = np.isfinite(evidence.standardised) & np.isfinite(rows.cooks)
    if not usable.any():
        return OmittedFigure(NAME, TITLE, "Every row is fitted exactly, so that no residual is left to look at.")
    size = np.where(usable, rows.cooks, -1.0)
    largest = np.argsort(-size, kind="stable")[:NAMED]
    top = int(largest[0])
    mean = float(rows.leverage.mean())
    high = int(np.sum(rows.leverage > 2.0 * mean))
    sentence = (
        f"Cook’s distance is largest for {evidence.row(top)} ({significant(rows.cooks[top], 2)}; leverage "
        f"{decimal(rows.leverage[top])}, standardised residual {decimal(evidence.standardised[top])})."
    )
    told = [sentence]
    strongest = 0.0
    if len(fit.beta):
        column = int(np.argmax(np.abs(rows.dfbetas[top])))
        strongest = float(np.nanmax(np.abs(rows.dfbetas[usable])))
        name = "the intercept" if fit.coefficients[column] == "(Intercept)" else shorten(fit.coefficients[column])
        told.append(
            f"Without it no fixed effect would change by more than {decimal(abs(rows.dfbetas[top, column]))} standard "
            f"errors ({name})."
        )
    verb = "has" if high == 1 else "have"
    told.append(f"{counted(high, 'row')} of {fit.n:,d} {verb} more than twice the mean leverage {decimal(mean, 3)}.")
    strong = strongest > _STRONG
    return drawn(
        _drawing(evidence, rows.leverage, usable, largest, 2.0 * mean),
        name=NAME,
        title=TITLE,
        alt=f"Scatter of the standardised residuals of {counted(int(usable.sum()), 'row')} over their leverage. "
        f"{sentence}",
        good="No row that is far to the right and far from zero at once. Leverage is how much a row’s own value counts "
        "in its fitted value, random effects included; beyond twice its mean, dashed, it deserves a look (Hoaglin & "
        "Welsch 1978).",
        seen=" ".join(told) + " Cook’s distance here is the closed form at the estimated variances (Christensen, "
        "Pearson & Johnson 1992).",
        do=(
            "Check the rows named here against their source, and report the model with and without them."
            if strong
            else "Nothing: no single row moves a fixed effect by as much as its standard error."
        ),
        concern=(
            f"A single row ({evidence.row(top)}) moves a fixed effect by {decimal(strongest)} standard errors."
            if strong
            else ""
        ),
    )


def _drawing(evidence: Evidence, leverage: np.ndarray, usable: np.ndarray, largest: np.ndarray, line: float):
    figure, (axes,) = style.canvas(3.0)
    rows = np.flatnonzero(usable)
    x, y = leverage[rows], evidence.standardised[rows]
    shown = np.union1d(by_rank(x, 500), by_rank(y, 500))
    axes.axhline(0, color=style.INK, linewidth=0.8)
    axes.scatter(x[shown], y[shown], **style.points(len(shown)))
    axes.axvline(line, color=style.BLUE, linewidth=1.0, linestyle=(0, (4, 3)))
    named = [row for row in largest[: 1 if len(rows) > _CROWDED else NAMED] if usable[row]]
    axes.scatter(leverage[named], evidence.standardised[named], s=22, color=style.VERMILLION, marker="D", linewidths=0)
    style.label_points(axes, leverage[named], evidence.standardised[named], [evidence.row(row) for row in named])
    axes.set_xlabel("Leverage")
    axes.set_ylabel("Standardised residual")
    return figure
