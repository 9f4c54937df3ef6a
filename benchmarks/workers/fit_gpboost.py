"""GPBoost: random intercepts by maximum likelihood; where factors cross, by iterative methods, with some noise.

It has no REML and no formulas: the result is its variances, and the measuring process works out the REML criterion
that they have.
"""

import re
import sys

import gpboost
import numpy as np
from serve import read_columns, serve


def main(table_file: str, formula: str) -> None:
    """Serve fits of `formula`, whose random terms are intercepts."""
    columns = read_columns(table_file)
    outcome, _, right = formula.partition(" ~ ")
    groups = np.column_stack([columns[group][0] for group in re.findall(r"\(1 \| (\w+)\)", right)])
    predictors = [name for name in right.split(" + ") if "(" not in name and name != "1"]
    X = np.column_stack([np.ones(len(groups)), *(covariates(columns[name]) for name in predictors)])
    y = columns[outcome]

    def fit() -> list[float]:
        model = gpboost.GPModel(group_data=groups, likelihood="gaussian", num_parallel_threads=1)
        model.fit(y=y, X=X)
        return [float(variance) for variance in np.ravel(model.get_cov_pars())]

    serve(gpboost.__version__, {"fit": fit})


def covariates(column: np.ndarray | tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the columns that stand for a predictor: a number's own, a factor's indicators of all levels but one."""
    if isinstance(column, tuple):
        codes, levels = column
        return (codes[:, None] == np.arange(1, len(levels))).astype(float)
    return column[:, None]


if __name__ == "__main__":
    main(*sys.argv[1:])
