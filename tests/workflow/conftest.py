"""Every run of a test session sees the package as it was when the session began."""

import os

import pytest

from tests.workflow.project import copy_of_package


@pytest.fixture(scope="session", autouse=True)
def frozen_package(tmp_path_factory):
    """Runs are compared byte for byte, so an edit made meanwhile must not come between them."""
    folder = copy_of_package(tmp_path_factory.mktemp("package"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])))
        yield folder
