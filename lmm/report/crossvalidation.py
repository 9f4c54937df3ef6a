"""Cross-validation as the report tells it: the models on each of the two targets, which are never mixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose import style
from lmm.diagnose.figure import DiagnosticFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.numbers import Rounded
from lmm.report import calibration
from lmm.report.case import Case
from lmm.report.dots import Dot, Panel, dot_plot
from lmm.report.markup import listing, name, say, sentences
from lmm.select.crossvalidation.comparison import NOISE, SMALL_LOG_SCORE
from lmm.select.crossvalidation.folds import (
    EACH_GROUP,
    EACH_ROW,
    KNOWN_GROUPS,
    LAST_OCCASION,
    NEW_GROUPS,
    SOME_GROUPS,
    SOME_ROWS,
)
from lmm.select.table import REFERENCE

LADDER, SECTION = "the ladder", "crossvalidation"
_MOST_DRAWN = 10


@dataclass(frozen=True)
class Row:
    """A model's scores as text: how far it is behind the best by either, and whether that is noise."""

    id: str
    label: str
    rmse: str
    behind_in_rmse: str
    rmse_noise: str
    log_score: str
    behind_in_log_score: str
    log_noise: str
    failed: str
    is_final: bool


@dataclass(frozen=True)
class Target:
    """One comparison: what is predicted, by which folds, the models with their scores, what follows, the drawing."""

    heading: Markup
    how: Markup
    caption: str
    rows: list[Row]
    notes: list[Markup]
    figure: DiagnosticFigure | None


def targets(case: Case) -> list[Target]:
    """Every comparison there is, new groups before known ones."""
    return [
        Target(
            heading=_heading(comparison["folds"]),
            how=sentences([folds_said(comparison["folds"]), _measures(comparison["folds"]["target"])]),
            caption=_caption(comparison),
            rows=[_row(case, model, comparison["folds"]["number"]) for model in comparison["models"]],
            notes=_notes(case, comparison),
            figure=_figure(case, comparison, number),
        )
        for number, comparison in enumerate(case.comparisons)
    ]


def not_done(case: Case) -> list[Markup]:
    """Targets that were not validated, each with its reason."""
    found = case.crossvalidation["reasons"]
    return [say("{}: {}", target.capitalize(), case.in_labels(reason)) for target, reason in found.items()]


def inside(case: Case) -> list[Markup]:
    """What the training rows of each fold taught, and what all rows did."""
    if not case.comparisons:
        return []
    learnt = ["the fixed effects", "all variances and correlations"]
    learnt += ["the constants of centring and scaling"] if _centres(case) else []
    said = say("Learnt from the training rows of each fold alone: {}.", listing(learnt))
    if LADDER in _ids(case):
        said += say(
            " For “{}” the choice of the model as well: the ladder was climbed anew in each fold, its tests by their "
            "large-sample distributions. What it is behind the final model is the price of having to choose.",
            _NAME_OF_LADDER,
        )
    kept = case.crossvalidation["kept"]
    parts = [said, *(say("Not learnt anew in each fold: {}", sentence) for sentence in kept)]
    if not kept and case.study.steps:
        parts.append(say("Nothing else that the steps of the preparation did depends on rows held out."))
    return parts


def learnt_beside(case: Case) -> str:
    """What was learnt inside the folds beside the estimates, to follow them in a sentence."""
    more = [", the constants of centring and scaling"] if _centres(case) else []
    more += [" and, for the ladder climbed anew, the choice of the model"] if LADDER in _ids(case) else []
    return "".join(more)


def concerns(case: Case) -> list[tuple[str, Markup]]:
    """Where another model predicts better than the final one by more than noise, and where predictions of the final
    one are clearly too far apart or too close: name of the figure, sentence."""
    found = [(_figure_name(number), _concern(case, one)) for number, one in enumerate(case.comparisons)]
    found.append((calibration.NAME, calibration.concern(case)))
    return [(figure, say("{}", sentence)) for figure, sentence in found if sentence]


