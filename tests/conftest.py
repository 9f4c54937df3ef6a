"""The order of the tests: what takes long as a whole file comes first."""

_FIRST = ("tests/slurm/", "tests/workflow/", "tests/report/", "tests/benchmarks/")
"""Tests that start programs: few to a file, but minutes of work, after which the other worker would wait at the end."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: next((i for i, part in enumerate(_FIRST) if part in item.path.as_posix()), len(_FIRST)))
