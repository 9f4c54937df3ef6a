"""Sensitivity as the report tells it: would another defensible model have said the same?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose import style
from lmm.diagnose.figure import DiagnosticFigure, drawn
from lmm.diagnose.labels import bare, shorten
from lmm.numbers import Rounded
from lmm.report.case import Case
from lmm.report.dots import Dot, Panel, bar_plot, dot_plot
from lmm.report.markup import told

SECTION = "sensitivity"
FOREST, BARS = "sensitivity-forest", "inclusion-frequencies"
_MOST_PANELS = 6
_MOST_SETS = 8


@dataclass(frozen=True)
class ModelRow:
    """One of the minimal, final and maximal model: its formula, and what is to be known of its fit."""

    which: str
    label: str
    formula: str
    state: str


@dataclass(frozen=True)
class Sensitivity:
    """All that the section shows, as text."""

    heading: str
    models: list[ModelRow]
    coefficients: list[dict[str, Any]]
    said: Markup
    forest: DiagnosticFigure | None
    close: list[dict[str, Any]]
    close_names: list[str]
    close_said: Markup
    weights: list[dict[str, str]]
    panel: list[dict[str, Any]]
    panel_said: Markup
    inclusion: list[dict[str, Any]]
    sets: list[dict[str, str]]
    inclusion_said: Markup
    bars: DiagnosticFigure | None


def sensitivity(case: Case) -> Sensitivity:
    """The section's content from sensitivity.json."""
    found = case.sensitivity
    drawn_sets = case.inclusion or {"terms": [], "sets": [], "sentence": ""}
    hypotheses, close, panel = found["hypotheses"], found["close"], found["panel"]
    names = list(dict.fromkeys(one["name"] for model in close["models"] for one in model["coefficients"]))
    # Where there is nothing to compare, a sentence says so, and tables would say the same thing over and over.
    differ = case.compares_random_parts
    several = len({one["formula"] for one in hypotheses["models"]}) > 1
    rivals = len(found["weights"]) > 1
    return Sensitivity(
        heading="The hypotheses across three models" if hypotheses["named"] else "The coefficients across three models",
        models=[_model_row(case, one) for one in hypotheses["models"]] if several else [],
        coefficients=[_coefficient_rows(one) for one in hypotheses["coefficients"]]
        if case.compares_random_parts
        else [],
        said=told(case.in_labels(hypotheses["sentence"])),
        forest=_forest(case, hypotheses) if differ else None,
        close=[_close_row(case, model, names) for model in close["models"]] if len(close["models"]) > 1 else [],
        close_names=[bare(one) for one in names],
        close_said=told(case.in_labels(close["sentence"])),
        weights=[_weight_row(case, one) for one in found["weights"]] if rivals else [],
        panel=[_panel_row(case, one) for one in panel["rows"]] if rivals else [],
        panel_said=told(case.in_labels(panel["sentence"])),
        inclusion=[_inclusion_row(one) for one in drawn_sets["terms"]],
        sets=[_set_row(one) for one in drawn_sets["sets"][:_MOST_SETS]],
        inclusion_said=told(bare((found["inclusion"] or {}).get("reason") or drawn_sets["sentence"])),
        bars=_bars(case.inclusion),
    )


def drawings_of(shown: Sensitivity) -> list[DiagnosticFigure]:
    """The figures of the section in their order."""
    return [figure for figure in (shown.forest, shown.bars) if figure]


def _model_row(case: Case, model: Mapping[str, Any]) -> ModelRow:
    if model["failure"]:
        state = f"could not be fitted: {model['failure'].rstrip().removesuffix('.')}"
    elif not model["converged"]:
        state = "did not converge, so that its numbers are uncertain"
    else:
        state = "singular" if model["singular"] else ""
    return ModelRow(model["which"], case.label(model["rung"]), model["formula"], state)


def _coefficient_rows(coefficient: Mapping[str, Any]) -> dict[str, Any]:
    rows = []
    for which, one in coefficient["models"].items():
        places = numbers.places_for(one["se"]) if one else 2
        rows.append(
            {
                "which": which,
                "estimate": numbers.estimate(one["estimate"], one["se"]) if one else numbers.MISSING,
                "se": numbers.estimate(one["se"], one["se"]) if one else numbers.MISSING,
                "df": numbers.degrees(one["df"]) if one else numbers.MISSING,
                "p": numbers.p_number(one["p"]) if one else numbers.MISSING,
                "interval": numbers.interval(one["lower"], one["upper"], places) if one else numbers.MISSING,
            }
        )
    return {"name": bare(coefficient["name"]), "rows": rows, "sentence": told(bare(coefficient["sentence"]))}