def folds_said(folds: Mapping[str, Any]) -> Markup:
    """What was held out, in a sentence in the past tense."""
    number, seed = numbers.count(folds["number"]), folds["seed"]
    group = name(folds["group"])
    text = {
        EACH_GROUP: "Each of the {number} levels of {group} was held out in turn, with all its rows, and predicted by "
        "models fitted to the others.",
        SOME_GROUPS: "The levels of {group} were dealt at random (seed {seed}) over {number} folds; each fold was held "
        "out in turn, with all rows of its levels, and predicted by models fitted to the other levels.",
        EACH_ROW: "Each row was held out in turn and predicted by models fitted to all others, those of its own level "
        "of {group} among them.",
        SOME_ROWS: "The rows of each level of {group} were dealt at random (seed {seed}) over {number} folds; each "
        "fold was held out in turn and predicted by models fitted to the others, so that every level kept rows to "
        "learn its own random effects from.",
        LAST_OCCASION: "The rows at the last time of each level of {group} were held out together and predicted by "
        "models fitted to the earlier ones.",
    }[folds["scheme"]]
    return say(text, number=number, group=group, seed=str(seed))


def final_said(case: Case, comparison: Mapping[str, Any]) -> str:
    """How the final model stands by log score, and by RMSE where that can tell models apart."""
    measures = ["log_score"] if comparison["folds"]["target"] == NEW_GROUPS else ["log_score", "rmse"]
    return " ".join(said for measure in measures if (said := _standing(case, comparison, measure)))


_NAME_OF_LADDER = "The whole ladder, climbed anew"
_MEASURES = {"log_score": "log score", "rmse": "RMSE"}


def _label(case: Case, model: str) -> str:
    return _NAME_OF_LADDER if model == LADDER else case.label(model)


def _ids(case: Case) -> set[str]:
    return {model["model"] for comparison in case.comparisons for model in comparison["models"]}


def _centres(case: Case) -> bool:
    return any(step.kind == "centre" for step in case.study.steps)


def _heading(folds: Mapping[str, Any]) -> Markup:
    if folds["target"] == NEW_GROUPS:
        return say("New groups: levels of {} not seen before", name(folds["group"]))
    return say("Known groups: further rows of levels seen before")


def _measures(target: str) -> Markup:
    if target == KNOWN_GROUPS:
        return say(
            "Predictions use the random effects of the levels, as the training rows know them. RMSE is the root mean "
            "squared error; the log score is the sum of log predictive densities, the higher the better, and judges "
            "the width of predictions too."
        )
    return say(
        "The random effects of a new level are not known, so that every model predicts by its fixed part alone. Models "
        "with the same fixed part then have nearly the same RMSE whatever their random parts: RMSE cannot rank these. "
        "The log score, the log density of all rows of a level together under the marginal model, can: it judges how "
        "far levels and their rows may lie from the mean. The higher, the better."
    )


def _caption(comparison: Mapping[str, Any]) -> str:
    rows, units = numbers.counted(comparison["rows"], "row"), numbers.counted(comparison["units"], "level")
    noise, small = numbers.plain(NOISE), numbers.plain(SMALL_LOG_SCORE)
    return (
        f"{rows} of {units} of {comparison['folds']['group']}, the same for every model. Behind: difference from the "
        f"best model, ± standard error of the differences paired by level. Noise: less than {noise} standard errors, "
        f"or {small} in log score."
    )


def _row(case: Case, model: Mapping[str, Any], folds: int) -> Row:
    in_rmse, in_log = model["behind_in_rmse"], model["behind_in_log_score"]
    failed = sum(model["failed"].values())
    return Row(
        id=model["model"],
        label=_label(case, model["model"]),
        rmse=numbers.significant(model["rmse"], 4),
        behind_in_rmse=_behind(in_rmse),
        rmse_noise=_noise(in_rmse),
        log_score=numbers.decimal(model["log_score"], 2),
        behind_in_log_score=_behind(in_log),
        log_noise=_noise(in_log),
        failed=Rounded(f"{numbers.count(failed)} of {numbers.count(folds)}" if failed else "0", {"": failed}),
        is_final=model["model"] == case.decision["final"]["rung"],
    )


def _behind(difference: Mapping[str, Any] | None) -> str:
    if difference is None:
        return numbers.MISSING
    value, error = difference["value"], difference["standard_error"]
    if value == 0:
        return Rounded("0", {"": 0.0, "SE": error})
    if error is None:
        return numbers.significant(value)
    return Rounded(f"{numbers.estimate(value, error)} ± {numbers.estimate(error, error)}", {"": value, "SE": error})


