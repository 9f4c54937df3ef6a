"""What can be said of a study before its table is read: file, columns and formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lmm.clean import steps
from lmm.clean.header import Header, check_file, position
from lmm.clean.read import raw_columns
from lmm.clean.roles import declared_categories, readable_roles, source_after_steps
from lmm.errors import InputError
from lmm.study import Study
from lmm.study.means import means_asked


def preflight(studies: Iterable[Study], folder: Path) -> None:
    """Refuse studies with a missing file, a missing column or an unreadable formula, all mistakes at once.

    Raises one InputError with a line for each mistake; reads no more than the first line of each table.
    """
    mistakes = [mistake for study in studies for mistake in mistakes_of(study, folder)]
    if mistakes:
        raise InputError("\n".join(mistakes))


def mistakes_of(study: Study, folder: Path) -> list[str]:
    """The mistakes of one study's formulas, files and columns, a sentence each."""
    played, mistakes = readable_roles(study)
    missing = _told(lambda file: check_file(folder / file, f"study {study.name}: {file}"), study.files)
    mistakes += missing
    if not mistakes:
        mistakes += _told(means_asked, [study])
    if missing:
        return mistakes
    try:
        header = Header(tuple(steps.names_after(study, raw_columns(study, folder))))
    except InputError as error:
        return [*mistakes, str(error)]
    where = f"study {study.name}: {source_after_steps(study)}"
    needed = {column: roles[0] for column, roles in played.items()}
    needed |= {column: "categorical" for column in sorted(declared_categories(study)) if column not in needed}
    return mistakes + _told(lambda column: position(header, column, needed[column], where), needed)


def _told(assertion: Callable[[Any], Any], subjects: Iterable[Any]) -> list[str]:
    """The sentences of those that an assertion refuses."""
    mistakes = []
    for subject in subjects:
        try:
            assertion(subject)
        except InputError as error:
            mistakes.append(str(error))
    return mistakes
