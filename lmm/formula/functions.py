"""The functions a formula may call, and nothing else is callable.

ELEMENTWISE functions map numbers to numbers row by row. STATEFUL ones look at the whole column (its mean, its
knots) and write what they learnt into `state`, plain JSON values, so that new rows are laid out the same way.
CATEGORICAL ones give factors.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

from lmm.errors import InputError
from lmm.formula.columns import Basis, Contrast, Factor, as_factor, label, listing
from lmm.formula.contrasts import CONTRASTS
from lmm.formula.syntax import Name

MOST_COLUMNS = 1000  # of a polynomial or a spline

# ── row by row ───────────────────────────────────────────────────────────────────────────────────────────────


def logarithm(x, base=np.e):
    """R's log(x, base)."""
    return np.log(x) if base is np.e else np.log(x) / np.log(base)


def rounded(x, digits=0):
    """R's round(x, digits); numpy overflows where there are more digits than a double has."""
    if np.isnan(digits):
        return np.full_like(x, np.nan)
    near = np.round(x, int(np.clip(digits, -308, 308)))
    return np.where(np.isfinite(near) | ~np.isfinite(x), near, x if digits > 0 else 0.0)


def logit(x):
    """R's qlogis: log(x / (1 - x))."""
    return np.log(x) - np.log1p(-np.asarray(x))


def inverse_logit(x):
    """R's plogis."""
    return 1 / (1 + np.exp(-np.asarray(x)))


def smallest(x, *more):
    """R's pmin."""
    return reduce(np.minimum, more, x)


def largest(x, *more):
    """R's pmax."""
    return reduce(np.maximum, more, x)


def choice(test, yes, no):
    """R's ifelse; missing where the test is."""
    return np.where(np.isnan(test), np.nan, np.where(np.asarray(test) != 0, yes, no))


def _one_argument(function: np.ufunc) -> Callable:
    return lambda x: function(x)


ELEMENTWISE: dict[str, Callable] = {
    "log": logarithm,
    "round": rounded,
    "qlogis": logit,
    "plogis": inverse_logit,
    "pmin": smallest,
    "pmax": largest,
    "ifelse": choice,
    **{
        name: _one_argument(getattr(np, name))
        for name in "log1p log2 log10 exp expm1 sqrt sin cos tan sinh cosh tanh floor trunc sign abs".split()
    },
    "ceiling": _one_argument(np.ceil),
    "asin": _one_argument(np.arcsin),
    "acos": _one_argument(np.arccos),
    "atan": _one_argument(np.arctan),
}

# ── over a whole column; x holds the rows with a value ───────────────────────────────────────────────────────


def scale(x: np.ndarray, center: bool | float = True, scale: bool | float = True, *, state: dict):
    """R's scale(): minus the mean, over the sample standard deviation; or the centre and scale given."""
    from formulaic.transforms import scale as formulaic_scale

    known = dict(state)
    scaled = formulaic_scale(x, center=center, scale=scale, _state=known)
    state.update({key: None if value is None else float(value) for key, value in known.items()})
    return np.asarray(scaled)


def center(x: np.ndarray, *, state: dict):
    """Return x minus its mean."""
    return scale(x, scale=False, state=state)


def poly(x: np.ndarray, degree: int = 1, raw: bool = False, simple: bool = False, *, state: dict):
    """R's poly(): orthonormal polynomials of degree 1 to `degree`, or plain powers."""
    degree = _whole(degree, "the degree of poly()", 1)
    suffixes = tuple(str(k) for k in range(1, degree + 1))
    if raw:
        return Basis(np.column_stack([x**k for k in range(1, degree + 1)]), suffixes)
    if not state and degree >= len(np.unique(x)):
        raise InputError(f"poly() of degree {degree} needs more than {degree} distinct values: lower the degree.")
    from formulaic.transforms import poly as formulaic_poly

    known = {key: dict(enumerate(values)) for key, values in state.items()}
    values = formulaic_poly(x, degree=degree, _state=known)
    state.update({key: [float(known[key][k]) for k in sorted(known[key])] for key in ("alpha", "norms2")})
    return Basis(np.asarray(values, dtype=float), suffixes)


def bs(x, df=None, knots=None, degree=3, intercept=False, Boundary_knots=None, *, state):
    """R's splines::bs(): B-splines, continued as polynomials outside the boundary knots."""
    from formulaic.transforms import basis_spline

    boundary = _numbers(Boundary_knots, "Boundary.knots") or [None, None]
    basis = basis_spline(
        x,
        df=None if df is None else _whole(df, "df of bs()", 1),
        knots=_numbers(knots, "knots"),
        degree=_whole(degree, "the degree of bs()", 1),
        include_intercept=bool(intercept),
        lower_bound=boundary[0],
        upper_bound=boundary[1],
        extrapolation="extend",
        _state=state,
    )
    return _numbered(basis)


