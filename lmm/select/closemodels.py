"""Every candidate that fits the data almost as well as the best, and how much the data speak for each.

AIC is by maximum likelihood, the only one that may be compared when means differ. The Akaike weight of model i among R
is exp(−Δᵢ/2) / Σ exp(−Δᵣ/2), Δᵢ being its AIC less the lowest (Burnham & Anderson 2002, section 2.9); models with Δ < 2
have substantial support (section 2.6). The marginal AIC used here favours small random parts: where a variance is zero
it lies on the boundary of its range, and 2k counts too much for it (Greven & Kneib 2010, Biometrika 97: 773–789). So
weights between random parts are a rough guide, those between means of one random part are not touched by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp
from typing import TYPE_CHECKING, Any

from lmm.numbers import bounded, count, counted, decimal, listing, percent
from lmm.select.estimated import Estimated, coefficients_of_terms
from lmm.select.rivals import Entry, random_terms
from lmm.select.wording import without_full_stop

if TYPE_CHECKING:
    from lmm.study import Study

CLOSE = 2.0
_SHOWN = ("name", "estimate", "se", "lower", "upper")


def akaike_weights(aic: Sequence[float]) -> list[float]:
    """The weight of each model; they sum to 1."""
    lowest = min(aic, default=0.0)
    relative = [exp(-0.5 * (value - lowest)) for value in aic]
    return [one / sum(relative) for one in relative]


def weighted(pool: Sequence[Entry]) -> list[dict[str, Any]]:
    """AIC by ML and Akaike weight of each of some candidates, the lowest AIC first."""
    ordered = sorted(pool, key=lambda entry: entry["aic"])
    weights = akaike_weights([entry["aic"] for entry in ordered])
    return [
        {"rung": one["id"], "aic": one["aic"], "delta_aic": one["aic"] - ordered[0]["aic"], "weight": weight}
        for one, weight in zip(ordered, weights, strict=True)
    ]


def weight_text(weight: float) -> str:
    """A weight as a sentence prints it: ".28", "< .01", "> .99"."""
    return "< .01" if weight < 0.005 else "> .99" if 0.995 <= weight < 1.0 else bounded(weight)


def close_models(pool: Sequence[Entry]) -> list[Entry]:
    """The candidates whose AIC by ML is less than 2 above the lowest, the lowest first."""
    ordered = sorted(pool, key=lambda entry: entry["aic"])
    return [entry for entry in ordered if entry["aic"] - ordered[0]["aic"] < CLOSE]


def close_section(
    study: Study,
    final: str,
    pool: Sequence[Entry],
    terms: Sequence[str],
    estimates: Mapping[str, Estimated],
) -> dict[str, Any]:
    """The close models with the coefficients of some terms by REML, and what follows from them.

    Args:
        study: the level of the intervals. final: name of the final model. pool: the candidates.
        terms: labels of the terms. estimates: of the formulas of the close models.
    """
    weights = {one["rung"]: one for one in weighted(pool)}
    models = []
    for entry in close_models(pool):
        model = estimates[entry["formula"]]
        models.append(
            {
                "rung": entry["id"],
                "formula": entry["formula"],
                "delta_aic": weights[entry["id"]]["delta_aic"],
                "weight": weights[entry["id"]]["weight"],
                "singular": entry["singular"],
                "failure": model.failure,
                "coefficients": [
                    {key: getattr(model.coefficients[name], key) for key in _SHOWN}
                    for name in coefficients_of_terms(model, terms)
                ],
            }
        )
    told = [*_standing(final, models, weights), *_agreement(study, models), *_failures(models), *_caveat(pool)]
    return {"models": models, "sentence": " ".join(told)}


def _standing(final: str, models: list[dict[str, Any]], weights: Mapping[str, dict[str, Any]]) -> list[str]:
    if not models:
        return ["No candidate has a sound fit by ML, so that there are no Akaike weights."]
    named = [
        f"{one['rung']} (ΔAIC {decimal(one['delta_aic'], 1)}, weight {weight_text(one['weight'])}"
        f"{', on the boundary' if one['singular'] else ''})"
        for one in models
    ]
    if len(weights) == 1:
        told = [f"{models[0]['rung']} is the only candidate of the whole design, so that its Akaike weight is 1."]
    elif len(models) == 1:
        told = [f"By ML no other candidate has an AIC less than 2 above the lowest, that of {named[0]}."]
    else:
        told = [
            f"By ML {count(len(models))} of {counted(len(weights), 'candidate')} have an AIC less than 2 above the "
            f"lowest: {listing(named)}."
        ]
    if final not in weights:
        told.append(f"The final model {final} is not among them, as its fit is not sound.")
    elif final not in {one["rung"] for one in models}:
        mine = weights[final]
        told.append(
            f"The final model {final} lies {decimal(mine['delta_aic'], 1)} above the lowest "
            f"(weight {weight_text(mine['weight'])})."
        )
    return told


def _agreement(study: Study, models: list[dict[str, Any]]) -> list[str]:
    """Whether the intervals of the coefficients say the same in all close models."""
    fitted = [one for one in models if one["failure"] is None]
    verdicts: dict[str, dict[str, list[str]]] = {}
    for model in fitted:
        for one in model["coefficients"]:
            side = "positive" if one["lower"] > 0 else "negative" if one["upper"] < 0 else "not told from zero"
            verdicts.setdefault(one["name"], {}).setdefault(side, []).append(model["rung"])
    if len(fitted) < 2 or not verdicts:
        return []
    share = percent(study.inference.level)
    unlike = [
        f"{name} is {'; '.join(f'{side} in {listing(rungs)}' for side, rungs in sides.items())}"
        for name, sides in verdicts.items()
        if len(sides) > 1
    ]
    if unlike:
        return [f"By their {share} intervals (REML) these models do not say the same: {'. '.join(unlike)}."]
    return [f"By the {share} intervals of their coefficients (REML) these models say the same."]


def _failures(models: list[dict[str, Any]]) -> list[str]:
    return [
        f"{one['rung']} could not be fitted by REML: {without_full_stop(one['failure'])}."
        for one in models
        if one["failure"] is not None
    ]


def _caveat(pool: Sequence[Entry]) -> list[str]:
    if len({random_terms(entry["formula"]) for entry in pool}) < 2:
        return []
    return [
        "Between random parts the weights are a rough guide, as the marginal AIC favours small ones: a variance of "
        "zero lies on the boundary of its range (Greven & Kneib 2010)."
    ]