def _noise(difference: Mapping[str, Any] | None) -> str:
    if difference is None:
        return numbers.MISSING
    if difference["value"] == 0:
        return "best"
    return {True: "yes", False: "no", None: numbers.MISSING}[difference["within_noise"]]


def _notes(case: Case, comparison: Mapping[str, Any]) -> list[Markup]:
    found = [say("{}", case.in_labels(note)) for note in comparison["notes"]]
    for model in comparison["models"]:
        label = _label(case, model["model"])
        for reason, count in model["failed"].items():
            text = "“{}” has no predictions in {}: {}."
            found.append(say(text, label, numbers.counted(count, "fold"), reason.rstrip().removesuffix(".")))
        for reason, count in model["unscored"].items():
            text = "“{}” did not predict {} of other folds: {}."
            found.append(say(text, label, numbers.counted(count, "row"), reason.rstrip().removesuffix(".")))
        if model["model"] == LADDER and model["formulas"]:
            found.append(_chosen(model["formulas"]))
    return found


def _chosen(formulas: Mapping[str, int]) -> Markup:
    """Which models the ladder chose in the folds, the most frequent first."""
    total = sum(formulas.values())
    ranked = sorted(formulas.items(), key=lambda item: -item[1])
    each = [say("<code>{}</code> in {} of {}", formula, count, total) for formula, count in ranked[:5]]
    rest = say("; {} more", numbers.counted(len(ranked) - 5, "model")) if len(ranked) > 5 else ""
    return say("Climbed anew in each fold, the ladder chose {}{}.", listing(each), rest)


def _final(case: Case, comparison: Mapping[str, Any]) -> Mapping[str, Any] | None:
    rung = case.decision["final"]["rung"]
    return next((model for model in comparison["models"] if model["model"] == rung), None)


def _standing(case: Case, comparison: Mapping[str, Any], measure: str) -> str:
    """Where the final model stands by one measure, and how many others noise does not tell from the best."""
    final, word = _final(case, comparison), _MEASURES[measure]
    best = next((m for m in comparison["models"] if m["model"] == comparison[f"best_by_{measure}"]), None)
    if final is None or best is None or final[f"behind_in_{measure}"] is None:
        return ""
    behind = final[f"behind_in_{measure}"]
    value = numbers.decimal(best[measure], 2) if measure == "log_score" else numbers.significant(best[measure], 4)
    if behind["value"] == 0:
        said = f"By {word} no model predicts better than the final one ({value})."
    else:
        said = (
            f"By {word} “{_label(case, best['model'])}” predicts best ({value}); the final model is behind by "
            f"{_behind(behind)}, {_verdict(behind)}."
        )
    candidates = [m for m in comparison["models"] if m["model"] != LADDER]
    others = [m for m in candidates if m is not best and m[f"behind_in_{measure}"] is not None]
    if all(m[f"behind_in_{measure}"]["within_noise"] is None for m in others):
        return said
    noise = sum(m[f"behind_in_{measure}"]["within_noise"] is True for m in others)
    if len(others) > 1 and noise == 0:
        which = "Both" if len(others) == 2 else f"All {numbers.count(len(others))}"
        return f"{said} {which} other models are behind by more than noise."
    if len(others) == noise == 2:
        return f"{said} Both other models are within noise of it."
    if len(others) > 1:
        are = "is" if noise == 1 else "are"
        return f"{said} Of {numbers.count(len(others))} other models {numbers.count(noise)} {are} within noise of it."
    if others and others[0] is not final:
        return f"{said} The other model is {'within noise of it' if noise else 'behind by more than noise'}."
    return said


def _verdict(behind: Mapping[str, Any]) -> str:
    if behind["within_noise"] is None:
        return "without a standard error"
    if not behind["within_noise"]:
        return "which is more than noise"
    small = behind["value"] >= NOISE * behind["standard_error"]
    return f"which, being less than {numbers.plain(SMALL_LOG_SCORE)}, is within noise" if small else "within noise"


