"""What the mean is made of: its numbers and its factors, as columns of the rows used."""

from __future__ import annotations

import numpy as np

from lmm.diagnose.evidence import Evidence
from lmm.diagnose.labels import bare
from lmm.diagnose.structure import Grouping
from lmm.formula.columns import Factor
from lmm.select.slopeterms import names_in

_FEWEST_VALUES = 3
"""A number with fewer distinct values is a factor in disguise."""


def variables_of_mean(evidence: Evidence) -> list[str]:
    """The columns of the table that the fixed effects use, in the order of the formula."""
    names = [name for label in evidence.fit.design.values for name in names_in(label)]
    return [name for name in dict.fromkeys(names) if name in evidence.table]


def numbers_of_mean(evidence: Evidence) -> dict[str, np.ndarray]:
    """The numeric columns that the fixed effects use, with three values or more, each (n,)."""
    found = {}
    for name in variables_of_mean(evidence):
        column = evidence.table[name]
        if column.dtype.kind in "iuf" and column.nunique() >= _FEWEST_VALUES and not _is_factor(evidence, name):
            found[name] = column.to_numpy(dtype=float)
    return found


def factors_of_mean(evidence: Evidence) -> list[Grouping]:
    """The factors of the fixed effects, and their numbers with two values."""
    numbers = numbers_of_mean(evidence)
    found = []
    for label, value in evidence.fit.design.values.items():
        if isinstance(value, Factor):
            found.append(Grouping(bare(label), np.asarray(value.codes), tuple(map(str, value.levels))))
        elif isinstance(value, np.ndarray) and label not in numbers:
            levels, codes = np.unique(value, return_inverse=True)
            if len(levels) < _FEWEST_VALUES:
                found.append(Grouping(bare(label), codes, tuple(map(str, levels.tolist()))))
    return found


def _is_factor(evidence: Evidence, name: str) -> bool:
    """Whether the formula reads the number as a label, as factor(x) does."""
    values = evidence.fit.design.values
    return any(isinstance(value, Factor) and name in names_in(label) for label, value in values.items())
