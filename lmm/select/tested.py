"""A comparison of two candidates with the p-value that decides, and the null distribution that gave it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from lmm.errors import InputError
from lmm.infer.likelihoodratio import LikelihoodRatioTest
from lmm.infer.nullchoice import BOOTSTRAP, CHI_SQUARED, MIXTURE, NONE, always_bootstrap, choose_null
from lmm.infer.randomparttest import RandomPartTest, random_part_test
from lmm.model import Fit, fit

if TYPE_CHECKING:
    import pandas

    from lmm.study import Study


@dataclass(frozen=True)
class Tested:
    """A likelihood ratio test with the p-value that decides.

    Attributes:
        ratio: the test with its large-sample p-values, plain and corrected for the boundary.
        method: of `lmm.infer.nullchoice`, which null distribution gave `p`.
        p: None where there is none.
        standard_error: Monte Carlo standard error of p, None where nothing was simulated.
        draws: number of data sets or directions simulated; 0 where p was computed.
        sentence: why this null distribution, or None where only the large-sample one was asked for.
        notes: what else has to be said of the test.
    """

    ratio: LikelihoodRatioTest
    method: str
    p: float | None
    standard_error: float | None = None
    draws: int = 0
    sentence: str | None = None
    notes: tuple[str, ...] = ()

    def rejects(self, alpha: float) -> bool:
        """Whether the smaller model is rejected; a test without a p-value rejects nothing."""
        return self.p is not None and self.p < alpha


Test = Callable[[LikelihoodRatioTest], Tested]


def by_large_sample(ratio: LikelihoodRatioTest) -> Tested:
    """The test by its large-sample null distribution."""
    method = NONE if ratio.p is None else CHI_SQUARED if len(ratio.null.df) == 1 else MIXTURE
    notes = tuple(note for note in (ratio.reason, ratio.approximation) if note)
    return Tested(ratio, method, ratio.p, notes=notes)


def by_its_null(study: Study, table: pandas.DataFrame) -> Test:
    """Tests of random parts by the null distribution that each comparison calls for (`lmm.infer.nullchoice`), or by the
    one that the study asks for.

    The two models are fitted once more to the analysis table: exact distributions and bootstraps need its columns.
    """

    if study.ladder.null == "mixture":
        return by_large_sample
    choose = always_bootstrap if study.ladder.null == "bootstrap" else choose_null

    @cache
    def fitted(formula: str) -> Fit:
        return fit(formula, table, weights=study.weights)

    def test(ratio: LikelihoodRatioTest) -> Tested:
        if ratio.p is None:
            return by_large_sample(ratio)
        try:
            found = random_part_test(
                fitted(ratio.smaller), fitted(ratio.larger), study.seed, study.ladder.draws, choose=choose
            )
        except (InputError, np.linalg.LinAlgError) as error:
            plain = by_large_sample(ratio)
            note = f"The large-sample distribution was taken, as no other could be had: {error}"
            return Tested(ratio, plain.method, plain.p, notes=(*plain.notes, note))
        return _of_random_parts(ratio, found)

    return test


def _of_random_parts(ratio: LikelihoodRatioTest, found: RandomPartTest) -> Tested:
    method, draws = found.choice.method, 0
    if method == BOOTSTRAP and found.bootstrap.p is None:
        method = MIXTURE
    elif method == BOOTSTRAP:
        draws = found.bootstrap.used
    elif found.exact is not None:
        draws = found.exact.draws
    return Tested(ratio, method, found.p, found.standard_error, draws, found.choice.sentence, found.notes)
