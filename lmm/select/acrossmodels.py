"""The coefficients of the hypotheses in the minimal, the final and the maximal model, and what changes between them.

Which random part stands beside the fixed effects is a choice that others might have made otherwise: the intercepts of
the design alone, or every slope the design allows (Barr et al. 2013; Matuschek et al. 2017). A conclusion that holds in
both extremes does not hang on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lmm import numbers
from lmm.numbers import listing, p_value
from lmm.select.estimated import Estimated, coefficients_of_terms, terms_in_question
from lmm.select.rivals import mean_of
from lmm.select.wording import level, without_full_stop

if TYPE_CHECKING:
    from lmm.infer.coefficients import Coefficient
    from lmm.study import Study

MINIMAL, FINAL, MAXIMAL = MODELS = ("minimal", "final", "maximal")
# A standard error beyond this factor of the final model's is worth a word.
OTHER_PRECISION = 1.5
_SHOWN = ("estimate", "se", "df", "p", "lower", "upper")


def across_models(
    study: Study, models: Mapping[str, Mapping[str, str]], estimates: Mapping[str, Estimated]
) -> dict[str, Any]:
    """Compare the coefficients of the hypotheses' terms between three models, in numbers and in sentences.

    Args:
        study: its hypotheses, and the level at which they are judged.
        models: "rung" and "formula" of the minimal, the final and the maximal model.
        estimates: of each of their formulas.
    """
    of = {which: estimates[models[which]["formula"]] for which in MODELS}
    terms = terms_in_question(study, models[FINAL]["formula"])
    names: dict[str, str] = {}
    for which in (FINAL, MINIMAL, MAXIMAL):
        names |= {name: term for name, term in coefficients_of_terms(of[which], terms).items() if name not in names}
    rows = [_row(study, name, term, of) for name, term in names.items()]
    return {
        "terms": terms,
        "named": bool(study.hypotheses),
        "models": [_model(which, models[which]["rung"], of[which]) for which in MODELS],
        "coefficients": rows,
        "sentence": _overall(study, rows, of),
    }


def changes(coefficient: Coefficient, reference: Coefficient, alpha: float) -> list[str]:
    """What is different of a coefficient from what it is in the final model: "sign", "verdict", "size".

    The verdict is whether p is below `alpha`; the size is different by more than a standard error of the final model.
    """
    sign = coefficient.estimate * reference.estimate < 0
    verdict = (coefficient.p < alpha) != (reference.p < alpha)
    size = abs(coefficient.estimate - reference.estimate) > reference.se
    return [word for word, changed in (("sign", sign), ("verdict", verdict), ("size", size)) if changed]


def _model(which: str, rung: str, model: Estimated) -> dict[str, Any]:
    failed = model.failure is not None
    return {
        "which": which,
        "rung": rung,
        "formula": model.formula,
        "failure": model.failure,
        "singular": None if failed else model.singular,
        "converged": None if failed else model.converged,
        "degrees_of_freedom": model.degrees_of_freedom,
    }


def _row(study: Study, name: str, term: str, of: Mapping[str, Estimated]) -> dict[str, Any]:
    found = {which: of[which].coefficients.get(name) for which in MODELS}
    shown = {which: one and {key: getattr(one, key) for key in _SHOWN} for which, one in found.items()}
    reference, others = found[FINAL], _others(name, of)
    alpha = study.ladder.alpha_fixed
    return {
        "name": name,
        "term": term,
        "models": shown,
        "changes": {which: changes(one, reference, alpha) for which, one in others.items()},
        "sentence": _sentence(name, found, others, of, alpha),
    }


def _others(name: str, of: Mapping[str, Estimated]) -> dict[str, Coefficient]:
    """The coefficient in those models that are other than the final one, where both have it."""
    if name not in of[FINAL].coefficients:
        return {}
    return {
        which: of[which].coefficients[name]
        for which in (MINIMAL, MAXIMAL)
        if of[which].formula != of[FINAL].formula and name in of[which].coefficients
    }


def _sentence(
    name: str,
    found: Mapping[str, Coefficient | None],
    others: Mapping[str, Coefficient],
    of: Mapping[str, Estimated],
    alpha: float,
) -> str:
    reference = found[FINAL]
    if reference is None:
        shown = [f"{_told(one)} in the {which} model" for which, one in found.items() if one is not None]
        return f"{name} cannot be had in the final model; it is {listing(shown)}."
    same = [f"the {which}" for which in MODELS if of[which].formula == of[FINAL].formula]
    told = [f"{_told(reference)} in {listing(same)} model"]
    told += [f"{_told(one)} in the {which} one" for which, one in others.items()]
    if not others:
        return f"{name} is {told[0]}{'' if len(same) == len(MODELS) else ', and cannot be had in another one'}."
    return f"{name} is {listing(told)}: {_what_changes(others, reference, alpha)}{_precision(others, reference)}."


def _told(one: Coefficient) -> str:
    return f"{numbers.estimate(one.estimate, one.se)} (SE {numbers.estimate(one.se, one.se)}, {p_value(one.p)})"


def _what_changes(others: Mapping[str, Coefficient], reference: Coefficient, alpha: float) -> str:
    told = []
    for which, one in others.items():
        for what in changes(one, reference, alpha):
            told.append(f"in the {which} model {_change(what, one, reference, alpha)}")
    stays = f"its sign, its verdict at {level(alpha)} and, within a standard error, its size stay"
    return listing(told) or stays


def _change(what: str, one: Coefficient, reference: Coefficient, alpha: float) -> str:
    if what == "sign":
        return "its sign is the opposite"
    if what == "verdict":
        below = "does" if one.p < alpha else "does not"
        return f"it {below} differ from zero at {level(alpha)}"
    apart = abs(one.estimate - reference.estimate) / reference.se
    larger = "larger" if abs(one.estimate) > abs(reference.estimate) else "smaller"
    return f"it is {larger} by {numbers.decimal(apart, 1)} standard errors of the final model"


def _precision(others: Mapping[str, Coefficient], reference: Coefficient) -> str:
    """Where a standard error is far from the final model's: leaving real slopes out makes it too small."""
    ratios = {which: one.se / reference.se for which, one in others.items()}
    told = [
        f"{numbers.decimal(ratio, 2)} times that of the final model in the {which} one"
        for which, ratio in ratios.items()
        if not 1 / OTHER_PRECISION <= ratio <= OTHER_PRECISION
    ]
    return f"; its standard error is {listing(told)}" if told else ""


