"""AIC and BIC of recorded fits, and what each would choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lmm.infer.criteria import independent_groups, schwarz

AIC, BIC, BIC_GROUPS = "AIC", "BIC", "BIC over groups"
# Two optimisations of one deviance agree within this much, so candidates that differ by less are equally good.
TIE = 1e-3


def groups_counted(audit: Mapping[str, Any]) -> int:
    """How many groups BIC counts: the same number for every candidate of a study, see `independent_groups`."""
    return independent_groups(group["levels"] for group in audit["groups"])


def criteria(record: Mapping[str, Any], groups: int) -> dict[str, float]:
    """AIC, BIC over observations and BIC over groups of a recorded fit, counting all parameters."""
    return {AIC: record["aic"], BIC: record["bic"], BIC_GROUPS: schwarz(record["deviance"], record["npar"], groups)}


def lowest(values: Mapping[str, Mapping[str, float]], criterion: str) -> str:
    """Name of the candidate with the lowest value of a criterion, the earliest one where several are equal."""
    least = min(one[criterion] for one in values.values())
    return next(name for name, one in values.items() if one[criterion] <= least + TIE)
