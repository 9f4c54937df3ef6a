"""What can be said of a study before its table is read: file, columns and formulas."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lmm.clean import steps
from lmm.clean.header import Header, position
from lmm.clean.read import raw_columns
from lmm.clean.roles import declared_categories, roles, source_after_steps
from lmm.errors import InputError
from lmm.study import Study
from lmm.study.means import means_asked


def preflight(studies: Iterable[Study], folder: Path) -> None:
    """Refuse studies with a missing file, a missing column or an unreadable formula, all mistakes at once.

    Raises one InputError with a line for each mistake; reads no more than the first line of each table.
    """
    mistakes = [mistake for study in studies for mistake in _mistakes(study, folder)]
    if mistakes:
        raise InputError("\n".join(mistakes))


def _mistakes(study: Study, folder: Path) -> list[str]:
    where = f"study {study.name}: {source_after_steps(study)}"
    try:
        needed = {column: played[0] for column, played in roles(study).items()}
        means_asked(study)
        header = Header(tuple(steps.names_after(study, raw_columns(study, folder))))
    except InputError as error:
        return [str(error)]
    needed |= {column: "categorical" for column in sorted(declared_categories(study)) if column not in needed}
    mistakes = []
    for column, role in needed.items():
        try:
            position(header, column, role, where)
        except InputError as error:
            mistakes.append(str(error))
    return mistakes