def _overall(study: Study, rows: list[dict[str, Any]], of: Mapping[str, Estimated]) -> str:
    alpha = level(study.ladder.alpha_fixed)
    what = "coefficients of the hypotheses" if study.hypotheses else "coefficients of the fixed effects"
    distinct = [which for which in (MINIMAL, MAXIMAL) if of[which].formula != of[FINAL].formula]
    compared = [which for which in distinct if any(which in row["changes"] for row in rows)]
    if not distinct:
        verdict = "The minimal, the final and the maximal model are one and the same, so that nothing can change."
    elif not compared:
        verdict = f"The {what} cannot be compared between models."
    else:
        changed = {
            row["name"]: dict.fromkeys(word for words in row["changes"].values() for word in words) for row in rows
        }
        told = [f"{name} in {listing(list(words))}" for name, words in changed.items() if words]
        models = listing([f"the {which}" for which in MODELS if which in (FINAL, *compared)])
        verdict = (
            f"Between {models} model these {what} change: {listing(told)}."
            if told
            else f"Between {models} model none of the {what} changes its sign, its verdict at {alpha}, or its size "
            "by more than a standard error."
        )
    if len(distinct) == 1:
        verdict += f" The final model is the {MAXIMAL if distinct == [MINIMAL] else MINIMAL} one."
    return " ".join([verdict, *_remarks(of, distinct)])


def _remarks(of: Mapping[str, Estimated], distinct: list[str]) -> list[str]:
    """What has to be known of the models beside their coefficients."""
    told = []
    for which in (FINAL, *distinct):
        model = of[which]
        if model.failure is not None:
            told.append(f"The {which} model could not be fitted: {without_full_stop(model.failure)}.")
            continue
        if not model.converged:
            told.append(f"The {which} model's optimum was not found: {without_full_stop(model.convergence)}.")
        if model.singular:
            told.append(
                f"The {which} model lies on the boundary ({without_full_stop(model.collapsed[0])}), so that its "
                "standard errors are to be read with caution."
            )
        if mean_of(model.formula) != mean_of(of[FINAL].formula):
            told.append(f"The mean of the {which} model is the full one, {mean_of(model.formula)}.")
        if model.degrees_of_freedom != of[FINAL].degrees_of_freedom and of[FINAL].failure is None:
            told.append(f"The degrees of freedom of the {which} model are by the method {model.degrees_of_freedom}.")
    return told
