"""Configs, tables, formulas and labels run no code, reach no network and open no file that nobody named.

Python reports what it does to audit hooks (PEP 578): what is started, connected to, unpickled or opened while a hostile
input is read is recorded here, whatever library does it.
"""

import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import openpyxl
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lmm
from lmm import InputError
from lmm.check import check
from tests.workflow.project import ROOT, environment

REFUSED = {
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.mkdir",
    "subprocess.Popen",
    "socket.connect",
    "socket.getaddrinfo",
    "pickle.find_class",
    "urllib.Request",
    "ctypes.dlopen",
}
WATCHED: list[list[str]] = []


def _hook(event, arguments):
    if WATCHED and (event in REFUSED or (event == "open" and "secret" in str(arguments[0]))):
        WATCHED[-1].append(f"{event} {arguments}")


sys.addaudithook(_hook)


@contextmanager
def nothing_happens():
    """Fail where something is started, reached, unpickled, or a file named "secret" opened."""
    WATCHED.append([])
    try:
        yield
    finally:
        seen = WATCHED.pop()
    assert seen == []


@pytest.fixture(scope="module", autouse=True)
def libraries_are_loaded():
    """What a first use imports may load shared libraries."""
    table = pandas.DataFrame({"y": np.arange(12.0) ** 2 % 7, "x": np.arange(12.0), "g": list("abcd") * 3})
    lmm.fit("y ~ poly(x, 2) + (1 | g)", table)


@pytest.fixture
def folder(tmp_path):
    table = pandas.DataFrame({"y": np.arange(24.0) ** 2 % 7, "x": np.arange(24.0) % 5, "g": list("abcdef") * 4})
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_csv(tmp_path / "secret.csv", index=False)
    return tmp_path


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = str(folder / "ran")

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def test_the_watch_sees_what_it_should(folder):
    with pytest.raises(AssertionError, match=r"pickle\.find_class"), nothing_happens():
        pickle.loads(pickle.dumps(Payload(folder)))
    with pytest.raises(AssertionError, match=r"secret\.csv"), nothing_happens():
        (folder / "secret.csv").read_text()
    with pytest.raises(AssertionError, match=r"subprocess\.Popen"), nothing_happens():
        subprocess.run(["true"], check=True)


def checked(folder, text):
    """What `python -m lmm check` says of a config: the plan, or its mistakes."""
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    with nothing_happens():
        try:
            said = check(folder / "config.yaml", folder)
        except InputError as error:
            said = str(error)
    assert not (folder / "ran").exists()
    return said


BLOCK = "studies:\n- {{name: trial, data: {data}, outcome: y, fixed: {fixed}, groups: [g]}}\n"


def study(data="t.csv", fixed="x", more=""):
    return BLOCK.format(data=data, fixed=fixed) + more


TAGS = [
    "!!python/object/apply:os.mkdir [ran]",
    "!!python/object/new:os.mkdir [ran]",
    "!!python/name:os.system",
    "!!python/module:os",
    "!!python/object/apply:subprocess.Popen [[touch, ran]]",
]


@pytest.mark.parametrize("tag", TAGS)
def test_tags_of_yaml_make_no_objects(folder, tag, monkeypatch):
    monkeypatch.chdir(folder)
    said = checked(folder, f"studies: {tag}\n")
    assert "is not YAML in line 1, column 10: could not determine a constructor for the tag" in said


def test_snakemake_reads_no_tags_either(folder):
    for part in ("workflow", "profiles"):
        shutil.copytree(ROOT / part, folder / part)
    shutil.copy(ROOT / "Snakefile", folder)
    (folder / "config.yaml").write_text(f"studies: {TAGS[0]}\n")
    command = [sys.executable, "-m", "snakemake", "-n"]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Config file is not valid JSON or YAML" in done.stdout
    assert not (folder / "ran").exists()


