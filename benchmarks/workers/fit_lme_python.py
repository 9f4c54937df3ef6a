"""lme-python: lme4's formulas with a Rust core; its tables are those of polars."""

import sys
from importlib.metadata import version

import lme_python
import polars
from serve import read_columns, serve


def main(table_file: str, formula: str) -> None:
    """Serve fits of `formula`."""
    table = polars.DataFrame(
        {
            name: column[1][column[0]].tolist() if isinstance(column, tuple) else column
            for name, column in read_columns(table_file).items()
        }
    )

    def fit() -> float:
        return lme_python.lmer(formula, table, reml=True).reml_criterion

    serve(version("lme-python"), {"fit": fit})


if __name__ == "__main__":
    main(*sys.argv[1:])
