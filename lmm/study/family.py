"""Families of studies: whose p-values are adjusted together for their number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from lmm.study.block import Block

if TYPE_CHECKING:
    from lmm.study import Study

HOLM = "holm"
Adjustment = Literal["holm", "bonferroni", "benjamini-hochberg", "none"]


class Family(Block):
    """How the p-values of a family are adjusted."""

    adjustment: Adjustment = Field(
        HOLM,
        description="Adjustment of the p-values of the studies' hypotheses for their number: holm and bonferroni bound "
        "the probability of any false finding in the family, benjamini-hochberg the expected share of false ones "
        "among the findings.",
        examples=["benjamini-hochberg"],
    )


@dataclass(frozen=True)
class Members:
    """A family with its studies, in the order of the config."""

    name: str
    adjustment: str
    studies: tuple[Study, ...]


def families(studies: Iterable[Study], config: Mapping[str, Any]) -> dict[str, Members]:
    """Return the families that some studies of a valid config belong to, by name, in the order of the studies."""
    declared = config.get("families") or {}
    members: dict[str, list[Study]] = {}
    for study in studies:
        if study.family is not None:
            members.setdefault(study.family, []).append(study)
    return {
        name: Members(name, Family.model_validate(declared.get(name) or {}).adjustment, tuple(belonging))
        for name, belonging in members.items()
    }