def ns(x, df=None, knots=None, intercept=False, Boundary_knots=None, *, state):
    """R's splines::ns(): cubic splines linear outside the boundary knots (Hastie 1992, ch. 7)."""
    from scipy.interpolate import BSpline

    if not state:
        boundary = _numbers(Boundary_knots, "Boundary.knots") or [float(np.min(x)), float(np.max(x))]
        inner = _numbers(knots, "knots")
        if inner is None:
            count = 0 if df is None else _whole(df, "df of ns()", 1) - 1 - bool(intercept)
            inside = x[(x >= boundary[0]) & (x <= boundary[1])]
            inner = np.quantile(inside, np.linspace(0, 1, max(count, 0) + 2)[1:-1]).tolist()
        state.update(boundary=boundary, knots=inner)
    low, high = state["boundary"]
    if not low < high:
        raise InputError("ns() needs at least two distinct values.")
    all_knots = np.r_[[low] * 4, np.sort(state["knots"]), [high] * 4]
    spline = BSpline(all_knots, np.eye(len(all_knots) - 4), 3)
    slope = spline.derivative()
    basis = spline(np.clip(x, low, high))
    for edge, outside in ((low, x < low), (high, x > high)):
        basis[outside] += np.outer(x[outside] - edge, slope(edge))
    curvature = spline.derivative(2)(np.array([low, high]))
    keep = slice(None) if intercept else slice(1, None)
    rotation = np.linalg.qr(curvature[:, keep].T, mode="complete")[0]
    values = (basis[:, keep] @ rotation)[:, 2:]
    return Basis(values, tuple(str(k + 1) for k in range(values.shape[1])))


def natural_spline(x, df=None, knots=None, constraints=None, *, state):
    """formulaic's cr() and cs(): natural cubic regression splines, as in mgcv."""
    return _cubic_spline(x, df, knots, constraints, False, state)


def cyclic_spline(x, df=None, knots=None, constraints=None, *, state):
    """formulaic's cc(): cyclic cubic regression splines, as in mgcv."""
    return _cubic_spline(x, df, knots, constraints, True, state)


def _cubic_spline(x, df, knots, constraints, cyclic, state):
    from formulaic.transforms import cyclic_cubic_spline, natural_cubic_spline

    known = dict(state)
    if known.get("constraints") is not None:
        known["constraints"] = np.array(known["constraints"])
    basis = (cyclic_cubic_spline if cyclic else natural_cubic_spline)(
        x,
        df=None if df is None else _whole(df, "df", 1),
        knots=_numbers(knots, "knots"),
        constraints=constraints,
        _state=known,
    )
    if known["constraints"] is not None:
        known["constraints"] = np.asarray(known["constraints"]).tolist()
    state.update(known)
    return _numbered(basis)


def _numbered(columns: dict) -> Basis:
    values = np.column_stack([np.asarray(column, dtype=float) for column in columns.values()])
    return Basis(values, tuple(str(k + 1) for k in range(values.shape[1])))


def _summary(function: Callable) -> Callable:
    def summarise(x: np.ndarray, *, state: dict):
        state.setdefault("value", float(function(x)))
        return np.full(len(x), state["value"])

    return summarise


def _whole(value: Any, what: str, least: int) -> int:
    if not isinstance(value, float | int) or not least <= value <= MOST_COLUMNS or value != int(value):
        raise InputError(f"In the formula {what} must be a whole number from {least} to {MOST_COLUMNS}.")
    return int(value)


def _numbers(value: Any, what: str) -> list[float] | None:
    if value is None:
        return None
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, float | int) and not isinstance(one, bool) for one in values):
        raise InputError(f"In the formula {what} must be numbers such as c(1, 2).")
    return [float(one) for one in values]


STATEFUL: dict[str, Callable] = {
    "scale": scale,
    "center": center,
    "poly": poly,
    "bs": bs,
    "ns": ns,
    "cr": natural_spline,
    "cs": natural_spline,
    "cc": cyclic_spline,
    "mean": _summary(np.mean),
    "median": _summary(np.median),
    "min": _summary(np.min),
    "max": _summary(np.max),
    "sd": _summary(lambda x: np.std(x, ddof=1) if len(x) > 1 else np.nan),
}

# ── factors ──────────────────────────────────────────────────────────────────────────────────────────────────


