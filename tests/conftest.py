"""The order of the tests, and which of them one worker takes."""

import pytest

_FIRST = ("tests/slurm/", "tests/workflow/", "tests/report/", "tests/benchmarks/")
"""Tests that start programs: few to a file, but minutes of work, after which the other worker would wait at the end."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: next((i for i, part in enumerate(_FIRST) if part in item.path.as_posix()), len(_FIRST)))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_together(item.path.as_posix())))


def _together(path):
    """One worker takes a whole file; of those about reports all, as each worker has to make the studies they read."""
    return "reports" if "/tests/report/" in path else path.rpartition("/tests/")[2]
