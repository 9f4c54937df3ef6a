"""Where an axis has ticks, and how their numbers are written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_FIGURES = 7
"""A number with more figures than this is written as a multiple of a power of ten."""
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def ticks(low: float, high: float, most: int, fits: Callable[[list[str]], bool] = lambda labels: True) -> np.ndarray:
    """Round numbers from `low` to `high`, with at most `most` steps between them and labels that `fits` approves of.

    A step is 1, 2, 2.5 or 5 times a power of ten; there are two ticks at least where the range allows it.
    """
    for number in range(max(1, most), 0, -1):
        found = _at_most(low, high, number)
        if fits(labels(found)):
            break
    return found


def _at_most(low: float, high: float, most: int) -> np.ndarray:
    power = 10.0 ** np.floor(np.log10((high - low) / most))
    steps = [factor * scale for scale in (power / 10, power) for factor in _STEPS[:-1]] + [10 * power]
    large = next(k for k, step in enumerate(steps) if step * most >= (high - low) * (1 - 1e-9))
    for step in steps[large::-1]:
        slack = 1e-9 * (high - low) / step
        found = np.arange(np.ceil(low / step - slack), np.floor(high / step + slack) + 1) * step
        if len(found) >= 2:
            break
    return found


def labels(places: np.ndarray) -> list[str]:
    """The numbers as text, all with as many decimals as they need to differ, a true minus before negative ones."""
    if len(places) == 0:
        return []
    largest = float(np.abs(places).max())
    step = float(np.diff(places).min()) if len(places) > 1 else largest
    if largest == 0:
        return ["0"] * len(places)
    decimals = _decimals(step)
    whole = int(np.floor(np.log10(largest)))
    if max(whole, 0) + 1 + decimals > _FIGURES and (whole > 5 or whole < -3):
        scaled = places / 10.0**whole
        power = f"·10{str(whole).translate(_SUPERSCRIPTS)}"
        decimals = _decimals(step / 10.0**whole)
        return ["0" if value == 0 else _signed(value, decimals) + power for value in scaled]
    return [_signed(value, decimals) for value in places]


def _decimals(step: float) -> int:
    """Decimals that a multiple of `step` has."""
    return next((k for k in range(15) if round(step, k) > 0 and abs(round(step, k) / step - 1) < 1e-6), 15)


def _signed(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.replace("-", "" if float(text) == 0 else "\N{MINUS SIGN}")
