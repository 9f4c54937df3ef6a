"""The data sets of a cell, shared by several jobs."""

from itertools import pairwise


def names(datasets: int, jobs: int) -> list[str]:
    """Names of the parts: the numbers of their first and last data set, 0-19, 20-39."""
    cuts = [datasets * part // jobs for part in range(jobs + 1)]
    return [f"{start}-{stop - 1}" for start, stop in pairwise(cuts) if stop > start]


def numbers(part: str) -> range:
    """The data sets of a part, by its name."""
    first, last = map(int, part.split("-"))
    return range(first, last + 1)
