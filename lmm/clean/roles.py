"""Which columns a study's candidates use, and what for."""

from __future__ import annotations

from lmm.errors import InputError
from lmm.formula import parse
from lmm.formula.deparse import name_text
from lmm.study import Study

OUTCOME, PREDICTOR, SLOPE, GROUP, TIME, WEIGHTS = "outcome", "fixed", "slope", "group", "time", "weights"


def roles(study: Study) -> dict[str, tuple[str, ...]]:
    """Return, for each column that any candidate or figure of the study needs, the roles it plays.

    Columns come in the order outcome, fixed effects, random slopes, grouping factors, time, weights. Raises InputError
    where a formula cannot be read.
    """
    found, mistakes = readable_roles(study)
    if mistakes:
        raise InputError(mistakes[0])
    return found


def readable_roles(study: Study) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return the roles as far as the formulas can be read, and a sentence for each that cannot."""
    found: dict[str, list[str]] = {}
    mistakes = []
    uses = [(study.outcome, OUTCOME)]
    formulas = [("fixed", study.fixed, PREDICTOR)]
    formulas += [(f"slopes.{group}", slopes, SLOPE) for group, slopes in study.slopes.items()]
    for key, formula, role in formulas:
        try:
            uses += [(column, role) for column in _variables(study, formula, key)]
        except InputError as error:
            mistakes.append(str(error))
    uses += [(column, GROUP) for column in grouping_columns(study)]
    uses += [(study.time, TIME)] if study.time else []
    uses += [(study.weights, WEIGHTS)] if study.weights else []
    for column, role in uses:
        if role not in found.setdefault(column, []):
            found[column].append(role)
    return {column: tuple(played) for column, played in found.items()}, mistakes


def grouping_columns(study: Study) -> list[str]:
    """Return the columns the grouping factors are made of: a:b is made of a and b."""
    return list(dict.fromkeys(column for group in study.groups for column in group.split(":")))


def declared_categories(study: Study) -> set[str]:
    """Return the columns that the study says are categories."""
    return set(study.categorical) | set(study.levels)


def read_as_text(study: Study, column: str, played: tuple[str, ...]) -> bool:
    """Say whether a column holds labels whatever they look like: 007 and 7 are two subjects, not one."""
    return column in declared_categories(study) or played == (GROUP,)


def source_after_steps(study: Study) -> str:
    """Return how a sentence names the table that must have the candidates' columns."""
    return f"{study.source}, after the steps," if study.steps else study.source


def _variables(study: Study, right_hand_side: str, key: str) -> tuple[str, ...]:
    try:
        formula = parse(f"{name_text(study.outcome)} ~ {right_hand_side}")
    except InputError as error:
        raise InputError(f"study {study.name}, key {key}: {error}") from error
    if formula.random_texts:
        raise InputError(
            f"study {study.name}, key {key}: {right_hand_side!r} holds a random term; name its grouping factor under "
            "groups and its covariates under slopes."
        )
    return tuple(column for column in formula.variables if column != study.outcome)
