"""How the levels of a factor become columns: R's contrast functions, by way of formulaic."""

from __future__ import annotations

import numpy as np

from lmm.errors import InputError
from lmm.formula.columns import Contrast, Factor, listing

KINDS = ("treatment", "SAS", "sum", "helmert", "poly")
CONTRASTS = {name: kind for kind in KINDS for name in (kind, f"contr.{kind}")}


def coding_matrix(factor: Factor, label: str, full: bool) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return (matrix (levels, columns), suffix of each column's name) for the factor named `label`.

    full: a dummy per level; else contrasts: as the factor says, or R's defaults (polynomials for an ordered
    factor, differences from the first level for any other).
    """
    levels = factor.levels
    if full:
        return np.eye(len(levels)), levels
    contrast = factor.contrast or Contrast("poly" if factor.ordered else "treatment")
    if contrast.kind == "treatment":
        base = _base(contrast.base, levels, label)
        suffixes = _numbers(levels) if contrast.numbered else levels
        return np.delete(np.eye(len(levels)), base, axis=1), suffixes[:base] + suffixes[base + 1 :]
    return _other_contrasts(contrast, levels, label)


def _base(base: str | int | None, levels: tuple[str, ...], label: str) -> int:
    if base is None:
        return 0
    if isinstance(base, str) and base in levels:
        return levels.index(base)
    if isinstance(base, int) and 1 <= base <= len(levels):
        return base - 1
    raise InputError(f"{label} takes {base!r} as its reference, but the levels are {listing(levels)}.")


def _other_contrasts(contrast: Contrast, levels: tuple[str, ...], label: str) -> tuple[np.ndarray, tuple[str, ...]]:
    if contrast.kind == "SAS":
        return np.eye(len(levels))[:, :-1], (_numbers(levels) if contrast.numbered else levels)[:-1]
    # formulaic costs 0.3 s to import, so only models that need it pay
    from formulaic.transforms import contrasts as formulaic_contrasts

    numbered = _numbers(levels)[:-1]
    if contrast.kind == "sum":
        coding, suffixes = formulaic_contrasts.SumContrasts(), numbered
    elif contrast.kind == "helmert":
        coding, suffixes = formulaic_contrasts.HelmertContrasts(), numbered
    else:
        scores = contrast.scores
        if scores is not None and len(scores) != len(levels):
            raise InputError(f"{label} has {len(levels)} levels, but {len(scores)} scores were given.")
        coding = formulaic_contrasts.PolyContrasts(scores=scores)
        suffixes = tuple((".L", ".Q", ".C")[i] if i < 3 else f"^{i + 1}" for i in range(len(levels) - 1))
    return coding.get_coding_matrix(levels, reduced_rank=True).to_numpy(dtype=float), suffixes


def _numbers(levels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(i + 1) for i in range(len(levels)))
