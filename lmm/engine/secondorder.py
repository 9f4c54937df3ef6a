"""Second derivatives of the deviance with respect to the entries of T.

For parameters a, b with dG_a = ∂(TₖTₖ')/∂a, both routines return the part that goes through V,

    H_ab = −t_ab + 2 q_ab/σ² − s_a s_b/(σ⁴ν),   t_ab = tr(P Zₖ dG_a Zₖ' P Z_l dG_b Z_l'),
    q_ab = y'P Zₖ dG_a Zₖ' P Z_l dG_b Z_l' P y,  s_a = y'P Zₖ dG_a Zₖ' P y

(P = V⁻¹ less its projection on X; for ML the trace takes V⁻¹). The curvature of TT' itself is added by
`hessian`. One factor has the exact t; several take the average of observed and expected information, t ≈ q/σ²
(Gilmour, Thompson & Cullis 1995), which needs no trace.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from lmm.engine import blocks
from lmm.engine.deviance import Deviance, Factorisation
from lmm.engine.parameters import Parameters


def hessian(deviance: Deviance, parameters: Parameters, at: Factorisation, S: list[np.ndarray]) -> np.ndarray:
    """Second derivatives (a, a) in natural units: exact for one factor, average information for several."""
    return in_parameters(through_variance(deviance, parameters, at), parameters, S)


def through_variance(deviance: Deviance, parameters: Parameters, at: Factorisation) -> np.ndarray:
    """The part of the second derivatives (a, a) that goes through V, in whitened coordinates."""
    through_V = exact if len(at.T) == 1 else average_information
    return through_V(deviance, parameters, at)


def in_parameters(through_V: np.ndarray, parameters: Parameters, S: list[np.ndarray]) -> np.ndarray:
    """Second derivatives (a, a) in natural units: what goes through V, and the curvature of TT' with ∂d/∂T = 2ST."""
    out = through_V.copy()
    k, row, column = parameters.factor, parameters.row, parameters.column
    for factor, matrix in enumerate(S):
        first, end = np.searchsorted(k, [factor, factor + 1])
        rows, columns = row[first:end], column[first:end]
        same = columns[:, None] == columns
        out[first:end, first:end] += 2.0 * same * matrix[rows[:, None], rows]
    out *= np.outer(parameters.units, parameters.units)
    return 0.5 * (out + out.T)


def directions(parameters: Parameters, T: list[np.ndarray]) -> list[tuple[int, np.ndarray]]:
    """Factor and dG_a = ET' + TE' of every parameter, E the matrix with a one at the parameter's place."""
    out = []
    for k, row, column in zip(parameters.factor, parameters.row, parameters.column, strict=True):
        dG = np.zeros(T[k].shape)
        dG[row] = T[k][:, column]
        out.append((int(k), dG + dG.T))
    return out


def exact(deviance: Deviance, parameters: Parameters, at: Factorisation) -> np.ndarray:
    """The exact second derivatives for one factor."""
    problem, p = deviance.problem, deviance.problem.p
    multiplicity = problem.multiplicity
    q, _, n_levels = problem.gram.shape
    C = problem.border.values.transpose(1, 0, 2)
    AG = blocks.product(problem.gram, at.gain)
    R = C - blocks.product(AG, C)
    B = problem.gram - blocks.product(AG, problem.gram)
    g = np.tensordot(R, at.solution, (1, 0))
    M_inverse = np.linalg.inv(at.reduced_fixed[:p, :p])
    dG = np.array([direction for _, direction in directions(parameters, at.T)])
    gg = blocks.product(g[:, None], g[None])
    stacked = R.reshape(-1, n_levels)
    RR = (stacked @ stacked.T).reshape(q, p + 1, q, p + 1)

    trace = blocks.paired_traces(dG, B, B * multiplicity)
    if deviance.reml:
        RM = np.tensordot(R[:, :p], M_inverse, (1, 0)).transpose(0, 2, 1)
        Q = np.einsum("axj,bxj->abj", RM, R[:, :p])
        cross = blocks.paired_traces(dG, B, Q)
        N = M_inverse @ np.einsum("kab,axby->kxy", dG, RR[:, :p, :, :p])
        trace = trace - cross - cross.T + np.einsum("kxy,lyx->kl", N, N)
    to_fixed = np.einsum("kab,axb->kx", dG, np.tensordot(RR, at.solution, (3, 0))[:, :p])
    observed = blocks.paired_traces(dG, B, gg) - to_fixed @ M_inverse @ to_fixed.T
    s = np.einsum("kab,ab->k", dG, g @ g.T)
    return 2.0 * observed / at.sigma2 - trace - np.outer(s, s) / (at.sigma2**2 * deviance.degrees)


def average_information(deviance: Deviance, parameters: Parameters, at: Factorisation) -> np.ndarray:
    """Average information for several factors."""
    problem = deviance.problem
    m, size = len(at.solution), len(parameters)
    effects = deviance.scaled(at.solution, at.T)
    C_effects = problem.border.times(effects)
    GC_effects = blocks.product(at.gain, C_effects)
    g_rest = problem.rest.times(effects) - problem.border.transposed_times(GC_effects)
    g = [C_effects - blocks.product(problem.gram, GC_effects)]
    for k, factor in enumerate(problem.factors[1:], 1):
        rows = slice(problem.offsets[k - 1], problem.offsets[k])
        g.append(g_rest[rows].reshape(factor.n_columns, factor.n_levels))
    changed = [dG @ g[k] for k, dG in directions(parameters, at.T)]
    s = np.array([(h * g[k]).sum() for k, h in zip(parameters.factor, changed, strict=True)])

    of_first = int((parameters.factor == 0).sum())
    h = np.stack(changed[:of_first], axis=1)
    Ah = blocks.product(problem.gram, h)
    GAh = blocks.product(at.gain, Ah)
    marginal = Ah - blocks.product(problem.gram, GAh)
    in_rest = np.zeros((m, size))
    for a in range(of_first, size):
        k = parameters.factor[a]
        in_rest[problem.offsets[k - 1] : problem.offsets[k], a] = changed[a].ravel()
    of_others = in_rest[:, of_first:]
    gained = blocks.product(at.gain, problem.border.times(of_others))
    to_rest = problem.border.transposed_times(np.concatenate([h - GAh, -gained], axis=1))
    to_rest[:, of_first:] += problem.rest.times(of_others)
    information = to_rest.T @ in_rest
    information[of_first:] = information[:, of_first:].T
    information[:of_first, :of_first] = np.tensordot(h, marginal, ((0, 2), (0, 2)))
    to_rest = deviance.scaled(to_rest, [t.T for t in at.T])
    to_rest[-1] = 0.0
    projected = lapack.dtrtrs(at.lower, to_rest, lower=1)[0][: m - 1]
    information -= projected.T @ projected
    return information / at.sigma2 - np.outer(s, s) / (at.sigma2**2 * deviance.degrees)
