"""Every mistake of a config, its tables and its ladders that shows before the first job: all studies in one list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lmm.clean.preflight import mistakes_of
from lmm.errors import InputError
from lmm.select.rungs import ladder
from lmm.study import Study, load

CONFIG = ""
"""Stands for the config as a whole among names of studies."""


def studies_without_mistakes(content: Mapping[str, Any], folder: Path) -> list[Study]:
    """Return the studies of a config; raises one InputError with a line for each mistake of any of them.

    Of each table the first line is read, no more.
    """
    studies, mistakes = studies_and_mistakes(content, folder)
    if mistakes:
        raise InputError(as_lines(mistakes))
    return studies


def studies_and_mistakes(content: Mapping[str, Any], folder: Path) -> tuple[list[Study], dict[str, list[str]]]:
    """Return the studies that can be read, and the mistakes of each by its name; under CONFIG those of their blocks.

    Where blocks are mistaken, the tables and ladders of the others are looked at nevertheless.
    """
    mistakes: dict[str, list[str]] = {}
    try:
        studies = load(content)
    except InputError as error:
        mistakes[CONFIG] = str(error).splitlines()
        studies = _sound_alone(content)
    for study in studies:
        if found := _mistakes_of(study, folder):
            mistakes.setdefault(study.name, []).extend(found)
    return studies, mistakes


def as_lines(mistakes: Mapping[str, list[str]]) -> str:
    """The mistakes as lines, each once."""
    return "\n".join(dict.fromkeys(line for lines in mistakes.values() for line in lines))


def _mistakes_of(study: Study, folder: Path) -> list[str]:
    mistakes = mistakes_of(study, folder)
    try:
        ladder(study)
    except InputError as error:
        if str(error).startswith("study "):  # else it is a formula's, which is among them already
            mistakes.append(str(error))
    return list(dict.fromkeys(mistakes))


def _sound_alone(content: Mapping[str, Any]) -> list[Study]:
    """The studies whose blocks would be a config by themselves."""
    blocks = content.get("studies")
    shared = {key: content[key] for key in ("seed", "defaults") if key in content}
    studies = []
    for block in blocks if isinstance(blocks, list) else []:
        try:
            studies += load({**shared, "studies": [block]})
        except InputError:
            continue
    return studies
