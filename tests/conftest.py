"""The order of the tests, and which of them one worker takes."""

import re

import pytest

_SHARED = {
    "studies for reports": "tests/(report|diagnose)/|tests/infer/test_family",
    "a finished run": "tests/workflow/test_(rerun|split|killed)",
}
"""What takes long to make, and the files that ask for it."""

_FIRST = ("tests/slurm/", *_SHARED.values(), "tests/workflow/", "tests/benchmarks/")
"""What a worker has to do for minutes on end, the longest first: begun late, the other would wait for it at the end."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: next((i for i, part in enumerate(_FIRST) if re.match(part, item.nodeid)), len(_FIRST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """One worker takes a whole file, and all files that share something."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return next((what for what, files in _SHARED.items() if re.match(files, file)), file)

    return Together(config, log)
