"""Jobs on the cluster see the package as it was when the session began, as those of tests/workflow do."""

from tests.workflow.conftest import frozen_package  # noqa: F401
