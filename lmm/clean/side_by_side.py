"""Work on parts of a large table in threads: numpy, Arrow and hashlib leave Python to the others while they work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

MANY_ROWS = 100_000
"""Below, threads cost more than they save."""

One = TypeVar("One")
Result = TypeVar("Result")


def side_by_side(rows: int, *tasks: Callable[[], Any]) -> list[Any]:
    """Return what each task gives, in threads where there are many rows; of several errors the first task's is raised.

    No task may depend on another, so that the results are the same whatever runs when.
    """
    if rows < MANY_ROWS:
        return [task() for task in tasks]
    with ThreadPoolExecutor(max_workers=max(len(tasks), 1)) as pool:
        begun = [pool.submit(task) for task in tasks]
        return [one.result() for one in begun]


def each(rows: int, function: Callable[[One], Result], items: Iterable[One]) -> list[Result]:
    """Return what the function gives for each item, as `side_by_side` does."""
    return side_by_side(rows, *(partial(function, item) for item in items))
