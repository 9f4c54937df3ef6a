"""mixedlm-rs: one grouping factor, in the manner of statsmodels, with a Rust core."""

import re
import sys

import mixedlm_rs
from serve import pandas_table, serve


def main(table_file: str, formula: str) -> None:
    """Serve fits of `formula`, which has one random term."""
    table = pandas_table(table_file)
    fixed, effects, group = re.fullmatch(r"(.+) \+ \((.+) \| (\w+)\)", formula).groups()
    # It takes four times as long with labels.
    table[group] = table[group].cat.codes

    def fit() -> float:
        model = mixedlm_rs.mixedlm(fixed, table, groups=group, re_formula=f"~{effects}")
        return float(-2.0 * model.fit().llf)

    serve(mixedlm_rs.__version__, {"fit": fit})


if __name__ == "__main__":
    main(*sys.argv[1:])
