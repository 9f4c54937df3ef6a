"""How alike the rows of a level are before anything is explained: the model of the mean and intercepts alone.

The design effect of a factor is 1 + (m − 1) · ICC (Kish 1965, section 5.4): by how much a mean of all rows is less
certain than that of as many independent ones. m is the size of the level of a row taken at random, Σm²/Σm, which is the
number of rows in a level where that is the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lmm.formula import parse
from lmm.infer.intraclass import intraclass_correlations
from lmm.model import fit as fitted

if TYPE_CHECKING:
    import pandas

    from lmm.model import Fit
    from lmm.study import Study


def null_model_section(study: Study, final: Fit, table: pandas.DataFrame) -> dict[str, Any] | None:
    """The intraclass correlations of the null model with the grouping factors of the final one.

    Args:
        study: its level of intervals and weights. final: the final fit. table: the one it was fitted to.

    Returns:
        {"formula", "converged", "singular", "factors": those of `IntraclassCorrelations.to_dict()`, each with its
        "design_effect"}; None where the final model has no random effects.
    """

    parsed = parse(final.formula)
    groups = dict.fromkeys(part.group_label for part in parsed.random)
    if not groups:
        return None
    outcome = final.formula.split("~", 1)[0].strip()
    formula = f"{outcome} ~ 1 + {' + '.join(f'(1 | {group})' for group in groups)}"
    null = fitted(formula, table, reml=True, weights=study.weights)
    found = intraclass_correlations(null, table, study.inference.level).to_dict()
    return {
        "formula": null.formula,
        "converged": null.converged,
        "singular": null.singular,
        "factors": [{**one, "design_effect": design_effect(one)} for one in found["factors"]],
    }


def design_effect(factor: Mapping[str, Any]) -> float:
    """1 + (m − 1) · ICC of a factor as JSON has it."""
    return 1.0 + (factor["mean_size"] - 1.0) * factor["correlation"]["estimate"]
