"""The decision: the ladder climbed on its recorded fits, the fixed effects tested, and all of it put on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lmm import provenance
from lmm.errors import InputError
from lmm.formula import parse
from lmm.numbers import listing, p_value
from lmm.select.candidates import Candidates, candidates_of
from lmm.select.cautions import cautions
from lmm.select.climb import climb
from lmm.select.designlevels import design_level_steps
from lmm.select.disagreement import disagreements
from lmm.select.fixedeffects import fixed_effects_steps
from lmm.select.step import SLOPE as SLOPE_STEP
from lmm.select.structure import INTERCEPT, UNCORRELATED, RandomPart, Structure
from lmm.select.table import candidate_table
from lmm.select.tested import by_its_null

if TYPE_CHECKING:
    import pandas

    from lmm.study import Study


def decide(
    study: Study, ladder: Mapping[str, Any], table: pandas.DataFrame, audit: Mapping[str, Any]
) -> dict[str, Any]:
    """Choose the model of a study, and say why at each step.

    `ladder` is what fitting recorded of every rung (ladder.json), `table` the analysis table those fits used, `audit`
    the account of its cleaning. Random parts are compared by REML at the full mean; fixed effects by ML at the
    chosen random part, for which their smaller models are fitted here, as are both models of a test whose null
    distribution is exact, approximate or a bootstrap. The steps on fixed effects compare the chosen
    rung with models that are no rungs of the ladder: their "smaller" is a description.

    Raises InputError where the ladder was fitted to other rows or for another version of the study.
    """
    if ladder["row_hash"] != audit["row_hash"]:
        raise InputError(
            f"study {study.name}: the ladder was fitted to other rows than the analysis table holds; delete "
            f"results/{study.name} and run again."
        )
    candidates = candidates_of(study, ladder, audit, by_its_null(study, table))
    random, steps = climb(candidates)
    steps += design_level_steps(candidates, random, table)
    steps += fixed_effects_steps(candidates, random, table)
    final = candidates.rung(random)
    reason = final_reason(candidates, random, steps)
    return {
        **provenance.stamp(study, audit["row_hash"]),
        "steps": steps,
        "final": {
            "rung": final.id,
            "label": final.label,
            "formula": final.formula,
            "reason": reason,
            "warnings": cautions(candidates, random, steps),
        },
        "table": candidate_table(candidates, random, steps, reason),
        "disagreements": disagreements(steps, random),
    }


def final_reason(candidates: Candidates, random: RandomPart, steps: list[Mapping[str, Any]]) -> str:
    """The decision in one sentence: what is in the model, and on what grounds."""
    groups = [structure.group for structure in random]
    grounds = [f"{listing(groups)} {'is' if len(groups) == 1 else 'are'} part of the design"]
    grounds += [slopes_ground(structure, steps) for structure in random if structure.slopes is not None]
    if parse(f"outcome ~ {candidates.study.fixed}").fixed.terms:
        grounds.append("the fixed effects stay as they were named in advance")
    return f"{'; '.join(grounds)}."


def slopes_ground(structure: Structure, steps: list[Mapping[str, Any]]) -> str:
    """Why a grouping factor has the slopes it has."""
    slopes = f"the slope of {structure.slopes} by {structure.group}"
    mine = [step for step in steps if step["kind"] == SLOPE_STEP and step["group"] == structure.group]
    joint = [step for step in mine if step["structure"] != UNCORRELATED] or mine
    p = f" ({p_value(joint[-1]['p'])})" if joint[-1]["p"] is not None else ""
    if structure.kind != INTERCEPT and not any(rejected(step) for step in mine):
        return f"{slopes} is kept{p}, as the model without it has no sound fit"
    if structure.kind != INTERCEPT:
        return f"{slopes} varies{p}{', without its correlation' if structure.kind == UNCORRELATED else ''}"
    if rejected(joint[-1]):
        return f"{slopes} varies{p} but is left out, as it cannot be estimated without a boundary"
    return f"{slopes} is left out{p}"


def rejected(step: Mapping[str, Any]) -> bool:
    """Whether the test of a step rejects its smaller model."""
    return step["p"] is not None and step["p"] < step["alpha"]
