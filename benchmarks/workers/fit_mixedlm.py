"""mixedlm: lme4's formulas with a Rust core."""

import sys
from importlib.metadata import version

import mixedlm
from serve import pandas_table, serve


def main(table_file: str, formula: str) -> None:
    """Serve fits of `formula`."""
    table = pandas_table(table_file)

    def fit() -> float:
        return float(-2.0 * mixedlm.lmer(formula, table, REML=True).logLik().value)

    serve(version("mixedlm"), {"fit": fit})


if __name__ == "__main__":
    main(*sys.argv[1:])
