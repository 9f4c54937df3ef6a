"""What every cleaning step shares: where it stands in the config, and what it gives back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lmm.clean.shown import line_of_files
from lmm.errors import InputError
from lmm.study import nearest


@dataclass(frozen=True)
class Place:
    """Where a step stands: the study's name, the step's number from 1, its kind, and the files of the rows."""

    study: str
    number: int
    kind: str
    files: tuple[str, ...] = ()

    def mistake(self, sentence: str) -> InputError:
        """Return the error of one sentence that names study and step."""
        return InputError(f"study {self.study}, step {self.number} ({self.kind}): {sentence}")

    def line(self, chosen: np.ndarray, table: pd.DataFrame | pd.Series) -> str:
        """Return "line 7 of t.csv", where the first chosen row stands; `chosen` is a mask, shape (rows,)."""
        return line_of_files(self.files, table.index[int(np.argmax(chosen))])

    def need(self, names: Iterable[str], column: str) -> None:
        """Refuse a column that the table does not have at this step."""
        names = list(names)
        if column not in names:
            near = nearest(column, names)
            hint = f"did you mean {near!r}?" if near else f"its columns are {', '.join(names[:20])}."
            raise self.mistake(f"the table has no column {column!r} here; {hint}")

    def refuse_taken(self, names: Iterable[str], column: str) -> None:
        """Refuse a new column whose name is taken."""
        if column in names:
            raise self.mistake(f"the table already has a column {column!r}; give the new one another name.")


@dataclass(frozen=True)
class Applied:
    """The table after a step, a sentence that says what was done, and the reason for each row left out.

    dropped: text, its index holds the lines of the rows; a line may occur more than once after rows were multiplied.
    counts: further numbers for the audit.
    """

    table: pd.DataFrame
    sentence: str
    dropped: pd.Series = field(default_factory=lambda: reasons_for(pd.Index([]), ""))
    counts: dict[str, object] = field(default_factory=dict)


def reasons_for(lines: pd.Index, reason: str | Iterable[str]) -> pd.Series:
    """Return a reason for each line that is left out."""
    return pd.Series(reason, index=lines, dtype=object)


def rows(count: int) -> str:
    """Return a count of rows in words: 1 row, 2 rows."""
    return f"{count} row" if count == 1 else f"{count:,} rows"


def values(count: int) -> str:
    """Return a count of values in words: 1 value, 2 values."""
    return f"{count} value" if count == 1 else f"{count:,} values"


def listed(names: Iterable[object], most: int = 8) -> str:
    """Return names in a row, the first few of them."""
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
