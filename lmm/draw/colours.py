"""A scale of colours that runs from dark to light alike for every eye, and in grey."""

from __future__ import annotations

import numpy as np

_CIVIDIS = (
    "00224e 002e6a 1a386f 32436d 434e6c 535a6d 61656f 6f7073 7d7c78 8c8878 9b9476 aba072 bcae6c cdbb63 dec958 f0d846 "
    "fee838"
)
"""Every sixteenth colour of Nuñez, Anderton & Renslow (2018, PLOS ONE 13, e0199239)."""
_SHADES = 96


def cividis(values: np.ndarray, low: float, high: float) -> list[str]:
    """The colour of each value between `low` and `high`, of some hundred shades."""
    stops = np.array([[int(stop[k : k + 2], 16) for k in (0, 2, 4)] for stop in _CIVIDIS.split()])
    share = (np.asarray(values, dtype=float) - low) / (high - low) if high > low else np.full(np.shape(values), 0.5)
    share = np.round(np.clip(share, 0, 1) * _SHADES) / _SHADES
    mixed = np.stack(
        [np.interp(share * (len(stops) - 1), np.arange(len(stops)), stops[:, k]) for k in range(3)], axis=1
    )
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in mixed.round().astype(int).tolist()]
