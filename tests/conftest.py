"""The order of the tests, and which of them one worker takes."""

import re

import pytest

_FIRST = ("tests/slurm/", "tests/workflow/", "tests/report/", "tests/benchmarks/")
"""Tests that start programs: few to a file, but minutes of work, after which the other worker would wait at the end."""

_SHARED = {"studies for reports": "tests/report/", "a finished run": "tests/workflow/test_(rerun|split|killed)"}
"""What takes long to make, and the files that ask for it."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: next((i for i, part in enumerate(_FIRST) if part in item.path.as_posix()), len(_FIRST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """One worker takes a whole file, and all files that share something."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return next((what for what, files in _SHARED.items() if re.match(files, file)), file)

    return Together(config, log)
