"""Which model each criterion would choose by itself: AIC, both BIC, the likelihood ratio tests and cross-validation.

Criteria answer different questions. AIC and cross-validation ask which model predicts best, BIC which is likeliest to
be true among those given, the test whether the smaller one can be given up (Burnham & Anderson 2002, chapter 6). Where
they disagree the data leave the choice open, which a reader should see in numbers. Random parts are compared by REML at
one mean, that of the final model where others were fitted with it; a model that lacks a grouping factor of the design
is no choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from lmm.numbers import decimal, listing, p_value, significant
from lmm.select.criteria import AIC, BIC, BIC_GROUPS, TIE
from lmm.select.crossvalidation.folds import KNOWN_GROUPS, NEW_GROUPS
from lmm.select.rivals import Entry, mean_of, random_terms, rivals, with_one_mean, with_random_part
from lmm.select.slopeterms import PARSIMONIOUS
from lmm.select.testpath import TestPath, likelihood_ratio_path
from lmm.select.wording import level, without_full_stop

if TYPE_CHECKING:
    from lmm.study import Study

INFORMATION = {
    AIC: ("AIC", "aic"),
    BIC: ("BIC over observations", "bic"),
    BIC_GROUPS: ("BIC over groups", "bic_groups"),
}
# Differences below 2 are substantial support for both (Burnham & Anderson 2002, section 2.6) and, in BIC, "not worth
# more than a bare mention" (Kass & Raftery 1995, section 3.2).
LITTLE = 2.0
# Root mean squared errors this close, relative to the smaller, and log scores this close, are those of one prediction.
SAME_RMSE, SAME_LOG_SCORE = 1e-6, 1e-3
LOG_SCORE, RMSE = "log score", "RMSE"
# Models beyond this many are counted in a sentence, not named.
MOST_NAMED = 4


@dataclass(frozen=True)
class Row:
    """What one criterion would choose.

    Attributes:
        criterion: its name. estimator: by which the models it compares were fitted; None for cross-validation.
        chosen: name of a candidate; None where the criterion cannot tell or leads to a model that was not fitted.
        value: of the criterion for that candidate; the p-value of the deciding test.
        margin: by how much it beats the final model; None where there is no such number.
        agrees: whether it would choose the final model, or cannot tell it from the others.
        over_intercepts: of AIC and BIC, the final model's value less that of the model with its mean and intercepts
            alone; negative where the slopes are worth their parameters. None where there is no such difference.
        within_noise: whether the margin is within twice its standard error; None where it has none.
        sentence: all this in words.
    """

    criterion: str
    estimator: str | None
    chosen: str | None
    value: float | None
    margin: float | None
    agrees: bool
    within_noise: bool | None
    sentence: str
    over_intercepts: float | None = None


def panel(study: Study, decision: Mapping[str, Any], crossvalidation: Mapping[str, Any]) -> dict[str, Any]:
    """Ask each criterion by itself, and set what it says beside the decision.

    Args:
        study: its design. decision: what `lmm.select.decide` returned.
        crossvalidation: the comparisons of each target, and why there are none.
    """
    pool = rivals(study, decision)
    final = decision["final"]["rung"]
    alike = with_one_mean(study, decision, pool)
    mine = with_random_part(alike, random_terms(decision["final"]["formula"]))
    minimal = with_random_part(alike, random_terms(decision["models"]["minimal"]["formula"]))
    rows = [_by_information(one, alike, mine, final) for one in INFORMATION]
    rows = [_over_intercepts(row, one, alike, mine, minimal) for row, one in zip(rows, INFORMATION, strict=True)]
    rows.append(_by_tests(study, decision))
    for target in (NEW_GROUPS, KNOWN_GROUPS):
        for comparison in crossvalidation["targets"].get(target, []):
            rows += _by_crossvalidation(target, comparison, pool, decision)
    return {
        "rows": [asdict(row) for row in rows],
        "sentence": _overall(study, decision, rows, len(alike), crossvalidation),
    }


def _by_information(criterion: str, pool: Sequence[Entry], mine: Entry | None, final: str) -> Row:
    name, key = INFORMATION[criterion]
    values = {entry["id"]: entry["reml"][key] for entry in pool}
    if not values:
        sentence = f"{name} has nothing to compare, as no candidate of the whole design has a sound fit."
        return Row(name, "REML", None, None, None, False, None, sentence)
    least = min(values.values())
    if mine is None:
        chosen = next(one for one, value in values.items() if value <= least + TIE)
        sentence = (
            f"{name} by REML would choose {chosen} ({decimal(values[chosen], 1)}); the final model {final} cannot be "
            "set against it, as its fit is not sound."
        )
        return Row(name, "REML", chosen, values[chosen], None, False, None, sentence)
    own, what = values[mine["id"]], _what(mine, final)
    if own <= least + TIE:
        return Row(name, "REML", final, own, 0.0, True, None, _lowest(name, values, mine, what))
    chosen = next(entry for entry in pool if values[entry["id"]] <= least + TIE)
    margin = own - values[chosen["id"]]
    little = ", which is little" if margin < LITTLE else ""
    boundary = "; it lies on the boundary" if chosen["singular"] else ""
    sentence = (
        f"{name} by REML would choose {chosen['id']} ({decimal(values[chosen['id']], 1)}), lower by "
        f"{decimal(margin, 1)} than for {what}{little}{boundary}."
    )
    return Row(name, "REML", chosen["id"], values[chosen["id"]], margin, False, None, sentence)


def _what(mine: Entry, final: str) -> str:
    """What is set against the others: the final model, or its random part at the mean that they share."""
    if mine["id"] == final:
        return f"the final model {final}"
    return f"the random part of the final model {final} (both at the full mean)"


def _over_intercepts(row: Row, criterion: str, pool: Sequence[Entry], mine: Entry | None, minimal: Entry | None) -> Row:
    """A row with what the slopes of the final model are worth by its criterion."""
    if mine is None or minimal is None or mine is minimal:
        return row
    _, key = INFORMATION[criterion]
    difference = mine["reml"][key] - minimal["reml"][key]
    if row.chosen == minimal["id"] or len(pool) < 3:  # the sentence says it already
        return replace(row, over_intercepts=difference)
    amount = f"{decimal(abs(difference), 1)} {'higher' if difference > 0 else 'lower'}"
    told = f"{row.sentence} It is {amount} for the final model than for {minimal['id']}, the intercepts alone."
    return replace(row, sentence=told, over_intercepts=difference)


def _lowest(name: str, values: Mapping[str, float], mine: Entry, what: str) -> str:
    """That the final model has the lowest value, and how far the next one is."""
    others = {one: value for one, value in values.items() if one != mine["id"]}
    if not others:
        return f"{name} has no other random part of the whole design to set against {what}."
    following = min(others, key=others.get)
    ahead = others[following] - values[mine["id"]]
    if ahead <= TIE:
        return f"{name} by REML is equally low for {what} and for {following} ({decimal(values[mine['id']], 1)})."
    little = ", which is little" if ahead < LITTLE else ""
    return (
        f"{name} by REML is lowest for {what} ({decimal(values[mine['id']], 1)}); the next, "
        f"{following}, is {decimal(ahead, 1)} above{little}."
    )


def _by_tests(study: Study, decision: Mapping[str, Any]) -> Row:
    name = "likelihood ratio tests"
    alpha = level(study.ladder.alpha_random)
    path = likelihood_ratio_path(study, decision["steps"])
    final = decision["final"]["rung"]
    if not path.tested:
        sentence = f"No likelihood ratio test was made that could have decided on a random part, in mode {study.mode}."
        return Row(name, "REML", None, None, None, True, None, sentence)
    if path.random == random_terms(decision["final"]["formula"]):
        last = path.tested[-1]
        sentence = (
            f"The likelihood ratio tests at {alpha} lead to the final model {final} (the last of them, "
            f"{last['step']}: {p_value(last['p'])})."
        )
        return Row(name, "REML", final, last["p"], 0.0, True, None, sentence)
    reached = with_random_part(_of_means(study, decision), path.random)
    where = reached["id"] if reached else f"a model that was not fitted, with {_written(path)}"
    boundary = "; it lies on the boundary" if reached and reached["singular"] else ""
    parting = path.parted or path.tested[-1]
    sentence = (
        f"The likelihood ratio tests at {alpha} would by themselves lead to {where}, not to the final model {final} "
        f"({parting['step']}: {p_value(parting['p'])}){boundary}."
    )
    return Row(name, "REML", reached and reached["id"], parting["p"], None, False, None, sentence)


def _of_means(study: Study, decision: Mapping[str, Any]) -> list[Entry]:
    """The candidates of the table, those with the final model's mean first, whether sound or not."""
    final = mean_of(decision["final"]["formula"])
    return sorted(decision["table"], key=lambda entry: mean_of(entry["formula"]) != final)


