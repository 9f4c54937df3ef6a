"""What inference needs of a Fit beyond its estimates: the cross-products it was made of, still in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmm.engine.information import VarianceInformation, variance_information
from lmm.errors import InputError

if TYPE_CHECKING:
    from lmm.engine import Optimum
    from lmm.formula import Design
    from lmm.model import Fit


def optimum_of(fit: Fit) -> Optimum:
    """The optimum of a fit with random effects.

    Raises:
        InputError: the fit was read from a file, or has no random effects.
    """
    if not fit.random:
        raise InputError(f"'{fit.formula}' has no random effects, so it has no variances to say anything about.")
    if fit.optimum is None:
        raise InputError(_stored(fit))
    return fit.optimum


def design_of(fit: Fit) -> Design:
    """The design of a fit.

    Raises:
        InputError: the fit was read from a file.
    """
    if fit.design is None:
        raise InputError(_stored(fit))
    return fit.design


def information_of(fit: Fit) -> VarianceInformation:
    """The likelihood's derivatives in the variances, in the order of `fit.random`: the terms one after the other,
    of each the lower triangle of the covariance of its whitened columns by columns, then the residual variance.

    Raises:
        InputError: the fit was read from a file, or has no random effects.
    """
    from lmm.model import one_thread

    optimum = optimum_of(fit)
    with one_thread():
        found = variance_information(optimum)
    place = {parameter: i for i, parameter in enumerate(found.parameters)}
    groups, order = list(dict.fromkeys(term.group for term in fit.random)), []
    filled = dict.fromkeys(groups, 0)
    for term in fit.random:
        start, size = filled[term.group], len(term.names)
        k = groups.index(term.group)
        order += [place[k, start + row, start + column] for column in range(size) for row in range(column, size)]
        filled[term.group] += size
    return found.reordered(np.array([*order, len(found.parameters)]))


def no_optimum(fit: Fit) -> str | None:
    """What has to be said beside whatever rests on the variances, where no optimum was found."""
    if fit.convergence.status == "not converged":
        return f"The variances are no optimum: {fit.convergence.message}"
    return None


def _stored(fit: Fit) -> str:
    return f"'{fit.formula}' was read from a file, which keeps no data: fit it anew with lmm.fit to go on from there."
