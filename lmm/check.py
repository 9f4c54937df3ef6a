"""Whether a config and its tables will run, and what would be done, without fitting anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from lmm.clean import clean
from lmm.errors import InputError
from lmm.mistakes import as_lines, studies_and_mistakes
from lmm.numbers import listing
from lmm.select import inclusionparts
from lmm.select.eligibility import group_ineligible, ineligible
from lmm.select.meanchoice import announced
from lmm.select.rungs import Rung, ladder
from lmm.select.slopeterms import slope_terms
from lmm.study import Study, crossvalidation
from lmm.study.family import Members, families
from lmm.study.inference import parts


def check(config: Path, folder: Path) -> str:
    """Return the plan of a run: rows, levels, structure, models and jobs of each study.

    The tables are read and cleaned as the run would; paths in the config are relative to `folder`. Raises one
    InputError with a line for each mistake of any study.
    """
    content = read_config(config)
    studies, mistakes = studies_and_mistakes(content, folder)
    plans = []
    for study in studies:
        if study.name in mistakes:
            continue
        try:
            plans.append(_plan(study, ladder(study), clean(study, folder).audit))
        except InputError as error:
            mistakes[study.name] = [str(error)]
    if mistakes:
        raise InputError(as_lines(mistakes))
    told = families(studies, content).values()
    plans += ["\n".join(map(_family, told))] if told else []
    total = sum(len(_jobs(study, ladder(study))) for study in studies) + len(told) + 1
    return "\n\n".join([*plans, f"{_count(total, 'job')} in all, the index of the reports among them."])


def read_config(path: Path) -> Mapping[str, Any]:
    """Read a config file; raises InputError, one sentence with the place, where it is no YAML."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; give the path of a config file.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text; save it as UTF-8.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InputError(f"{path} is not YAML{place}: {getattr(error, 'problem', None) or error}.") from error
    if not isinstance(content, Mapping):
        raise InputError(f"{path} holds no keys; it needs the key 'studies' with a list of studies.")
    return content


def _plan(study: Study, rungs: list[Rung], audit: Mapping[str, Any]) -> str:
    rows = audit["rows"]
    lines = [f"study {study.name}", f"  rows: {rows['read']} read, {rows['analysed']} analysed"]
    lines += [f"    {step['sentence']}" for step in audit["steps"] if step["step"] != "freeze"]
    lines += [
        f"  {each['group']}: {each['levels']} levels of {each['rows_minimum']} to {each['rows_maximum']} rows, "
        f"median {each['rows_median']:g}"
        for each in audit["groups"]
    ]
    told = [*audit["structure"], *filter(None, [audit.get("time")])]
    lines += [f"  {each['sentence']}" for each in told]
    lines += [f"  {_within(predictor, groups)}" for predictor, groups in audit["varies_within"].items()]
    lines.append(f"  ladder: {_count(len(rungs), 'model')}")
    lines += [f"    {rung.id}: {rung.formula}" for rung in rungs]
    lines += [f"  warning: {sentence}" for sentence in _stops(study, audit)]
    lines += [f"  fixed effects: {sentence}" for sentence in filter(None, [announced(study)])]
    lines += _cross_validation(study, len(rungs), audit)
    jobs = _jobs(study, rungs)
    lines.append(f"  {_count(len(jobs), 'job')}: {', '.join(jobs) if len(jobs) < 10 else _shortened(jobs)}")
    return "\n".join(lines)


def _stops(study: Study, audit: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of the ladder cannot be climbed on these rows, and why."""
    stopped = {group: group_ineligible(group, audit) for group in study.groups}
    for group, reason in stopped.items():
        if reason is not None:
            yield f"the ladder will stop at {group}, which the model will lack: {reason}"
            continue
        beyond = ineligible(study, group, audit)
        for label, why in beyond.items():
            yield f"the slope of {label} by {group} will not be tried: {why}"
        tried = [term.label for term in slope_terms(study, group) if term.label not in beyond]
        coefficients = (1 + len(tried)) * next(each["levels"] for each in audit["groups"] if each["group"] == group)
        if tried and coefficients >= audit["rows"]["analysed"]:
            yield (
                f"the slopes of {listing(tried)} by {group} cannot all vary with its intercept, as that would be "
                f"{coefficients:,d} random coefficients or more for {audit['rows']['analysed']:,d} rows."
            )
    if all(stopped.values()):
        yield "no grouping factor is left, so that the study will end with a model without random effects."


def _family(family: Members) -> str:
    names = ", ".join(study.name for study in family.studies)
    return f"family {family.name}: {names}; p-values of their hypotheses adjusted together: {family.adjustment}"


def _cross_validation(study: Study, models: int, audit: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is cross-validated, and how many models that fits; none where nothing is asked for."""
    from lmm.select.crossvalidation.targets import targets

    asked = targets(study, audit)
    if asked:
        told = [f"{_count(target.folds, 'fold')} of {target.name} ({target.group})" for target in asked]
        folds = sum(target.folds for target in asked)
        climbs = f", and the ladder climbed {folds:,} times" if study.cross_validation.climb else ""
        yield (
            f"  cross-validation: {_count(models, 'model')} in {listing(told)}: {folds:,} × {models} = "
            f"{folds * models:,} fits{climbs}"
        )


def _within(predictor: str, groups: Mapping[str, bool]) -> str:
    varying = [group for group, varies in groups.items() if varies]
    constant = [group for group, varies in groups.items() if not varies]
    told = [f"varies within {', '.join(varying)}"] if varying else []
    told += [f"is constant within {', '.join(constant)}"] if constant else []
    return f"{predictor} {' and '.join(told)}"


def _jobs(study: Study, rungs: list[Rung]) -> list[str]:
    """Return the jobs that Snakemake would run for a study."""
    if study.split == "none":
        return ["whole"] if study.family is None else ["whole_but_report", "report"]
    fits = ["fit"] if study.split == "study" else [*(f"fit {rung.id}" for rung in rungs), "gather_rungs"]
    draws = [f"bootstrap_part {part}" for part in parts(study)]
    folds = [f"cross_validate {part}" for part in crossvalidation.parts(study)]
    samples = [f"inclusion_part {part}" for part in inclusionparts.parts(study)]
    chosen = ["select", *folds, "gather_cross_validation", *samples, "sensitivity"]
    return ["clean", *fits, *chosen, *draws, "infer", "diagnose", "report"]


def _shortened(jobs: list[str]) -> str:
    """The jobs with those of a kind counted: "clean, fit (14 models), …, bootstrap_part (8 parts), …"."""
    told = []
    for kind, of in groupby(jobs, lambda job: job.partition(" ")[0]):
        number = len(list(of))
        told.append(f"{kind} ({_count(number, _UNITS[kind])})" if number > 1 else kind)
    return ", ".join(told)


_UNITS = {"fit": "model", "cross_validate": "part", "inclusion_part": "part", "bootstrap_part": "part"}


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
