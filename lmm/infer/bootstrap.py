"""Parametric bootstrap: the model fitted again to outcomes drawn from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmm.engine.refits import Refits, draws_at_once, refit, refit_least_squares
from lmm.engine.whitening import whiten_fixed
from lmm.infer.draws import Draws, draws_of_refits, in_blocks
from lmm.infer.live import design_of, optimum_of
from lmm.infer.simulate import simulate
from lmm.model import one_thread
from lmm.progress import Progress

if TYPE_CHECKING:
    from lmm.model import Fit

PARAMETRIC = "parametric"


def parametric_draws(fit: Fit, start: int, stop: int, seed: int) -> Draws:
    """The draws [start, stop) of the parametric bootstrap of a fit, which `gather` puts together.

    New random effects and new residuals are drawn (Davison & Hinkley 1997, section 7.2) and the model is fitted again
    by its own criterion. A draw depends on the seed and its number alone.

    Raises:
        InputError: the fit was read from a file.
    """
    return draws_of_refits(fit, refits_of_draws(fit, fit, start, stop, seed), PARAMETRIC, seed, start)


def refits_of_draws(fit: Fit, source: Fit, start: int, stop: int, seed: int) -> Refits:
    """The model of `fit` fitted to the data sets [start, stop) that `source` draws, in blocks that suit `fit`.

    Both are of the same rows, weights and offset. The data sets depend on `source`, the seed and their numbers alone,
    so that calls for several models are of the same ones.

    Raises:
        InputError: a fit was read from a file.
    """
    parts, progress = [], Progress(stop - start, "bootstrap draws")
    with one_thread():
        for refits, asked in in_blocks(
            lambda draws: refit_outcomes(fit, simulate(source, draws, seed)), start, stop, block_size(fit)
        ):
            parts.append(refits.part(asked))
            progress.add(asked.stop - asked.start)
    return Refits.joined(parts)


def refit_outcomes(fit: Fit, outcomes: np.ndarray) -> Refits:
    """The model fitted to other outcomes (n, B) of its rows, on the scale of the formula's left side."""
    design = design_of(fit)
    if fit.offset is not None:
        outcomes = outcomes - fit.offset[:, None]
    roots = None if fit.weights is None else np.sqrt(fit.weights)
    if roots is not None:
        outcomes = outcomes * roots[:, None]
    if fit.random:
        return refit(optimum_of(fit), outcomes)
    X = design.X if roots is None else design.X * roots[:, None]
    y = design.y if roots is None else design.y * roots
    sum_log_weights = 0.0 if fit.weights is None else float(np.log(fit.weights).sum())
    return refit_least_squares(whiten_fixed(y, X), sum_log_weights, fit.reml, outcomes)


def block_size(fit: Fit) -> int:
    """How many draws of a model are computed together."""
    return draws_at_once(optimum_of(fit).problem) if fit.random else max(1, min(256, 1_000_000 // fit.n))
