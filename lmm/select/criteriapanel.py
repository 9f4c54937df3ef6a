"""Which model each criterion would choose by itself: AIC, both BIC, the likelihood ratio tests and cross-validation.

Criteria answer different questions. AIC and cross-validation ask which model predicts best, BIC which is likeliest to
be true among those given, the test whether the smaller one can be given up (Burnham & Anderson 2002, chapter 6). Where
they disagree the data leave the choice open, which a reader should see in numbers. Random parts are compared by REML at
one mean, that of the final model where others were fitted with it; a model that lacks a grouping factor of the design
is no choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lmm.numbers import decimal, listing, p_value, significant
from lmm.select import testpath
from lmm.select.crossvalidation.folds import KNOWN_GROUPS, NEW_GROUPS
from lmm.select.informationrows import INFORMATION, information_row, with_worth_of_slopes
from lmm.select.panelrow import Row
from lmm.select.rivals import random_terms, rivals, with_one_mean, with_random_part
from lmm.select.slopeterms import PARSIMONIOUS
from lmm.select.validationrows import RMSE, validation_rows
from lmm.select.wording import without_full_stop

if TYPE_CHECKING:
    from lmm.study import Study


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
    rows = [information_row(one, alike, mine, final) for one in INFORMATION]
    rows = [with_worth_of_slopes(row, one, alike, mine, minimal) for row, one in zip(rows, INFORMATION, strict=True)]
    rows.append(testpath.tests_row(study, decision))
    for target in (NEW_GROUPS, KNOWN_GROUPS):
        for comparison in crossvalidation["targets"].get(target, []):
            rows += validation_rows(target, comparison, pool, decision)
    return {
        "rows": [asdict(row) for row in rows],
        "sentence": _overall(study, decision, rows, len(alike), crossvalidation),
    }


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
    if random_parts == 1:
        whole = f"No other candidate has the whole design of {final}, so that there was nothing to choose between."
        grouped = random_terms(decision["final"]["formula"])
        told.append(whole if grouped else f"No random part could be set against the final model {final}.")
        told += [f"{_capital(listing(agreeing))} would choose the final model {final}."] if agreeing and against else []
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
        return f" ({p_value(row.value)})" if row.criterion == testpath.NAME else ""
    amount = significant(row.margin, 2) if row.criterion.startswith(RMSE) else decimal(row.margin, 1)
    return f" (by {amount}{', within noise' if row.within_noise else ''})"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