def _close_row(case: Case, model: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    by_name = {one["name"]: one for one in model["coefficients"]}
    return {
        "label": case.label(model["rung"]),
        "formula": model["formula"],
        "delta_aic": numbers.decimal(model["delta_aic"], 2),
        "weight": numbers.bounded(model["weight"]),
        "coefficients": [_estimate_with_interval(by_name.get(one)) for one in names],
        "is_final": model["rung"] == case.decision["final"]["rung"],
    }


def _estimate_with_interval(one: Mapping[str, Any] | None) -> str:
    if one is None or one["estimate"] is None:
        return numbers.MISSING
    limits = numbers.interval(one["lower"], one["upper"], numbers.places_for(one["se"]))
    text = f"{numbers.estimate(one['estimate'], one['se'])} {limits}"
    return Rounded(text, {"": one["estimate"], **numbers.values_of(limits)})


def _weight_row(case: Case, one: Mapping[str, Any]) -> dict[str, str]:
    return {
        "label": case.label(one["rung"]),
        "aic": numbers.decimal(one["aic"], 1),
        "delta_aic": numbers.decimal(one["delta_aic"], 1),
        "weight": Rounded("< .01", {"": one["weight"]}) if one["weight"] < 0.005 else numbers.bounded(one["weight"]),
    }


def _panel_row(case: Case, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "criterion": row["criterion"][0].upper() + row["criterion"][1:],
        "chosen": case.label(row["chosen"]) if row["chosen"] else numbers.MISSING,
        "value": _value(row),
        "margin": _margin(row),
        "agrees": "cannot tell" if row["chosen"] is None else "yes" if row["agrees"] else "no",
        "sentence": told(case.in_labels(row["sentence"])),
    }


def _value(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return numbers.MISSING
    if row["criterion"].startswith("RMSE"):
        return numbers.significant(row["value"], 4)
    if row["criterion"] == "likelihood ratio tests":
        return Rounded(numbers.p_value(row["value"]), {"": row["value"]})
    return numbers.decimal(row["value"], 1)


def _margin(row: Mapping[str, Any]) -> str:
    if row["agrees"] or row["margin"] is None:
        return ""
    size = (
        numbers.significant(row["margin"], 2)
        if row["criterion"].startswith("RMSE")
        else numbers.decimal(row["margin"], 1)
    )
    return Rounded(f"{size}, noise" if row["within_noise"] else size, {"": row["margin"]})


def _inclusion_row(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "term": bare(one["term"]),
        "selected": "always in" if one["held"] else "selected" if one["selected"] else "not selected",
        "times": numbers.count(one["times"]),
        "share": _share(one),
    }


def _set_row(one: Mapping[str, Any]) -> dict[str, str]:
    terms = ", ".join(bare(term) for term in one["terms"]) or "no term"
    return {"terms": terms, "times": numbers.count(one["times"]), "share": _share(one)}


def _share(one: Mapping[str, Any]) -> str:
    """A share of the samples with its Monte Carlo standard error, in percent."""
    if one["share"] is None:
        return numbers.MISSING
    error = f" ± {numbers.decimal(100 * one['standard_error'], 0)}" if one["standard_error"] else ""
    text = f"{numbers.decimal(100 * one['share'], 0)}{error}%"
    return Rounded(text, {"": one["share"], "SE": one["standard_error"]})


def _forest(case: Case, hypotheses: Mapping[str, Any]) -> DiagnosticFigure | None:
    """A panel for each coefficient, a dot for each model that has it."""
    found = [(one, [w for w, fit in one["models"].items() if fit]) for one in hypotheses["coefficients"]]
    shown = [(one, which) for one, which in found if which][:_MOST_PANELS]
    if not shown:
        return None
    panels = [
        Panel(
            shorten(one["name"], 50),
            shorten(f"b, {case.level} interval", 60),
            [
                Dot(w, fit["estimate"], None, (fit["lower"], fit["upper"]), w == "final")
                for w in which
                for fit in [one["models"][w]]
            ],
        )
        for one, which in shown
    ]
    seen = case.in_labels(hypotheses["sentence"])
    more = len(found) - len(shown)
    seen += f" {numbers.counted(more, 'further coefficient')} in the table alone." if more > 0 else ""
    with style.applied():
        return drawn(
            dot_plot(panels),
            name=FOREST,
            title="The coefficients in the minimal, the final and the maximal model",
            alt="Estimates with their intervals in three models, one panel for each coefficient. " + seen,
            good="Dots under one another and intervals of like width, all on the same side of zero or all reaching it: "
            "the answer does not hang on the choice of the random part.",
            seen=seen,
            do="Where the minimal model alone is clear, trust the wider intervals: a random slope left out makes tests "
            "of its fixed effect too favourable (Barr et al., 2013). Where the models differ in sign or verdict, "
            "report all three.",
            section=SECTION,
        )


def _bars(inclusion: Mapping[str, Any] | None) -> DiagnosticFigure | None:
    """How often each term that may move was selected from resampled groups."""
    moving = [one for one in (inclusion or {"terms": []})["terms"] if not one["held"] and one["share"] is not None]
    if not moving:
        return None
    ranked = sorted(moving, key=lambda one: -one["share"])
    with style.applied():
        return drawn(
            bar_plot(
                [bare(one["term"]) for one in ranked],
                [one["share"] for one in ranked],
                [one["selected"] for one in ranked],
                f"Selected from resamples of {shorten(inclusion['group'])}",
            ),
            name=BARS,
            title="How often each term is selected",
            alt="Share of the resamples in which each term was selected; filled bars are terms of the final model. "
            + bare(inclusion["sentence"]),
            good="Filled bars near 100%, outlined ones near 0%: other groups from the same population would have led "
            "to the same terms.",
            seen=bare(inclusion["sentence"]),
            do="Call a term found only where its share is high; one selected in about half of the resamples owes its "
            "place to chance as much as to the data, and its estimate is likely too large (Heinze et al., 2018).",
            section=SECTION,
        )