def _concern(case: Case, comparison: Mapping[str, Any]) -> str:
    """A sentence where another model than the ladder itself predicts better than the final one, beyond noise."""
    final = _final(case, comparison)
    behind = final and final["behind_in_log_score"]
    if not behind or behind["within_noise"] is not False:
        return ""
    best = _label(case, comparison["best_by_log_score"])
    return (
        f"In cross-validation on {comparison['folds']['target']} “{best}” predicts better than the final model, by "
        f"{_behind(behind)} in log score, which is more than noise."
    )


def _figure_name(number: int) -> str:
    return f"cross-validation-{number + 1}"


def _figure(case: Case, comparison: Mapping[str, Any], number: int) -> DiagnosticFigure | None:
    """How far each model is behind the best; RMSE is drawn only where it can rank random parts."""
    target = comparison["folds"]["target"]
    measures = ["log_score"] if target == NEW_GROUPS else ["log_score", "rmse"]
    panels = [panel for measure in measures if (panel := _panel(case, comparison, measure)) is not None]
    if not panels:
        return None
    seen = final_said(case, comparison) + _not_drawn(case, comparison)
    of_group = f", {shorten(comparison['folds']['group'])}" if target == NEW_GROUPS else ""
    with style.applied():
        return drawn(
            dot_plot(panels),
            name=_figure_name(number),
            title=f"Prediction of {target}{of_group}",
            alt=f"How far each model is behind the best in predicting {target}, with standard errors. {seen}",
            good="The final model (diamond) at zero, or with a thin line that reaches zero, or less than "
            f"{numbers.plain(SMALL_LOG_SCORE)} behind in log score: no model predicts clearly better. Thick lines are "
            "one standard error to either side, thin ones two; they are somewhat too short, as folds share most of "
            "their training rows (Bengio & Grandvalet, 2004).",
            seen=seen,
            do=_DO[target],
            concern=_concern(case, comparison),
            section=SECTION,
        )


_DO = {
    NEW_GROUPS: "Quote this target if the results are to hold for groups outside the study, and rank random parts by "
    "the log score. Between models within noise of one another prediction does not decide: the design does, then "
    "simplicity.",
    KNOWN_GROUPS: "Quote this target if the groups of this study are to be predicted further. Between models within "
    "noise of one another prediction does not decide: the design does, then simplicity.",
}


def _panel(case: Case, comparison: Mapping[str, Any], measure: str) -> Panel | None:
    """The drawn models by how far they are behind; none where there is nothing to set side by side."""
    final, behind = _final(case, comparison), f"behind_in_{measure}"
    known = [model for model in _drawn(case, comparison) if model[behind] is not None]
    if len(known) < 2:
        return None
    ranked = sorted(known, key=lambda model: model[behind]["value"])
    shown = [model for place, model in enumerate(ranked) if place < _MOST_DRAWN or model is final]
    dots = [_dot(case, model, model[behind], model is final) for model in shown]
    word = _MEASURES[measure]
    return Panel("", f"{word[0].upper()}{word[1:]}: behind the best", dots)


def _drawn(case: Case, comparison: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The models of a drawing: without the references, beside which the differences of all others would vanish."""
    references = {entry["id"] for entry in case.decision["table"] if entry["decision"] == REFERENCE}
    others = [model for model in comparison["models"] if model["model"] not in references]
    return others if len(others) > 1 else list(comparison["models"])


def _not_drawn(case: Case, comparison: Mapping[str, Any]) -> str:
    """A sentence on the models that the drawing leaves to the table; empty where it has all."""
    models = _drawn(case, comparison)
    further = max(0, len(models) - _MOST_DRAWN)
    left_out = ["the references without random effects"] if len(models) < len(comparison["models"]) else []
    left_out += [f"those further behind than the first {_MOST_DRAWN}"] if further else []
    return f" Not drawn: {numbers.listing(left_out)}, see the table." if left_out else ""


def _dot(case: Case, model: Mapping[str, Any], behind: Mapping[str, Any], is_final: bool) -> Dot:
    value, error, rung = behind["value"], behind["standard_error"], model["model"]
    inner = outer = None
    if error and value:
        inner, outer = (value - error, value + error), (value - NOISE * error, value + NOISE * error)
    label = _NAME_OF_LADDER if rung == LADDER else case.short_label(rung)
    return Dot(f"Final: {label}" if is_final else label, value, inner, outer, is_final)
