"""Every run of a test session sees the package as it was when the session began; one run serves several files."""

import os

import pytest

from tests.workflow.project import copy_of_package, new_project, run, two_studies


@pytest.fixture(scope="session", autouse=True)
def frozen_package(tmp_path_factory):
    """Runs are compared byte for byte, so an edit made meanwhile must not come between them."""
    folder = copy_of_package(tmp_path_factory.mktemp("package"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])))
        yield folder


@pytest.fixture(scope="session")
def finished(frozen_package, tmp_path_factory):
    """A project of two studies whose run, a job for each stage, is over; tests work on copies of it.

    What the run said lies in said.txt. The files that ask for it go to one worker: see tests/conftest.py.
    """
    project = new_project(tmp_path_factory.mktemp("finished") / "project", two_studies())
    (project / "said.txt").write_text(run(project).stderr, encoding="utf-8")
    return project