def _written(path: TestPath) -> str:
    bars = {True: "||", False: "|"}
    return " + ".join(f"({effects} {bars[apart]} {group})" for group, effects, apart in sorted(path.random))


def _by_crossvalidation(
    target: str, comparison: Mapping[str, Any], pool: Sequence[Entry], decision: Mapping[str, Any]
) -> list[Row]:
    """A row for the log score and one for the root mean squared error."""
    of = f" of {comparison['folds']['group']}" if target == NEW_GROUPS else ""
    entries = {entry["id"]: entry for entry in pool}
    scored = [one for one in comparison["models"] if one["model"] in entries and one["log_score"] is not None]
    final = decision["final"]["rung"]
    mine = next((one for one in scored if one["model"] == final), None)
    names = {measure: f"{measure} for {target}{of}" for measure in (LOG_SCORE, RMSE)}
    if mine is None:
        missing = "was not predicted with in cross-validation" if scored else "has no cross-validated rival"
        return [
            Row(
                name,
                None,
                None,
                None,
                None,
                False,
                None,
                f"The {name} cannot judge: the final model {final} {missing}.",
            )
            for name in names.values()
        ]
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
        return Row(name, None, final, _score(measure, mine), 0.0, True, None, told)
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
    return Row(name, None, best["model"], _score(measure, best), margin, False, noise, told)


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
    return Row(name, None, None, mine["rmse"], 0.0, True, None, told)


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


