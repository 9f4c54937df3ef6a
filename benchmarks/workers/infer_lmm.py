"""This project's inference: every action begins from a fit that is at hand and does all the work that follows it."""

import sys

import numpy as np
from serve import pandas_table, serve

import lmm
from lmm.infer.bootstrap import parametric_draws
from lmm.infer.profile import profile_intervals
from lmm.infer.smallsample import small_sample

DRAWS = 1000


def main(table_file: str, formula: str) -> None:
    """Serve inference about the fit of `formula`; each action returns a number that R's should equal."""
    table = pandas_table(table_file)
    fit = lmm.fit(formula, table)
    contrasts = np.eye(len(fit.beta))

    def degrees_of_freedom(method: str) -> float:
        # Adjusted covariance, standard error and degrees of freedom of every coefficient.
        approximation = small_sample(fit, method)
        return [approximation.t_test(contrast).df for contrast in contrasts][-1]

    serve(
        lmm.__version__,
        {
            "fit": lambda: lmm.fit(formula, table).deviance,
            "kenward-roger": lambda: degrees_of_freedom("kenward-roger"),
            "satterthwaite": lambda: degrees_of_freedom("satterthwaite"),
            "bootstrap": lambda: float(np.std(parametric_draws(fit, 0, DRAWS, 1).beta[:, -1], ddof=1)),
            "profile": lambda: profile_intervals(fit)[0].lower,
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
