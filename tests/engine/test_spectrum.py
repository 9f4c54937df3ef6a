"""Eigenvalues of Z'PZ and Z'Z against dense matrices."""

import numpy as np
import pytest

from lmm.engine import Factor
from lmm.engine.spectrum import order, spectrum
from lmm.engine.whitening import orthonormalise


def dense(codes, z, X):
    Z = z[:, None] * (codes[:, None] == np.arange(codes.max() + 1))
    P = np.eye(len(z)) - X @ np.linalg.pinv(X)
    return np.linalg.eigvalsh(Z.T @ P @ Z), np.linalg.eigvalsh(Z.T @ Z)


@pytest.mark.parametrize("kind", ["balanced", "two sizes", "weights", "slope", "level among the fixed effects"])
def test_eigenvalues_are_those_of_the_dense_matrices(kind):
    rng = np.random.default_rng(3)
    codes = np.repeat(np.arange(14), [4] * 14 if kind != "two sizes" else [3] * 8 + [5] * 6)
    n = len(codes)
    root = np.sqrt(rng.uniform(0.5, 2.0, n)) if kind == "weights" else np.ones(n)
    z = root * (rng.normal(size=n) if kind == "slope" else 1.0)
    columns = [np.ones(n), rng.normal(size=n), rng.normal(size=14)[codes]]
    if kind == "level among the fixed effects":
        columns.append((codes == 2).astype(float))
    X = np.column_stack(columns) * root[:, None]
    factor = Factor(codes, 14, z[:, None], (1,))
    found = spectrum(factor, orthonormalise(X)[0])
    within, plain = dense(codes, z, X)
    within = within[within > 1e-8]
    np.testing.assert_allclose(np.repeat(found.within, found.within_times), within, rtol=1e-8)
    np.testing.assert_allclose(np.repeat(found.plain, found.plain_times), plain, rtol=1e-8)
    assert found.rank == len(within)
    assert order(factor, 3) == {"balanced": 3, "two sizes": 6, "level among the fixed effects": 3}.get(kind, 14)


def test_without_fixed_effects_every_size_of_a_level_is_a_kind():
    codes = np.repeat(np.arange(9), np.arange(1, 10))
    factor = Factor(codes, 9, np.ones((45, 1)), (1,))
    found = spectrum(factor, np.empty((45, 0)))
    assert found.within.tolist() == found.plain.tolist() == list(range(1, 10))
    assert order(factor, 0) == 9
