"""The decision: the ladder climbed on its recorded fits, the fixed effects tested, and all of it put on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
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
from lmm.select.rungs import FULL, fit_rung, random_rung
from lmm.select.slopesearch import bare, eligible_terms
from lmm.select.slopeterms import slope_terms
from lmm.select.step import DESIGN, KEEP, STOP
from lmm.select.step import SLOPE as SLOPE_STEP
from lmm.select.structure import INTERCEPT, SLOPE, UNCORRELATED, ZERO_CORRELATIONS, RandomPart, Structure, structure
from lmm.select.table import candidate_table
from lmm.select.tested import by_its_null

if TYPE_CHECKING:
    import pandas

    from lmm.select.selection import Selection
    from lmm.study import Study


def decide(
    study: Study, ladder: Mapping[str, Any], table: pandas.DataFrame, audit: Mapping[str, Any]
) -> dict[str, Any]:
    """Choose the model of a study, and say why at each step.

    `ladder` is what fitting recorded of every rung (ladder.json), `table` the analysis table those fits used, `audit`
    the account of its cleaning. Random parts are compared by REML at the full mean; candidates that depend on an
    earlier decision are fitted here, as are both models of a test whose null distribution is exact, approximate or a
    bootstrap.
    Fixed effects are compared by ML at the chosen random part: selected where the study asks for it, after which the
    random part is decided once more at the selected mean, then tested. Those steps compare the chosen rung with models
    that are no rungs of the ladder: their "smaller" is a description.

    Raises InputError where the ladder was fitted to other rows or for another version of the study.
    """
    if ladder["row_hash"] != audit["row_hash"]:
        raise InputError(
            f"study {study.name}: the ladder was fitted to other rows than the analysis table holds; delete "
            f"results/{study.name} and run again."
        )
    candidates = candidates_of(
        study,
        ladder,
        audit,
        by_its_null(study, table),
        partial(fit_rung, table=table, study=study, audit=audit),
        categorical_columns(table),
    )
    random, steps = climb(candidates)
    selection = selected_mean(study, candidates.rung(random).formula, table) if random else None
    if selection is not None and selection.removed:
        candidates = candidates.with_mean(right_hand_side(selection))
        random, again = climb(candidates)
        steps += [{**step, "step": f"{step['step']}, at the selected mean"} for step in again]
    steps += design_level_steps(candidates, random, table)
    steps += fixed_effects_steps(candidates, random, table)
    final = candidates.rung(random)
    candidates.entry(random)
    reason = final_reason(candidates, random, steps, selection)
    after_selection = [] if selection is None else selection.to_dict()["cautions"]
    return {
        **provenance.stamp(study, audit["row_hash"]),
        "mode": study.mode,
        "criterion": study.ladder.criterion,
        "steps": steps,
        "fixed_selection": None if selection is None else selection.to_dict(),
        "final": {
            "rung": final.id,
            "label": final.label,
            "formula": final.formula,
            "reason": reason,
            "warnings": [*cautions(candidates, random, steps), *after_selection],
        },
        "models": models(candidates, random),
        "table": candidate_table(candidates, random, steps, reason),
        "disagreements": disagreements(steps, random),
    }


def categorical_columns(table: pandas.DataFrame) -> frozenset[str]:
    """The columns of an analysis table that are factors."""
    numeric = set(table.select_dtypes("number").columns)
    return frozenset(column for column in table.columns if column not in numeric)


def selected_mean(study: Study, formula: str, table: pandas.DataFrame) -> Selection | None:
    """What the study's selection of fixed effects gives at a random part; None where it asks for none."""
    if study.ladder.fixed_selection.procedure == "none":
        return None
    from lmm.select.meanchoice import choose_mean

    return choose_mean(study, formula, table)


def right_hand_side(selection: Selection) -> str:
    """Fixed part of the selected model."""
    return selection.scope.right_hand_side(selection.chosen)


