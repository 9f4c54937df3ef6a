"""The files beside a page: complete, the same from run to run, and described as the RO-Crate specification asks."""

import base64
import hashlib
import json
import re
from xml.etree import ElementTree

import pytest

from lmm.model import Fit
from lmm.study import block_of, load
from tests.report import builders

MADE = [builders.sleepstudy, builders.hostile, builders.hostile_trial]


@pytest.fixture(scope="module", params=MADE, ids=lambda make: make.__name__)
def finished(request):
    return request.param()


@pytest.fixture(scope="module")
def report(finished):
    return finished.report


@pytest.fixture(scope="module")
def files(report):
    return {file.path: file for file in report.files}


@pytest.fixture(scope="module")
def graph(files):
    described = json.loads(files["ro-crate-metadata.json"].content)
    assert described["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    entities = {entity["@id"]: entity for entity in described["@graph"]}
    assert len(entities) == len(described["@graph"])
    return entities


def references(value):
    """Every identifier that a value refers to."""
    if isinstance(value, list):
        return {found for one in value for found in references(one)}
    return {value["@id"]} if isinstance(value, dict) else set()


def test_every_table_and_figure_comes_in_both_kinds(report, files):
    for name in re.findall(r'data-table="([a-z0-9-]+)"', report.page):
        assert {f"tables/{name}.csv", f"tables/{name}.tex"} <= set(files)
    for name in re.findall(r'<figure id="figure-([^"]+)"', report.page):
        assert {f"figures/{name}.svg", f"figures/{name}.pdf"} <= set(files)


def test_the_page_links_each_file_once_in_its_list_and_tells_its_size(report, files):
    listed = report.page.split('id="downloads-heading"')[1]
    for path, file in files.items():
        assert listed.count(f'href="downloads/{path}"') == 1
        assert file.size in listed
    assert "<!-- downloads -->" not in report.page


def test_paths_stay_inside_the_folder(files):
    for path in files:
        assert re.fullmatch(r"((tables|figures)/)?[a-z0-9-]+\.(csv|tex|svg|pdf|json|yaml)", path)


def test_a_drawing_stands_alone(files):
    for path, file in files.items():
        if path.endswith(".svg"):
            root = ElementTree.fromstring(file.content)
            assert root.tag == "{http://www.w3.org/2000/svg}svg"
            _, _, width, height = root.get("viewBox").split()
            assert (root.get("width"), root.get("height")) == (f"{width}pt", f"{height}pt")
        if path.endswith(".pdf"):
            assert file.content.startswith(b"%PDF-")
            assert b"CreationDate" not in file.content


def test_the_model_can_be_read_from_its_file(finished, files):
    fit = Fit.from_json(files["fit.json"].content.decode())
    assert fit.beta.tolist() == finished.diagnosis.fit.beta.tolist()
    assert fit.sigma == finished.diagnosis.fit.sigma


def test_the_same_results_give_the_same_files(finished, report):
    assert finished.written().files == report.files


def test_a_pdf_is_the_same_whenever_it_is_drawn():
    from lmm.diagnose import level_diagram, style

    made = builders.sleepstudy()
    with style.applied():
        again = level_diagram.level_diagram(made.study, made.audit, made.table)
    assert again.printed == made.diagnosis.printed["level-diagram"]


def test_the_crate_has_its_descriptor_and_root(graph, finished):
    # RO-Crate 1.1, sections "RO-Crate Metadata File Descriptor" and "Direct properties of the Root Data Entity"
    descriptor, root = graph["ro-crate-metadata.json"], graph["./"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert descriptor["about"] == {"@id": "./"}
    assert root["@type"] == "Dataset"
    assert root["name"] == finished.case.title
    assert root["description"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", root["datePublished"])


def test_every_reference_of_the_crate_leads_to_an_entity(graph):
    for entity in graph.values():
        assert entity["@type"]
        for key, value in entity.items():
            if key not in ("@id", "@type") and entity["@id"] != "ro-crate-metadata.json":
                assert references(value) <= set(graph)


def test_the_crate_lists_every_file_with_what_it_holds(graph, files):
    parts = references(graph["./"]["hasPart"])
    beside = {path for path in files if path != "ro-crate-metadata.json"}
    assert {part for part in parts if ":" not in part} == beside
    assert {identity for identity, entity in graph.items() if entity["@type"] == "File"} == parts
    for path in beside:
        content = files[path].content
        assert graph[path]["sha256"] == hashlib.sha256(content).hexdigest()
        assert graph[path]["contentSize"] == str(len(content))
        assert "/" in graph[path]["encodingFormat"]


def test_the_crate_tells_the_run_as_its_profile_asks(graph, finished):
    # Process Run Crate 0.5: an action with its instrument, what it took and what it gave
    assert graph["./"]["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    (run,) = (entity for entity in graph.values() if entity["@type"] == "CreateAction")
    assert graph["./"]["mentions"] == {"@id": run["@id"]}
    software = graph[run["instrument"]["@id"]]
    assert software["@type"] == "SoftwareApplication"
    assert software["softwareVersion"] == finished.decision["provenance"]["lmm"]
    taken, given = references(run["object"]), references(run["result"])
    assert not taken & given
    raw = {graph[one]["name"]: graph[one] for one in taken if one.startswith("ni:")}
    assert {name: one["sha256"] for name, one in raw.items()} == {
        file["path"]: file["sha256"] for file in finished.audit["source"]["files"]
    }
    for one in raw.values():
        # RFC 6920: the hash without padding, in the alphabet for addresses
        digest = one["@id"].removeprefix("ni:///sha-256;")
        assert base64.urlsafe_b64decode(digest + "=").hex() == one["sha256"]


def test_the_config_of_a_study_is_one_that_gives_the_same_study():
    config = {
        "seed": 5,
        "defaults": {"missing": ["-99"]},
        "families": {"f": {"adjustment": "bonferroni"}, "g": {}},
        "studies": [
            {
                "name": name, "data": "t.csv", "outcome": "y", "groups": ["a/b"], "family": family,
                "growth": {"time": "t", "shape": "polynomial"}, "steps": [{"recode": {"y": {"none": None}}}],
            }
            for name, family in (("one", "f"), ("two", "f"), ("three", "g"))
        ],
    }  # fmt: skip
    for study in load(config):
        (again,) = load(block_of(config, study))
        assert again == study