EXPRESSIONS = [
    "__import__('os').mkdir('ran')",
    "I(open('secret.csv'))",
    "I(__import__('os').system('touch ran'))",
    "eval('1')",
    "x.__class__",
    "(lambda: 1)()",
    "[c for c in ().__class__.__base__.__subclasses__()]",
    "`x`.__class__",
    "read_csv('secret.csv')",
    "system('touch ran')",
    "x[0]",
    "@x",
    "{{ 7 * 7 }}",
    "poly(x, open('secret.csv'))",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_formulas_and_steps_are_no_code(folder, expression, monkeypatch):
    monkeypatch.chdir(folder)
    quoted = '"' + expression.replace('"', '\\"') + '"'
    table = pandas.read_csv("t.csv")
    with nothing_happens(), pytest.raises(InputError):
        lmm.fit(f"y ~ {expression} + (1 | g)", table)
    with nothing_happens(), pytest.raises(InputError):
        lmm.fit(f"y ~ x + ({expression} | g)", table)
    assert "study trial" in checked(folder, study(fixed=quoted))
    for step in (f"derive: {{z: {quoted}}}", f"filter: {{keep: {quoted}, because: a}}"):
        said = checked(folder, study().replace("groups: [g]", f"groups: [g], steps: [{{{step}}}]"))
        assert said.startswith("study trial, step 1 ("), said
    assert not Path("ran").exists()


NOT_READ = [
    "http://localhost:9/t.csv",
    "https://localhost:9/t.csv",
    "ftp://localhost:9/t.csv",
    "s3://bucket/t.csv",
    "gs://bucket/t.parquet",
    "sftp://localhost/t.csv",
    "file://secret.csv",
    "data:text/csv;base64,eSx4LGcK",
    "http://localhost:9/t.xlsx",
    "http://localhost:9/t.parquet",
    "http://localhost:9/t.sav",
    "zip://t.csv::secret.zip",
    "| touch ran",
    "$(touch ran).csv",
]


@pytest.mark.parametrize("path", NOT_READ)
def test_an_address_is_a_path_that_does_not_exist(folder, path):
    said = checked(folder, study(data=f'"{path}"'))
    assert said.startswith(f"study trial: {path} does not exist"), said


def test_a_catalogue_lies_beside_its_table(folder):
    (folder / "t.sas7bdat").write_bytes(b"no table")
    for catalogue in ("../secret.sas7bcat", "/etc/secret.sas7bcat"):
        said = checked(folder, study(data=f"{{file: t.sas7bdat, catalogue: {catalogue}}}"))
        assert "give a name alone, of a file in its folder" in said


def test_names_lead_out_of_no_folder(folder):
    for key, value in (("name", "../out"), ("name", "/out"), ("family", "../out"), ("name", ".")):
        said = checked(
            folder, study().replace("name: trial", f"name: {value}" if key == "name" else "name: trial, family: ../out")
        )
        assert "may hold letters, digits, _ and - only" in said


def test_pickles_are_not_opened_whatever_they_are_called(folder):
    for name in ("t.pkl", "t.pickle", "disguised.csv", "disguised.parquet", "disguised.xlsx", "disguised.sav"):
        (folder / name).write_bytes(pickle.dumps(Payload(folder)))
        assert checked(folder, study(data=name)).startswith("study trial")


def test_extension_types_of_parquet_are_not_unpickled(folder):
    """Arrow once unpickled the metadata of such a type (CVE-2023-47248)."""
    table = pa.Table.from_pandas(pandas.read_csv(folder / "t.csv"))
    hostile = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": pickle.dumps(Payload(folder)),
    }
    fields = [field.with_metadata(hostile) for field in table.schema]
    pq.write_table(table.cast(pa.schema(fields)), folder / "t.parquet")
    assert "24 read, 24 analysed" in checked(folder, study(data="t.parquet"))


def test_formulas_and_links_of_a_workbook_are_not_followed(folder):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["y", "x", "g"])
    for row in range(12):
        sheet.append([row * row % 7, row % 5, "abcd"[row % 4]])
    sheet["D1"], sheet["D2"] = "z", '=WEBSERVICE("http://localhost:9/")'
    sheet["D3"], sheet["D4"] = "='[secret.xlsx]Sheet1'!A1", "=cmd|' /C touch ran'!A0"
    book.save(folder / "t.xlsx")
    assert "holds a formula without its value in line 2, column 'z' (cell D2)" in checked(folder, study(data="t.xlsx"))


ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY e SYSTEM "file://{}/secret.csv">]>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    '<c r="A1" t="inlineStr"><is><t>&e;</t></is></c></row></sheetData></worksheet>'
)


def test_entities_of_a_workbook_open_no_file(folder):
    book = openpyxl.Workbook()
    book.active.append(["y", "x", "g"])
    book.save(folder / "plain.xlsx")
    with zipfile.ZipFile(folder / "plain.xlsx") as plain, zipfile.ZipFile(folder / "t.xlsx", "w") as hostile:
        for name in plain.namelist():
            sheet = name == "xl/worksheets/sheet1.xml"
            hostile.writestr(name, ENTITIES.format(folder) if sheet else plain.read(name))
    assert checked(folder, study(data="t.xlsx")).startswith("study trial")