def models(candidates: Candidates, random: RandomPart) -> dict[str, dict[str, str]]:
    """The models between which a conclusion should not change: the final one, the one with the same mean and intercepts
    alone, and the one with the full mean and every slope that the data can show, singular or not."""
    study = candidates.study
    final = candidates.rung(random)
    minimal = candidates.rung(tuple(bare(one.group) for one in random))
    kind = UNCORRELATED if study.ladder.correlations == "drop" else SLOPE
    at_full_mean = replace(candidates, mean=study.fixed, which=FULL)
    slopes = tuple(
        structure(study, one.group, kind, eligible_terms(at_full_mean, one.group)[0], candidates.categorical)
        for one in random
    )
    maximal = random_rung(study, study.fixed, slopes) if slopes else final
    return {
        which: {"rung": rung.id, "formula": rung.formula}
        for which, rung in (("minimal", minimal), ("final", final), ("maximal", maximal))
    }


def final_reason(
    candidates: Candidates, random: RandomPart, steps: Sequence[Mapping[str, Any]], selection: Selection | None
) -> str:
    """The decision in one sentence: what is in the model, and on what grounds."""
    study = candidates.study
    design = [one.group for one in random if one.group not in study.ladder.optional]
    grounds = [f"{listing(design)} {'is' if len(design) == 1 else 'are'} part of the design"] if design else []
    for group in study.groups:
        if group not in [one.group for one in random]:
            stopped = any(step["kind"] == STOP and step["group"] == group for step in steps)
            why = "as the model with it cannot be fitted" if stopped else "as the data do not support it"
            grounds.append(f"{group} is left out, {why}")
        elif group not in design:
            grounds.append(f"{group} is supported")
    for one in random:
        grounds += [slope_ground(one, term.label, steps) for term in slope_terms(study, one.group)]
    if selection is not None and selection.selected:
        grounds.append("the fixed effects were selected on the data")
    elif study.ladder.fixed_selection.procedure != "none" and not random:
        grounds.append("no fixed effect was selected, as the model has no random effects")
    elif parse(f"outcome ~ {study.fixed}").fixed.terms:
        grounds.append("the fixed effects stay as they were named in advance")
    return f"{'; '.join(grounds)}."


def slope_ground(present: Structure, label: str, steps: Sequence[Mapping[str, Any]]) -> str:
    """Why a slope of a grouping factor is in the model or not."""
    slope = f"the slope of {label} by {present.group}"
    mine = [
        step
        for step in steps
        if step["kind"] == SLOPE_STEP and step["group"] == present.group and label in step["terms"]
    ]
    if not mine:
        return f"{slope} is not asked of, as a slope that it contains is left out"
    joint = [step for step in mine if step["structure"] == SLOPE] or mine
    last = joint[-1]
    p = f" ({p_value(last['p'])})" if last["p"] is not None and len(last["terms"]) == 1 else ""
    simplified = {
        **dict.fromkeys(ZERO_CORRELATIONS, ", without its correlation"),
        INTERCEPT: "",
        SLOPE: "",
    }.get(present.kind, ", in compound symmetry")
    if label in present.terms:
        if mine[0]["decision"] == DESIGN:
            return f"{slope} enters untested{simplified}"
        if not any(kept(step) for step in mine):
            return f"{slope} is kept{p}, as the model without it has no sound fit"
        return f"{slope} varies{p}{simplified}"
    if mine[0]["decision"] == DESIGN:
        return f"{slope} is left out, as it cannot be estimated"
    if kept(last) or (rejected(last) and last["decision"] != KEEP):
        return f"{slope} varies{p} but is left out, as it cannot be estimated without a boundary"
    return f"{slope} is left out{p}"


def kept(step: Mapping[str, Any]) -> bool:
    """Whether a step's test supports the larger model, or its decision takes it."""
    return step["decision"] == KEEP or rejected(step)


def rejected(step: Mapping[str, Any]) -> bool:
    """Whether the test of a step rejects its smaller model."""
    return step["p"] is not None and step["p"] < step["alpha"]
