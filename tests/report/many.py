"""Fifty outcomes of one trial: what the index reads of them, without the fits; and small tables to fit."""

import numpy as np
import pandas

from lmm.infer.family import family
from lmm.study import load

LIGHTS = {"green": "Sound", "amber": "Usable, with cautions", "red": "Not ready to report"}


def studies(number, **changes):
    """Blocks of a config: one outcome each, the same trial."""
    shared = {"data": "trial.csv", "fixed": "arm", "groups": ["clinic"], "family": "trial", **changes}
    return [{"name": f"y{k:02d}", "outcome": f"y{k:02d}", "title": f"Outcome {k}", **shared} for k in range(number)]


def entry(name, effect, p, light="green", unit="", cautions=()):
    """What a report leaves for the index."""
    key = {"name": "armdrug", "term": "armdrug", "estimate": effect, "se": 0.1, "p": p, "unit": unit, "level": "95%"}
    key |= {"lower": effect - 0.2, "upper": effect + 0.2}
    standardised = {"estimate": effect / 2, "lower": effect / 2 - 0.1, "upper": effect / 2 + 0.1}
    return {
        "study": name,
        "light": light,
        "word": LIGHTS[light],
        "estimate": f"{effect:.2f} [{effect - 0.2:.2f}, {effect + 0.2:.2f}]",
        "effect": "armdrug",
        "estimate_label": "armdrug, 95% CI",
        "key": key | {"standardised": standardised},
        "alpha": 0.05,
        "formula": f"{name} ~ arm + (1 | clinic)",
        "rows": 200 + len(name) + int(name[1:]),
        "sample": "240 rows, 12 levels of clinic",
        "cautions": list(cautions),
    }


def fifty(**changes):
    """The studies, their entries and their family: effects from −.3 to .68, p from 1e-5 up, each light."""
    declared = load({"studies": studies(50, **changes)})
    p_values = np.geomspace(1e-5, 0.9, 50)[np.random.default_rng(1).permutation(50)].tolist()
    lights = ["green"] * 30 + ["amber"] * 16 + ["red"] * 4
    entries = {
        study.name: entry(study.name, k / 50 - 0.3, p, lights[k], study.unit, ["few levels"] if k > 29 else [])
        for k, (study, p) in enumerate(zip(declared, p_values, strict=True))
    }
    said = {
        name: {
            "study": name,
            "provenance": {},
            "row_hash": "",
            "coefficients": {"rows": [{"name": "armdrug", "estimate": one["key"]["estimate"], "p": one["key"]["p"]}]},
        }
        for name, one in entries.items()
    }
    together = [study for study in declared if study.family]
    return declared, entries, [family("trial", "holm", together, said)] if together else []


def trial(outcomes, rows=96, seed=4):
    """A trial of two arms in 12 clinics with so many outcomes; the first five differ between the arms."""
    random = np.random.default_rng(seed)
    clinic, arm = np.arange(rows) % 12, np.arange(rows) // 12 % 2
    table = {"clinic": [f"c{k}" for k in clinic], "arm": np.where(arm == 1, "drug", "control")}
    for k in range(outcomes):
        effect = 1.0 if k < 5 else 0.0
        table[f"y{k:02d}"] = random.normal(0, 0.7, 12)[clinic] + effect * arm + random.normal(size=rows)
    return pandas.DataFrame(table)
