"""Scores of several models on the same folds as JSON holds them: what the models share is written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lmm.select.crossvalidation.scores import Scores, or_none


def record_of_scores(scores: Sequence[Scores]) -> dict[str, Any]:
    """Scores of one range of folds, as JSON has them; `observed` is None where no fold was fitted."""
    observed = np.full(len(scores[0].rows), np.nan)
    for one in scores:
        observed = np.where(np.isnan(observed), one.observed, observed)
    first = scores[0]
    return {
        "folds": first.folds,
        "start": first.start,
        "rows": first.rows.tolist(),
        "unit": first.unit.tolist(),
        "observed": or_none(observed),
        "models": [
            {
                "model": one.model,
                "outcome": one.outcome,
                "formulas": list(one.formulas),
                "failures": list(one.failures),
                "reasons": [[place, reason] for place, reason in enumerate(one.reasons) if reason is not None],
                "predicted": or_none(one.predicted),
                "log_density": one.log_density.tolist(),
                "case": one.case.tolist(),
            }
            for one in scores
        ],
    }


def scores_of_record(record: Mapping[str, Any]) -> list[Scores]:
    """The inverse of `record_of_scores`."""
    rows, unit = (np.array(record[name], dtype=np.intp) for name in ("rows", "unit"))
    observed = np.array(record["observed"], dtype=float)
    found = []
    for one in record["models"]:
        reasons: list[str | None] = [None] * len(rows)
        for place, reason in one["reasons"]:
            reasons[place] = reason
        found.append(
            Scores(
                model=one["model"],
                folds=record["folds"],
                outcome=one["outcome"],
                start=record["start"],
                formulas=tuple(one["formulas"]),
                failures=tuple(one["failures"]),
                rows=rows,
                unit=unit,
                observed=observed,
                predicted=np.array(one["predicted"], dtype=float),
                reasons=tuple(reasons),
                log_density=np.array(one["log_density"], dtype=float),
                case=np.array(one["case"], dtype=np.intp),
            )
        )
    return found
