"""The same quantities from n × n matrices: slow, obvious, and independent of the engine's algebra."""

from __future__ import annotations

import numpy as np


def marginal_covariance(T, factors, weights):
    """V = W⁻¹ + Σ Z(I ⊗ TT')Z', in units of σ²."""
    V = np.diag(1.0 / weights)
    for t, factor in zip(T, factors, strict=True):
        same = factor.codes[:, None] == factor.codes[None, :]
        V += same * (factor.columns @ t @ t.T @ factor.columns.T)
    return V


def deviance(T, y, X, factors, weights, reml):
    """−2 log-likelihood, σ² and β profiled out (Harville 1974 for REML)."""
    n, p = X.shape
    V = marginal_covariance(T, factors, weights)
    inverse = np.linalg.inv(V)
    XVX = X.T @ inverse @ X
    beta = np.linalg.solve(XVX, X.T @ inverse @ y)
    e = y - X @ beta
    degrees = n - p if reml else n
    sigma2 = e @ inverse @ e / degrees
    out = np.linalg.slogdet(V)[1] + degrees * (1 + np.log(2 * np.pi * sigma2))
    return out + (np.linalg.slogdet(XVX)[1] if reml else 0.0)


def observed_less_expected(T, y, X, factors, weights, reml, directions):
    """q_ab/σ² − t_ab over `directions`, pairs of factor and dG: exact less average information."""
    n, p = X.shape
    inverse = np.linalg.inv(marginal_covariance(T, factors, weights))
    P = inverse - inverse @ X @ np.linalg.solve(X.T @ inverse @ X, X.T @ inverse)
    sigma2 = y @ P @ y / (n - p if reml else n)
    traced = P if reml else inverse
    dV = []
    for k, dG in directions:
        same = factors[k].codes[:, None] == factors[k].codes[None, :]
        dV.append(same * (factors[k].columns @ dG @ factors[k].columns.T))
    out = np.empty((len(dV), len(dV)))
    for a, Va in enumerate(dV):
        for b, Vb in enumerate(dV):
            out[a, b] = y @ P @ Va @ P @ Vb @ P @ y / sigma2 - np.trace(traced @ Va @ traced @ Vb)
    return out


def unwhitened(problem, T):
    """The matrices of the engine's whitened coordinates, one for each factor, in the units of the columns of Z."""
    original = []
    for k, factor in enumerate(problem.factors):
        t = np.zeros_like(T[k])
        for term, upper in zip(factor.slices, problem.transforms[k], strict=True):
            t[term, term] = np.linalg.solve(upper, T[k][term, term])
        original.append(t)
    return original
