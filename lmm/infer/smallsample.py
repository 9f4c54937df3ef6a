"""The choice of covariance and degrees of freedom for tests of fixed effects."""

from __future__ import annotations

from dataclasses import replace
from math import inf, sqrt
from typing import TYPE_CHECKING

import numpy as np

from lmm.errors import InputError
from lmm.infer.hypothesis import FixedDegrees, SmallSample
from lmm.infer.kenwardroger import KenwardRoger
from lmm.infer.live import design_of, no_optimum
from lmm.infer.satterthwaite import Satterthwaite

if TYPE_CHECKING:
    from lmm.model import Fit

METHODS = ("kenward-roger", "satterthwaite", "residual", "normal")


def small_sample(fit: Fit, method: str = "kenward-roger") -> SmallSample:
    """Choose how uncertainty about the variances enters the tests of fixed effects.

    Args:
        fit: the model, in memory.
        method: "kenward-roger" (needs REML: an ML fit is refitted, and `note` says so, as pbkrtest does),
            "satterthwaite", "residual" (n − p), or "normal" (Wald's z and χ²). A model without random effects has
            n − p exactly, whichever of the first three is asked for, and so has its residual variance, by ML too.

    Raises:
        InputError: there is no such method, or the fit was read from a file.
    """
    if method not in METHODS:
        raise InputError(f"There is no method '{method}' for degrees of freedom: choose one of {', '.join(METHODS)}.")
    if method == "normal":
        return FixedDegrees("normal", fit.beta, fit.vcov_beta, fit.sigma, inf, no_optimum(fit))
    degrees = fit.n - len(fit.beta)
    if not fit.random:
        by_degrees = 1.0 if fit.reml else fit.n / degrees
        return FixedDegrees("residual", fit.beta, by_degrees * fit.vcov_beta, sqrt(by_degrees) * fit.sigma, degrees)
    if method == "residual":
        return FixedDegrees("residual", fit.beta, fit.vcov_beta, fit.sigma, degrees, no_optimum(fit))
    if method == "satterthwaite":
        return Satterthwaite(fit)
    if fit.reml:
        return KenwardRoger(fit)
    note = "Fitted by ML, and refitted by REML for Kenward and Roger's method."
    return KenwardRoger(refitted_by_reml(fit), note=note)


def chosen_small_sample(fit: Fit, method: str | SmallSample) -> SmallSample:
    """What `small_sample` returns for the name of a method; itself where it was made before."""
    return method if isinstance(method, SmallSample) else small_sample(fit, method)


def chosen_degrees(fit: Fit, method: str, reasons: dict[str, str]) -> SmallSample:
    """Covariance and degrees of freedom by the method asked for, or by the next simpler one that can be computed."""
    order = ("kenward-roger", "satterthwaite", "normal")
    for candidate in order[order.index(method) :]:
        try:
            return small_sample(fit, candidate)
        except np.linalg.LinAlgError as error:
            reasons["degrees_of_freedom"] = f"The method {candidate} cannot be computed for this model: {error}."
    raise AssertionError("the normal distribution needs no computation")


def refitted_by_reml(fit: Fit) -> Fit:
    """The same model of the same rows by REML."""
    from lmm.model import fit_design

    return replace(
        fit_design(fit.formula, design_of(fit), reml=True, n_data=fit.n + fit.n_dropped),
        offset_by_array=fit.offset_by_array,
    )
