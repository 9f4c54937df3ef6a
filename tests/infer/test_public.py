"""What `lmm.infer` offers by name, loaded when it is used."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

from lmm import infer


@pytest.mark.parametrize("name", infer.__all__)
def test_every_name_is_a_function_of_a_module_called_otherwise(name):
    assert callable(getattr(infer, name))
    assert name not in {module.name for module in pkgutil.iter_modules(infer.__path__)}


def test_the_package_itself_loads_nothing():
    code = "import sys, lmm.infer; print([name for name in sys.modules if name in ('numpy', 'pandas', 'scipy')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_unknown_names():
    with pytest.raises(AttributeError, match="has no attribute 'anovas'"):
        _ = infer.anovas
