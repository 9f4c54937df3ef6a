"""Which random part AIC and both BIC would choose by themselves, by REML at one mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lmm.numbers import decimal
from lmm.select.criteria import AIC, BIC, BIC_GROUPS, TIE
from lmm.select.panelrow import Row
from lmm.select.rivals import Entry
from lmm.select.rungs import REML

INFORMATION = {
    AIC: ("AIC", "aic"),
    BIC: ("BIC over observations", "bic"),
    BIC_GROUPS: ("BIC over groups", "bic_groups"),
}
# Differences below 2 are substantial support for both (Burnham & Anderson 2002, section 2.6) and, in BIC, "not worth
# more than a bare mention" (Kass & Raftery 1995, section 3.2).
LITTLE = 2.0


def information_row(criterion: str, pool: Sequence[Entry], mine: Entry | None, final: str) -> Row:
    """Which random part AIC or a BIC would choose by REML.

    Args:
        criterion: AIC, BIC or BIC_GROUPS. pool: the candidates, all with one mean.
        mine: that of them with the final random part; None where its fit is not sound. final: name of the final model.
    """
    name, key = INFORMATION[criterion]
    values = {entry["id"]: entry["reml"][key] for entry in pool}
    if not values:
        sentence = f"{name} has nothing to compare, as no candidate of the whole design has a sound fit."
        return Row(name, sentence, estimator=REML)
    least = min(values.values())
    if mine is None:
        chosen = next(one for one, value in values.items() if value <= least + TIE)
        sentence = (
            f"{name} by REML would choose {chosen} ({decimal(values[chosen], 1)}); the final model {final} cannot be "
            "set against it, as its fit is not sound."
        )
        return Row(name, sentence, chosen, values[chosen], estimator=REML)
    own, what = values[mine["id"]], _what(mine, final)
    if len(values) == 1:
        sentence = f"{name} has no other random part of the whole design to set against {what}."
        return Row(name, sentence, None, own, 0.0, agrees=True, estimator=REML)
    if own <= least + TIE:
        return Row(name, _lowest(name, values, mine, what), final, own, 0.0, agrees=True, estimator=REML)
    chosen = next(entry for entry in pool if values[entry["id"]] <= least + TIE)
    margin = own - values[chosen["id"]]
    little = ", which is little" if margin < LITTLE else ""
    boundary = "; it lies on the boundary" if chosen["singular"] else ""
    sentence = (
        f"{name} by REML would choose {chosen['id']} ({decimal(values[chosen['id']], 1)}), lower by "
        f"{decimal(margin, 1)} than for {what}{little}{boundary}."
    )
    return Row(name, sentence, chosen["id"], values[chosen["id"]], margin, estimator=REML)


def _what(mine: Entry, final: str) -> str:
    """What is set against the others: the final model, or its random part at the mean that they share."""
    if mine["id"] == final:
        return f"the final model {final}"
    return f"the random part of the final model {final} (both at the full mean)"


def with_worth_of_slopes(
    row: Row, criterion: str, pool: Sequence[Entry], mine: Entry | None, minimal: Entry | None
) -> Row:
    """The row with what the slopes of the final model are worth by its criterion."""
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
    following = min(others, key=others.get)
    ahead = others[following] - values[mine["id"]]
    if ahead <= TIE:
        return f"{name} by REML is equally low for {what} and for {following} ({decimal(values[mine['id']], 1)})."
    little = ", which is little" if ahead < LITTLE else ""
    return (
        f"{name} by REML is lowest for {what} ({decimal(values[mine['id']], 1)}); the next, "
        f"{following}, is {decimal(ahead, 1)} above{little}."
    )