def _overall(
    study: Study,
    decision: Mapping[str, Any],
    rows: Sequence[Row],
    random_parts: int,
    crossvalidation: Mapping[str, Any],
) -> str:
    final = decision["final"]["rung"]
    agreeing = [row.criterion for row in rows if row.agrees and row.chosen is not None]
    against = [row for row in rows if not row.agrees]
    choices = dict.fromkeys(row.chosen for row in against if row.chosen)
    told = []
    if not against and random_parts == 1:
        told.append(f"No other candidate has the whole design of {final}, so that there was nothing to choose between.")
    elif agreeing and not against:
        told.append(f"Every criterion that can tell these models apart would choose the final model {final}.")
    elif agreeing:
        told.append(f"{_capital(listing(agreeing))} would choose the final model {final}.")
    elif choices:
        told.append(f"No criterion by itself would choose the final model {final}.")
    for choice in choices:
        criteria = listing([f"{row.criterion}{_by(row)}" for row in against if row.chosen == choice])
        told.append(f"{_capital(criteria)} would choose {choice}.")
    told += [row.sentence for row in against if not row.chosen]
    told += _origin(study, decision, list(choices))
    if against and study.mode != PARSIMONIOUS:
        told.append(f"In mode {study.mode} slopes enter untested, as far as they can be estimated.")
    for target, reason in crossvalidation["reasons"].items():
        done = "done in part" if crossvalidation["targets"].get(target) else "not done"
        told.append(f"Cross-validation for {target} was {done}: {without_full_stop(reason)}.")
    return " ".join(told) or "No criterion had anything to compare."


def _origin(study: Study, decision: Mapping[str, Any], choices: Sequence[str]) -> list[str]:
    """Why a model without correlations is not taken for its lower AIC or BIC (method, rule 10)."""
    final = random_terms(decision["final"]["formula"])
    chosen = [random_terms(entry["formula"]) for entry in decision["table"] if entry["id"] in choices]
    simplified = any(apart for random in chosen for _, _, apart in random - final)
    if not simplified or study.ladder.correlations != "keep":
        return []
    return [
        "Correlations stay where they can be estimated, as a model without them hangs on where its covariates are zero."
    ]


def _by(row: Row) -> str:
    if row.margin is None:
        return f" ({p_value(row.value)})" if row.criterion == "likelihood ratio tests" else ""
    amount = significant(row.margin, 2) if row.criterion.startswith(RMSE) else decimal(row.margin, 1)
    return f" (by {amount}{', within noise' if row.within_noise else ''})"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
