"""Whether the conclusions hang on the model that was chosen: other models, other criteria, other samples.

Example:
    >>> sensitivity(study, decision, table, crossvalidation)["hypotheses"]["sentence"]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lmm import provenance
from lmm.select.acrossmodels import MODELS, across_models
from lmm.select.closemodels import close_models, close_section, weighted
from lmm.select.criteriapanel import panel
from lmm.select.estimated import estimated, terms_in_question
from lmm.select.rivals import rivals

if TYPE_CHECKING:
    import pandas

    from lmm.study import Study


def sensitivity(
    study: Study,
    decision: Mapping[str, Any],
    table: pandas.DataFrame,
    crossvalidation: Mapping[str, Any],
    inclusion: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Set the final model beside those that might have been final.

    Args:
        study: its hypotheses and what it asks of inference.
        decision: what `lmm.select.decide` returned; table: the analysis table it was decided on.
        crossvalidation: the comparisons of each target, and why there are none.
        inclusion: how often each term was selected from resampled groups, where something was selected.

    Returns:
        Plain data for JSON, stamped: "hypotheses" (the coefficients in the minimal, the final and the maximal model),
        "close" (the candidates with ΔAIC < 2 by ML), "weights" (Akaike weights of all sound candidates), "panel" (what
        each criterion would choose by itself), "inclusion".
    """
    pool = rivals(study, decision)
    models = {which: decision["models"][which] for which in MODELS}
    asked = [*(model["formula"] for model in models.values()), *(entry["formula"] for entry in close_models(pool))]
    estimates = estimated(study, asked, table)
    terms = terms_in_question(study, decision["final"]["formula"])
    return {
        **provenance.stamp(study, decision["row_hash"]),
        "hypotheses": across_models(study, models, estimates),
        "close": close_section(study, decision["final"]["rung"], pool, terms, estimates),
        "weights": weighted(pool),
        "panel": panel(study, decision, crossvalidation),
        "inclusion": inclusion,
    }
