"""One step of the climb: two candidates compared, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lmm.select.criteria import AIC, BIC, BIC_GROUPS, lowest

if TYPE_CHECKING:
    from lmm.select.structure import Structure
    from lmm.select.tested import Tested

KEEP, DROP, DESIGN = "keep", "drop", "design"
INTERCEPT, SLOPE, CORRELATION, BACK_OFF, FIXED = "intercept", "slope", "correlation", "back-off", "fixed effect"
STOP = "stop"
LRT = "LRT"


def decided(
    kind: str,
    name: str,
    question: str,
    smaller: str,
    larger: str,
    decision: str,
    reason: str,
    structure: Structure | None = None,
    beside: Sequence[str] = (),
    terms: Sequence[str] = (),
) -> dict[str, Any]:
    """The head of a step: what was asked of which two candidates, and the answer.

    `kind` is INTERCEPT, SLOPE, CORRELATION, BACK_OFF or FIXED. `decision` is "keep" (the larger candidate is
    chosen), "drop" (the smaller), or "design" (the larger, whatever the data say: it was settled in advance).
    `structure` is what the larger candidate has for the grouping factor in question, `beside` the factors that entered
    after that one and are in both candidates. A step on fixed effects has the `terms` that the smaller one lacks.
    """
    return {
        "step": name,
        "kind": kind,
        "group": structure.group if structure else None,
        "structure": structure.kind if structure else None,
        "beside": list(beside),
        "terms": list(terms),
        "question": question,
        "smaller": smaller,
        "larger": larger,
        "decision": decision,
        "chosen": smaller if decision == DROP else larger,
        "reason": reason,
    }


def measured(
    step: Mapping[str, Any],
    test: Tested,
    alpha: float,
    criteria: Mapping[str, Mapping[str, float]],
    notes: list[str],
) -> dict[str, Any]:
    """A step with its test, and with what each criterion would choose by itself.

    `criteria` holds, for every candidate this step could end with, what `lmm.select.criteria.criteria` gives; it is
    recorded as "candidates". "p" decides and is that of the null distribution "method" (`lmm.infer.nullchoice`), for
    the reason "method_sentence"; "null", "df" and "null_weights" describe the large-sample law, which gives
    "mixture_p", and a plain χ² on "naive_df" gives "naive_p".
    """
    smaller, larger, ratio = step["smaller"], step["larger"], test.ratio
    return {
        **step,
        "estimator": ratio.estimator,
        "smaller_formula": ratio.smaller,
        "larger_formula": ratio.larger,
        "statistic": ratio.statistic,
        "null": None if ratio.null is None else str(ratio.null),
        "df": None if ratio.null is None else list(ratio.null.df),
        "null_weights": None if ratio.null is None else list(ratio.null.weights),
        "method": test.method,
        "method_sentence": test.sentence,
        "p": test.p,
        "p_standard_error": test.standard_error,
        "draws": test.draws,
        "mixture_p": ratio.p,
        "naive_df": ratio.naive_df,
        "naive_p": ratio.naive_p,
        "alpha": alpha,
        "delta_aic": ratio.delta_aic,
        "delta_bic": ratio.delta_bic,
        "delta_bic_groups": criteria[larger][BIC_GROUPS] - criteria[smaller][BIC_GROUPS],
        "candidates": {name: dict(values) for name, values in criteria.items()},
        "by_criterion": {
            **({} if test.p is None else {LRT: larger if test.rejects(alpha) else smaller}),
            **{criterion: lowest(criteria, criterion) for criterion in (AIC, BIC, BIC_GROUPS)},
        },
        "missed_optimum": ratio.reason if ratio.optimum_missed else None,
        "notes": [*test.notes, *notes],
    }


def unmeasured(
    step: Mapping[str, Any], estimator: str, alpha: float, smaller_formula: str, larger_formula: str
) -> dict[str, Any]:
    """A step that was decided without a test, because there was nothing to test or no fit to test with."""
    test = ("statistic", "null", "df", "null_weights", "method", "method_sentence", "p", "p_standard_error", "draws")
    nothing = (*test, "mixture_p", "naive_df", "naive_p")
    return {
        **step,
        "estimator": estimator,
        "smaller_formula": smaller_formula,
        "larger_formula": larger_formula,
        **dict.fromkeys(nothing),
        "alpha": alpha,
        **dict.fromkeys(("delta_aic", "delta_bic", "delta_bic_groups")),
        "candidates": {},
        "by_criterion": {},
        "missed_optimum": None,
        "notes": [],
    }


def unconverged(records: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for each fit of a comparison, by its formula, that did not converge or is not identified."""
    return [
        f"The fit of '{formula}' {what_is_wrong(record['convergence']['status'])}, so that this comparison is "
        "uncertain."
        for formula, record in records.items()
        if not record["converged"]
    ]


def what_is_wrong(status: str) -> str:
    """What a fit did, or failed to be, by the status of its convergence."""
    return "is not identified" if status == "not identified" else "did not converge"
