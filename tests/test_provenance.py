"""Code hashes follow imports, and results of another run are refused."""

import ast
import shutil
from pathlib import Path

import pytest

import lmm
from lmm import InputError, provenance, study

STAGES = ("lmm.clean", "lmm.select.rungs", "lmm.select", "lmm.diagnose", "lmm.report")
STUDY = study.load({"studies": [{"name": "s", "data": "d.csv", "outcome": "y", "groups": ["g"]}]})[0]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package that a test may edit."""
    folder = tmp_path / "lmm"
    shutil.copytree(Path(lmm.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "_FOLDER", folder)
    return folder


def stages_changed_by(package, path):
    def hashes():
        for cached in (
            provenance.code_hash,
            provenance._source,
            provenance._imports,
            provenance._content_hash,
            provenance._offered,
        ):
            cached.cache_clear()
        return {stage: provenance.code_hash(stage) for stage in STAGES}

    before = hashes()
    file = package / path
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    after = hashes()
    return {stage for stage in STAGES if before[stage] != after[stage]}


def test_the_engine_concerns_all_stages_that_fit_but_not_clean(package):
    some_module = next((package / "engine").glob("[a-z]*.py")).relative_to(package)
    assert stages_changed_by(package, some_module) == set(STAGES) - {"lmm.clean"}


def test_a_template_concerns_the_report_alone(package):
    template = next(path for path in (package / "report/templates").iterdir() if path.is_file())
    assert stages_changed_by(package, template.relative_to(package)) == {"lmm.report"}


def test_how_a_model_is_chosen_does_not_concern_the_fits(package):
    assert stages_changed_by(package, "select/decision.py") == {"lmm.select"}


def test_the_formula_concerns_every_stage(package):
    assert stages_changed_by(package, "formula/formula.py") == set(STAGES)


def test_cleaning_concerns_clean_alone(package):
    assert stages_changed_by(package, "clean/missing.py") == {"lmm.clean"}


def test_the_import_statements_alone_tell_what_the_whole_source_tells():
    for path in Path(lmm.__file__).parent.rglob("*.py"):
        whole = provenance._imported(ast.parse(path.read_text(encoding="utf-8")), path)
        assert set(provenance._imports(path)) == set(whole), path


@pytest.mark.parametrize(
    ("source", "reached"),
    [
        ("from lmm.files import (  # of (both) kinds\n    read_json,\n)\n", {"lmm.files"}),
        ("def late():\n    from lmm import numbers, errors\n", {"lmm.numbers", "lmm.errors"}),
        ("from lmm.select \\\n    import rungs\n", {"lmm.select.rungs"}),
        ('"""A sentence that begins with\nfrom nothing import (\n"""\nimport lmm.errors\n', {"lmm.errors"}),
        ("import lmm\n\nlmm.numbers.count(3)\n", {"lmm.numbers"}),
        ("from .errors import InputError\n", {"lmm.errors"}),
    ],
)
def test_imports_are_found_however_they_are_written(package, source, reached):
    (package / "written.py").write_text(source, encoding="utf-8")
    assert set(provenance._imports(package / "written.py")) == reached


def test_results_of_one_run_agree():
    head = provenance.stamp(STUDY, "abc")
    provenance.assert_same_origin(STUDY, {"a.json": head | {"x": 1}, "b.json": head})


@pytest.mark.parametrize(
    ("key", "value"),
    [("study", "other"), ("row_hash", "def"), ("provenance", provenance.record(STUDY) | {"numpy": "1"})],
)
def test_a_result_of_another_run_is_refused(key, value):
    head = provenance.stamp(STUDY, "abc")
    with pytest.raises(InputError, match=rf"study s: b.json comes from another run \(its {key} differs\)"):
        provenance.assert_same_origin(STUDY, {"a.json": head, "b.json": head | {key: value}})


def test_results_of_another_config_are_refused():
    other = STUDY.model_copy(update={"fixed": "x"})
    with pytest.raises(InputError, match="provenance differs"):
        provenance.assert_same_origin(other, {"a.json": provenance.stamp(STUDY, "abc")})