def factor(x, levels=None, labels=None, ordered=None, *, state: dict) -> Factor:
    """R's factor(): the distinct values in order, or the levels given; values not among them are missing."""
    found = as_factor(x)
    if levels is not None:
        found = found.relabelled([label(level) for level in _sequence(levels)])[0]
    else:
        found = found.used()
    if labels is not None:
        texts = tuple(label(text) for text in _sequence(labels))
        known = state.setdefault("levels", list(found.levels))
        if len(texts) != len(known):
            raise InputError(f"factor() was given {len(texts)} labels for {len(known)} levels: {listing(known)}.")
        found = replace(found.relabelled(known)[0], levels=texts)
    return replace(found, kind="category", ordered=found.ordered if ordered is None else bool(ordered))


def as_factor_unchanged(x, *, state: dict) -> Factor:
    """R's as.factor()."""
    return replace(as_factor(x), kind="category")


def ordered(x, levels=None, labels=None, *, state: dict) -> Factor:
    """R's ordered() and as.ordered()."""
    return factor(x, levels, labels, True, state=state)


def relevel(x, ref, *, state: dict) -> Factor:
    """R's relevel(): the level `ref` comes first."""
    found = as_factor(x)
    reference = label(ref)
    if reference not in found.levels:
        if state:
            return found
        raise InputError(f"relevel() wants '{reference}' first, but the levels are {listing(found.levels)}.")
    state["reference"] = reference
    rest = [level for level in found.levels if level != reference]
    return found.relabelled([reference, *rest])[0]


def contrasted(x, contr=None, base=None, scores=None, *, state: dict) -> Factor:
    """R's C(x, contr.sum) and the like; base: the reference level or its number, for contr.treatment.

    contr: a contrast's bare name, or its quoted text.
    """
    found = replace(as_factor(x), kind="category")
    if contr is None:
        if base is None and scores is None:
            return found
        contr = "treatment" if base is not None else "poly"
    name = contr.text if isinstance(contr, Name) else contr
    if not isinstance(name, str) or name not in CONTRASTS:
        raise InputError(f"C() knows no contrast {name!r}: use contr.treatment, .sum, .helmert or .poly.")
    reference = int(base) if isinstance(base, float | int) else base
    numbers = _numbers(scores, "scores")
    # R hands a function given by its bare name, or with a numeric base, the number of levels instead of the levels
    numbered = isinstance(base, float | int) or (name is not contr and name.startswith("contr.") and base is None)
    return replace(found, contrast=Contrast(CONTRASTS[name], reference, tuple(numbers) if numbers else None, numbered))


def as_numeric(x, *, state: dict):
    """R's as.numeric(): numbers and logicals as they are, factors as the positions of their levels."""
    if not isinstance(x, Factor):
        return x
    if x.kind == "logical":
        return np.where(x.missing(), np.nan, x.codes.astype(float))
    known = x.relabelled(state.setdefault("levels", list(x.used().levels)))[0]
    return np.where(known.missing(), np.nan, known.codes + 1.0)


def as_integer(x, *, state: dict):
    """R's as.integer(): truncated towards zero."""
    return np.trunc(np.asarray(as_numeric(x, state=state), dtype=float))


def _sequence(value: Any) -> Sequence:
    return value if isinstance(value, list) else [value]


CATEGORICAL: dict[str, Callable] = {
    "factor": factor,
    "as.factor": as_factor_unchanged,
    "ordered": ordered,
    "as.ordered": ordered,
    "relevel": relevel,
    "C": contrasted,
    "as.numeric": as_numeric,
    "as.integer": as_integer,
}


def unchanged(x):
    """I() and identity(): protect an expression from being read as terms."""
    return x


UNCHANGED: dict[str, Callable] = {"I": unchanged, "identity": unchanged, "offset": unchanged}

FUNCTIONS: dict[str, Callable] = {**ELEMENTWISE, **STATEFUL, **CATEGORICAL, **UNCHANGED}
NAMESPACES = ("base", "stats", "splines")
_SIGNATURES = {name: inspect.signature(function) for name, function in FUNCTIONS.items()}


def bound(name: str, positional: Sequence[Any], named: dict[str, Any]) -> dict[str, Any] | None:
    """Return the arguments by parameter name, or None if the function `name` does not take them.

    R's dots in names of parameters are underscores here: Boundary.knots.
    """
    signature = _SIGNATURES[name]
    extra = {"state": None} if "state" in signature.parameters else {}
    try:
        taken = signature.bind(*positional, **{key.replace(".", "_"): value for key, value in named.items()}, **extra)
    except TypeError:
        return None
    return {key: value for key, value in taken.arguments.items() if key != "state"}


def plain_name(name: str) -> str:
    """Return a function's name without its R package: ``splines::ns`` is ``ns``."""
    package, _, function = name.rpartition("::")
    return function if package in NAMESPACES else name
