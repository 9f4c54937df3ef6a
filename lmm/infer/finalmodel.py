"""The model that was chosen, fitted once more by REML, so that its data are at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lmm.model import Fit, fit

if TYPE_CHECKING:
    import pandas

    from lmm.study import Study


def final_fit(study: Study, decision: Mapping[str, Any], table: pandas.DataFrame) -> Fit:
    """The final model of a decision, fitted to the analysis table it was decided on."""
    return fit(decision["final"]["formula"], table, reml=True, weights=study.weights)
