"""Which model cross-validation would choose by itself, by log score and by root mean squared error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lmm.numbers import decimal, listing, significant
from lmm.select.crossvalidation.folds import NEW_GROUPS
from lmm.select.panelrow import Row
from lmm.select.rivals import Entry, mean_of
from lmm.select.wording import without_full_stop

# Root mean squared errors this close, relative to the smaller, and log scores this close, are those of one prediction.
SAME_RMSE, SAME_LOG_SCORE = 1e-6, 1e-3
LOG_SCORE, RMSE = "log score", "RMSE"
# Models beyond this many are counted in a sentence, not named.
MOST_NAMED = 4


def validation_rows(
    target: str, comparison: Mapping[str, Any], pool: Sequence[Entry], decision: Mapping[str, Any]
) -> list[Row]:
    """What the log score and the root mean squared error of one comparison would choose, among some candidates."""
    of = f" of {comparison['folds']['group']}" if target == NEW_GROUPS else ""
    entries = {entry["id"]: entry for entry in pool}
    scored = [one for one in comparison["models"] if one["model"] in entries and one["log_score"] is not None]
    final = decision["final"]["rung"]
    mine = next((one for one in scored if one["model"] == final), None)
    names = {measure: f"{measure} for {target}{of}" for measure in (LOG_SCORE, RMSE)}
    if mine is None:
        why = f"as the final model {final} is not among the sound candidates that it scored"
        return [Row(name, f"The {name} cannot judge, {why}.") for name in names.values()]
    return [
        _by_score(LOG_SCORE, names[LOG_SCORE], scored, mine),
        _by_rmse_of_new_groups(names[RMSE], scored, mine, entries)
        if target == NEW_GROUPS
        else _by_score(RMSE, names[RMSE], scored, mine),
    ]


def _by_score(measure: str, name: str, scored: Sequence[Mapping[str, Any]], mine: Mapping[str, Any]) -> Row:
    """The model that predicts best, the final one where it is its equal."""
    final, own, best = mine["model"], _loss(measure, mine), min(scored, key=lambda one: _loss(measure, one))
    if own - _loss(measure, best) <= _rounding(measure, best):
        others = [one for one in scored if one is not mine]
        beside = "" if others else ", the only one that was cross-validated"
        told = f"The {name} is best for the final model {final} ({_value(measure, mine)}){beside}."
        equal = [one["model"] for one in others if _loss(measure, one) - own <= _rounding(measure, best)]
        if equal:
            told = f"The {name} is the same for the final model {final} and {listing(equal)} ({_value(measure, mine)})."
        return Row(name, told, final, _score(measure, mine), 0.0, agrees=True)
    margin = own - _loss(measure, best)
    noise, error = _noise(measure, best, mine)
    better = "higher" if measure == LOG_SCORE else "lower"
    amount = decimal(margin, 1) if measure == LOG_SCORE else significant(margin, 2)
    judged = {True: ", a difference within noise", False: ", more than noise", None: ""}[noise]
    spread = f" ± {decimal(error, 1) if measure == LOG_SCORE else significant(error, 2)}" if error is not None else ""
    told = (
        f"The {name} would choose {best['model']} ({_value(measure, best)}), {better} by {amount}{spread} than for the "
        f"final model {final}{judged}."
    )
    return Row(name, told, best["model"], _score(measure, best), margin, within_noise=noise)


def _by_rmse_of_new_groups(
    name: str, scored: Sequence[Mapping[str, Any]], mine: Mapping[str, Any], entries: Mapping[str, Entry]
) -> Row:
    """New groups are predicted by the mean, so that this ranks means and cannot rank random parts (method, rule 14)."""
    final = mine["model"]
    mean = mean_of(entries[final]["formula"])
    alike = [one for one in scored if mean_of(entries[one["model"]]["formula"]) == mean]
    others = [one for one in scored if one not in alike]
    best_alike = min(alike, key=lambda one: one["rmse"])
    best_other = min(others, key=lambda one: one["rmse"], default=None)
    if best_other and best_alike["rmse"] - best_other["rmse"] > _rounding(RMSE, best_other):
        row = _by_score(RMSE, name, [best_other, mine], mine)
        told = f"{without_full_stop(row.sentence)}; it compares their means only."
        return replace(row, sentence=told)
    span = [min(one["rmse"] for one in alike), max(one["rmse"] for one in alike)]
    shown = [significant(value, 5) for value in span]
    values = shown[0] if shown[0] == shown[1] else f"{shown[0]} to {shown[1]}"
    told = (
        f"The {name} cannot rank random parts, as a new group is predicted by the mean alone: it is {values} for "
        f"{listing([one['model'] for one in alike]) if len(alike) <= MOST_NAMED else f'all {len(alike)} of them'}."
    )
    return Row(name, told, None, mine["rmse"], 0.0, agrees=True)


def _score(measure: str, one: Mapping[str, Any]) -> float:
    return one["log_score"] if measure == LOG_SCORE else one["rmse"]


def _loss(measure: str, one: Mapping[str, Any]) -> float:
    """What is to be small."""
    return -one["log_score"] if measure == LOG_SCORE else one["rmse"]


def _rounding(measure: str, best: Mapping[str, Any]) -> float:
    return SAME_LOG_SCORE if measure == LOG_SCORE else SAME_RMSE * best["rmse"]


def _value(measure: str, one: Mapping[str, Any]) -> str:
    return decimal(one["log_score"], 1) if measure == LOG_SCORE else significant(one["rmse"], 4)


def _noise(measure: str, best: Mapping[str, Any], mine: Mapping[str, Any]) -> tuple[bool | None, float | None]:
    """Whether the final model is behind the best candidate by no more than noise, and the standard error of that.

    Where the best of all is no candidate but the whole procedure, standard errors are of the differences from it; what
    is within noise of the best of all is so of the candidate between them.
    """
    key = "behind_in_log_score" if measure == LOG_SCORE else "behind_in_rmse"
    behind = mine[key]
    if best[key]["value"] == 0.0:
        return behind["within_noise"], behind["standard_error"]
    return behind["within_noise"] or None, None
