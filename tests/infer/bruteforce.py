"""The profile deviance by n × n matrices and a general optimiser: slow, obvious, independent of the engine."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack, solve_triangular
from scipy.optimize import minimize


class BruteForce:
    """The deviance of maximum likelihood of a fit's data in natural parameters."""

    def __init__(self, fit):
        design = fit.design
        self.fit = fit
        self.X = design.X[:, fit.kept]
        self.y = design.y - (0.0 if design.offset is None else design.offset)
        self.weights = np.ones(fit.n) if design.weights is None else design.weights
        self.same = [term.codes[:, None] == term.codes for term in design.random]
        self.columns = [term.columns for term in design.random]
        self.sizes = [term.columns.shape[1] for term in design.random]

    def deviance(self, roots, sigma, y=None, X=None):
        """At Cholesky factors `roots` of the terms' covariances and σ, all fixed effects of X at their best."""
        y, X = self.y if y is None else y, self.X if X is None else X
        V = np.diag(sigma**2 / self.weights)
        for same, columns, root in zip(self.same, self.columns, roots, strict=True):
            half = columns @ root
            V += same * (half @ half.T)
        lower, failed = lapack.dpotrf(V, lower=1, overwrite_a=1)
        if failed:
            return 1e10
        solved = solve_triangular(lower, np.column_stack([X, y]), lower=True, check_finite=False)
        e = solved[:, -1] - solved[:, :-1] @ np.linalg.lstsq(solved[:, :-1], solved[:, -1], rcond=None)[0]
        return 2.0 * np.log(np.diag(lower)).sum() + len(y) * np.log(2 * np.pi) + e @ e

    def profile(self, name, value):
        """The least deviance with one parameter held at a value, from several starts."""
        parts = [self._part(i, name, value) for i in range(len(self.sizes))]
        y, X = self.y, self.X
        if name in self.fit.coefficients:
            j = self.fit.coefficients.index(name)
            y, X = y - value * X[:, j], np.delete(X, j, axis=1)

        def objective(p):
            roots = []
            for size, make in parts:
                roots.append(make(p[:size]))
                p = p[size:]
            return self.deviance(roots, value if name == "sigma" else self.fit.sigma * np.exp(p[0]), y, X)

        starts = [
            np.concatenate([start for size, _ in parts for start in [self._start(size, seed)]] + [np.zeros(1)])
            for seed in range(3)
        ]
        found = []
        for start in starts:
            rough = minimize(objective, start, method="Nelder-Mead", options={"maxfev": 150 * len(start)})
            found.append(minimize(objective, rough.x, method="BFGS", options={"gtol": 1e-7}).fun)
        return min(found)

    @staticmethod
    def _start(size, seed):
        return np.random.default_rng(seed).normal(0.6, 0.5, size)

    def _part(self, i, name, value):
        """Number of free entries of a term's root, and the root they make; entries are in units of the fit's SDs."""
        term, q = self.fit.random[i], self.sizes[i]
        unit = np.where(term.sd > 0, term.sd, self.fit.sigma)
        sds = [f"sd_{effect}|{term.group}" for effect in term.names]
        pairs = {f"cor_{term.names[r]}.{term.names[c]}|{term.group}": (c, r) for r in range(q) for c in range(r)}
        if name in sds:
            heads = [sds.index(name)]
        else:
            heads = list(pairs.get(name, ()))
        order = heads + [effect for effect in range(q) if effect not in heads]

        def make(p):
            root = np.zeros((q, q))
            if len(heads) == 1:
                root[0, 0], p = value / unit[order[0]], np.array(p)
            elif len(heads) == 2:
                # Standard deviations are positive, or the correlation would change its sign.
                root[0, 0], v = abs(p[0]), abs(p[1])
                root[1, :2], p = (v * value, v * np.sqrt(1 - value**2)), p[2:]
            free = [(r, c) for r in range(len(heads), q) for c in range(r + 1)]
            for entry, place in zip(p, free, strict=True):
                root[place] = entry
            back = np.zeros((q, q))
            back[order] = root * unit[order][:, None]
            return back

        entries = q * (q + 1) // 2
        return entries - {0: 0, 1: 1, 2: 1}[len(heads)], make
