"""This project's `lmm.fit`; the action "design" reads the formula and builds the matrices, and stops there."""

import itertools
import sys

from serve import pandas_table, serve

import lmm
from lmm.formula import parse


def main(table_file: str, formula: str) -> None:
    """Serve fits of `formula`."""
    table = pandas_table(table_file)
    # lmm remembers formulas it has read; one space more makes each a new one, which it has to read as the others do.
    formulas = (formula + " " * spaces for spaces in itertools.cycle(range(5000)))

    def fit() -> float:
        return lmm.fit(next(formulas), table, reml=True).deviance

    def design() -> int:
        return len(parse(next(formulas)).design(table).y)

    serve(lmm.__version__, {"fit": fit, "design": design})


if __name__ == "__main__":
    main(*sys.argv[1:])
