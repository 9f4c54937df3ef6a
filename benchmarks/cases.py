"""The benchmark's models and the tables they are fitted to."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

REFERENCE_TABLES = Path(__file__).parents[1] / "tests" / "reference" / "data"


@dataclass(frozen=True)
class Case:
    """A model to fit by REML.

    Attributes:
        name: short name, as in "d1".
        what: what the table is.
        formula: as lme4 reads it.
        table: returns the rows; grouping factors and other factors are categories.
        by_default: whether a run without --cases includes it; the others take minutes with some tools.
    """

    name: str
    what: str
    formula: str
    table: Callable[[], pd.DataFrame]
    by_default: bool = True


def reference(file: str, factors: list[str], numbers: list[str]) -> Callable[[], pd.DataFrame]:
    """Return a reader of a published table in tests/reference/data."""

    def read() -> pd.DataFrame:
        table = pd.read_csv(
            REFERENCE_TABLES / file,
            usecols=[*factors, *numbers],
            dtype=dict.fromkeys(factors, "category"),
            keep_default_na=False,
        )
        return table[[*numbers, *factors]]

    return read


def labelled(codes: np.ndarray, prefix: str) -> pd.Categorical:
    """Return level numbers as the levels of a factor: p0, p1, …."""
    return pd.Categorical.from_codes(codes, [f"{prefix}{level}" for level in range(int(codes.max()) + 1)])


def growth(subjects: int, visits: int, regular: bool) -> Callable[[], pd.DataFrame]:
    """Return a maker of subjects with an intercept and a slope of their own, seen at regular times or not."""

    def simulate() -> pd.DataFrame:
        random = np.random.default_rng(20261122)
        subject = np.repeat(np.arange(subjects), visits)
        time = np.tile(np.arange(visits, dtype=float), subjects)
        if not regular:
            time = time + random.uniform(-0.4, 0.4, time.size)
        effects = random.multivariate_normal([0.0, 0.0], [[1.0, 0.2], [0.2, 0.25]], subjects)[subject]
        y = 10.0 + 0.5 * time + effects[:, 0] + effects[:, 1] * time + random.normal(0.0, 1.0, time.size)
        return pd.DataFrame({"y": y, "time": time, "subject": labelled(subject, "s")})

    return simulate


def subjects_by_items(subjects: int, items: int, predictors: list[str]) -> Callable[[], pd.DataFrame]:
    """Return a maker of an experiment in which every subject meets every item and all effects vary by both."""

    def simulate() -> pd.DataFrame:
        random = np.random.default_rng(20261122)
        subject = np.repeat(np.arange(subjects), items)
        item = np.tile(np.arange(items), subjects)
        columns = random.choice([-0.5, 0.5], (subject.size, len(predictors)))
        design = np.column_stack([np.ones(subject.size), columns])
        size = design.shape[1]
        spread = 0.6 * np.eye(size) + 0.1
        by_subject = random.multivariate_normal(np.zeros(size), spread, subjects)[subject]
        by_item = random.multivariate_normal(np.zeros(size), 0.5 * spread, items)[item]
        y = design.sum(1) + (design * (by_subject + by_item)).sum(1) + random.normal(0.0, 1.5, subject.size)
        table = pd.DataFrame({"y": y})
        table[predictors] = columns
        table["subj"], table["item"] = labelled(subject, "s"), labelled(item, "i")
        return table

    return simulate


def crossed_at_random(rows: int, first: int, second: int) -> Callable[[], pd.DataFrame]:
    """Return a maker of rows that draw a level of either of two factors at random."""

    def simulate() -> pd.DataFrame:
        random = np.random.default_rng(20261122)
        a, b = random.integers(0, first, rows), random.integers(0, second, rows)
        x = random.normal(0.0, 1.0, rows)
        effects = random.normal(0.0, 0.7, first)[a] + random.normal(0.0, 0.5, second)[b]
        y = 1.0 + 0.3 * x + effects + random.normal(0.0, 1.0, rows)
        return pd.DataFrame({"y": y, "x": x, "a": labelled(a, "a"), "b": labelled(b, "b")})

    return simulate


_egsingle = reference("egsingle.csv.gz", ["childid", "schoolid"], ["math", "year"])
_insteval = reference("insteval.csv.gz", ["s", "d", "dept", "service"], ["y"])

CASES = {
    case.name: case
    for case in [
        Case(
            "a",
            "sleepstudy, 180 rows, 18 subjects",
            "Reaction ~ Days + (Days | Subject)",
            reference("sleepstudy.csv", ["Subject"], ["Reaction", "Days"]),
        ),
        Case(
            "b",
            "Penicillin, 144 rows, 24 plates crossed with 6 samples",
            "diameter ~ 1 + (1 | plate) + (1 | sample)",
            reference("penicillin.csv", ["plate", "sample"], ["diameter"]),
        ),
        Case(
            "c",
            "Pastes, 60 rows, 30 casks in 10 batches",
            "strength ~ 1 + (1 | batch/cask)",
            reference("pastes.csv", ["batch", "cask"], ["strength"]),
        ),
        Case(
            "d1",
            "egsingle, 7,230 rows, 1,721 children, 60 schools",
            "math ~ year + (1 | childid) + (1 | schoolid)",
            _egsingle,
        ),
        Case(
            "d2",
            "egsingle with slopes on both levels",
            "math ~ year + (year | childid) + (year | schoolid)",
            _egsingle,
        ),
        Case(
            "f",
            "Chem97, 31,022 rows, 2,410 schools in 131 authorities",
            "score ~ gcsecnt + gender + age + (1 | lea/school)",
            reference("chem97.csv.gz", ["lea", "school", "gender"], ["score", "gcsecnt", "age"]),
        ),
        Case(
            "h1",
            "simulated, 200 subjects × 100 items, 20,000 rows",
            "y ~ cond + (cond | subj) + (cond | item)",
            subjects_by_items(200, 100, ["cond"]),
        ),
        Case(
            "h2",
            "the same with four columns on each side",
            "y ~ x1 + x2 + x3 + (x1 + x2 + x3 | subj) + (x1 + x2 + x3 | item)",
            subjects_by_items(200, 100, ["x1", "x2", "x3"]),
            by_default=False,
        ),
        Case(
            "e1",
            "InstEval, 73,421 rows, 2,972 students, 1,128 lecturers, 14 departments",
            "y ~ service + (1 | s) + (1 | d) + (1 | dept)",
            _insteval,
        ),
        Case(
            "e2",
            "InstEval with a slope by lecturer",
            "y ~ service + (1 | s) + (service | d)",
            _insteval,
            by_default=False,
        ),
        Case(
            "g1",
            "simulated, 20,000 subjects × 5 visits at the same times",
            "y ~ time + (time | subject)",
            growth(20_000, 5, regular=True),
        ),
        Case(
            "g1-irregular",
            "the same, every visit at a time of its own",
            "y ~ time + (time | subject)",
            growth(20_000, 5, regular=False),
        ),
        Case(
            "g2",
            "simulated, 200,000 subjects × 5 visits at the same times",
            "y ~ time + (time | subject)",
            growth(200_000, 5, regular=True),
            by_default=False,
        ),
        Case(
            "i",
            "simulated, 1,000,000 rows, 50,000 × 5,000 levels crossed at random",
            "y ~ x + (1 | a) + (1 | b)",
            crossed_at_random(1_000_000, 50_000, 5_000),
            by_default=False,
        ),
    ]
}


def write_arrays(table: pd.DataFrame, path: Path) -> None:
    """Write a table as .npz: a numeric column as `c`, a factor as `c.codes` and `c.levels`.

    Every tool can read that with numpy alone, so that reading costs all of them the same little memory.
    """
    arrays = {}
    for name, column in table.items():
        if isinstance(column.dtype, pd.CategoricalDtype):
            arrays[f"{name}.codes"] = column.cat.codes.to_numpy(np.int32)
            arrays[f"{name}.levels"] = np.array(column.cat.categories, dtype=str)
        else:
            arrays[name] = column.to_numpy(float)
    np.savez(path, columns=json.dumps(list(table.columns)), **arrays)
