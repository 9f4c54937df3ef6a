"""AIC and BIC of recorded fits, and what each would choose."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any

AIC, BIC, BIC_GROUPS = "AIC", "BIC", "BIC over groups"


def bic_over_groups(record: Mapping[str, Any], groups: int) -> float:
    """−2 log-likelihood + log(number of groups) × all parameters; see `independent_groups`."""
    return record["deviance"] + log(groups) * record["npar"]


def independent_groups(audit: Mapping[str, Any]) -> int:
    """How many groups BIC counts: the levels of the grouping factor with fewest of them.

    Where factors are nested these are the independent units, which SAS counts. Where they are crossed no units are
    independent, and the fewest is a convention. It is the same number for every candidate of a study.
    """
    return min(group["levels"] for group in audit["groups"])


def criteria(record: Mapping[str, Any], groups: int) -> dict[str, float]:
    """AIC, BIC over observations and BIC over groups of a recorded fit, counting all parameters."""
    return {AIC: record["aic"], BIC: record["bic"], BIC_GROUPS: bic_over_groups(record, groups)}


def lowest(values: Mapping[str, Mapping[str, float]], criterion: str) -> str:
    """Name of the candidate with the lowest value of a criterion, the earlier one where two are equal."""
    return min(values, key=lambda name: values[name][criterion])
