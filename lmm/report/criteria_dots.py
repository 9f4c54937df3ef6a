"""How far the criteria of each candidate lie above the lowest, as dots: what the ladder's table says in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmm import numbers
from lmm.diagnose import style
from lmm.diagnose.figure import DiagnosticFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.formula import parse
from lmm.report.case import Case
from lmm.report.dots import label_row
from lmm.select.rivals import mean_of, random_terms, with_one_mean

NAME, SECTION = "criteria", "ladder"
_CRITERIA = {"aic": "AIC", "bic": "BIC over rows", "bic_groups": "BIC over groups"}
_LOOKS = {
    "aic": {"marker": "o", "markersize": 5, "markerfacecolor": style.BLUE, "markeredgecolor": style.BLUE},
    "bic": {"marker": "s", "markersize": 7, "markerfacecolor": "none", "markeredgecolor": style.INK},
    "bic_groups": {"marker": "^", "markersize": 7, "markerfacecolor": "none", "markeredgecolor": style.VERMILLION},
}
_CLOSE, _LINEAR = 2, 10
_TICKS = (0, 2, 5, 10, 30, 100, 300, 1_000, 3_000, 10_000, 100_000, 1_000_000)
_MOST_DRAWN = 15


def criteria_figure(case: Case) -> DiagnosticFigure | None:
    """A row for each candidate with an optimum and the final model's mean, by REML; None where there is but one."""
    candidates = _candidates(case)
    final = next((one for one in candidates if one["id"] == case.decision["final"]["rung"]), None)
    if len(candidates) < 2 or final is None:
        return None
    shown = [one for place, one in enumerate(candidates) if place < _MOST_DRAWN or one is final]
    seen = _seen(case, candidates, final)
    left_out = len(candidates) - len(shown)
    more = f" {numbers.counted(left_out, 'candidate')} with a higher AIC in the table alone." if left_out else ""
    far = any(one["above"][key] > _LINEAR for one in shown for key in _CRITERIA)
    squeezed = f" Beyond {_LINEAR} the scale is compressed." if far else ""
    with style.applied():
        return drawn(
            _drawing(case, shown),
            name=NAME,
            title="The criteria of the candidates",
            alt=f"How far AIC and BIC of each candidate lie above the lowest, by REML. {seen}",
            good="All dots of the final model at zero or in the grey band: no candidate is more than "
            f"{_CLOSE} better by any criterion. Where the three part, they weigh parameters differently: BIC asks more "
            "of each than AIC, the more so the more rows or groups it counts.",
            seen=seen + more + squeezed,
            do=f"Treat candidates within {_CLOSE} of one another as about equally supported, and look in the section "
            "on sensitivity for what they say of the coefficients. No criterion decides over grouping factors that "
            "belong to the design.",
            section=SECTION,
        )


def _candidates(case: Case) -> list[dict[str, Any]]:
    """Those to compare, the lowest AIC first, each with how far its criteria lie "above" the lowest."""
    final = case.decision["final"]["rung"]
    grouped = bool(case.fit.random)
    by_model: dict[tuple, Mapping[str, Any]] = {}
    for entry in case.decision["table"]:
        if entry["failure"] or not entry["converged"] or not entry["reml"]:
            continue
        if grouped and not parse(entry["formula"]).random:
            continue
        model = (mean_of(entry["formula"]), random_terms(entry["formula"]))
        if model not in by_model or entry["id"] == final:
            by_model[model] = entry
    pool = with_one_mean(case.study, case.decision, list(by_model.values()))
    lowest = {key: min(entry["reml"][key] for entry in pool) for key in _CRITERIA} if pool else {}
    found = [
        {
            "id": entry["id"],
            "singular": entry["singular"],
            "above": {key: entry["reml"][key] - lowest[key] for key in _CRITERIA},
        }
        for entry in pool
    ]
    return sorted(found, key=lambda one: one["above"]["aic"])


def _seen(case: Case, candidates: list[dict[str, Any]], final: Mapping[str, Any]) -> str:
    """Where the final model stands by each criterion, and how many candidates are close by AIC."""
    at_best = [word for key, word in _CRITERIA.items() if final["above"][key] == 0]
    told = (
        [f"Of {len(candidates)} candidates the final model has the lowest {numbers.listing(at_best)}."]
        if at_best
        else []
    )
    beaten: dict[str, list[str]] = {}
    for key in _CRITERIA:
        if final["above"][key] > 0:
            best = next(one for one in candidates if one["above"][key] == 0)
            beaten.setdefault(best["id"], []).append(key)
    for best, keys in beaten.items():
        above = numbers.listing([numbers.significant(final["above"][key], 2) for key in keys])
        words = numbers.listing([_CRITERIA[key] for key in keys])
        told.append(f"By {words} {shorten(case.short_label(best), 80)} is lowest, the final model {above} above it.")
    close = sum(one["above"]["aic"] < _CLOSE for one in candidates)
    told.append(
        f"{numbers.counted(close, 'candidate lies', 'candidates lie')} less than {_CLOSE} above the lowest AIC."
    )
    return " ".join(told)


def _drawing(case: Case, shown: list[dict[str, Any]]) -> Figure:
    figure, (axes,) = style.canvas(0.95 + 0.38 * len(shown))
    rows = range(len(shown))
    for key, look in _LOOKS.items():
        axes.plot([one["above"][key] for one in shown], [-row for row in rows], linestyle="none", zorder=3, **look)
    for row, one in enumerate(shown):
        is_final = one["id"] == case.decision["final"]["rung"]
        label = (
            ("Final: " if is_final else "") + case.short_label(one["id"]) + (", singular" if one["singular"] else "")
        )
        label_row(axes, label, -row, 0.22, bold=is_final)
    _scale(axes, max(one["above"][key] for one in shown for key in _CRITERIA))
    axes.set_ylim(0.5 - len(shown), 0.85)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    axes.set_xlabel("Above the lowest, by REML")
    style.key(
        figure,
        [(_CRITERIA[key], {"linestyle": "none", **look}) for key, look in _LOOKS.items()],
    )
    return figure


def _scale(axes: Axes, farthest: float) -> None:
    """Differences to 10 as they are; beyond it by their logarithm, lest one poor candidate squeeze all others."""
    axes.axvspan(0, _CLOSE, color=style.INK, alpha=0.1, linewidth=0)
    if farthest > 2 * _LINEAR:
        axes.set_xscale("symlog", linthresh=_LINEAR, linscale=1.2)
        ticks = [tick for tick in _TICKS if tick <= 1.5 * farthest]
        axes.set_xticks(ticks, [numbers.count(tick) for tick in ticks])
        axes.set_xticks([], minor=True)
    axes.set_xlim(left=-0.35 if farthest <= 2 * _LINEAR else -0.8, right=max(1.15 * farthest, 2.5))
