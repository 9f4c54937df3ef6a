"""The page of all keys is written from the models, and its examples are what the models accept."""

import re
from pathlib import Path

import pytest
import yaml

from lmm.__main__ import main
from lmm.study import Study, load, schema
from lmm.study.reference import page
from lmm.study.steps import Step

ROOT = Path(__file__).parents[1]
BLOCK = {"name": "s", "data": "t.csv", "outcome": "y", "groups": ["Subject", "hospital", "ward"]}


def test_the_page_in_the_repository_is_the_models():
    stored = (ROOT / "docs/config.md").read_text(encoding="utf-8")
    assert stored == page(), "run: python -m lmm docs > docs/config.md"


def test_the_command_prints_the_page(capsys):
    assert main(["docs"]) == 0
    assert capsys.readouterr().out == page()


def test_every_key_of_every_block_stands_on_the_page():
    text = page()
    found = schema()
    for block in [found, *found["$defs"].values()]:
        for key in block.get("properties", {}):
            assert f"### `{key}`" in text, key


@pytest.mark.parametrize("key", [*Study.model_fields])
def test_the_example_of_a_studys_key_is_valid(key):
    section = page().split("## A study")[1].split(f"### `{key}`")[1]
    example = yaml.safe_load(section.split("```yaml\n")[1].split("```")[0])
    assert list(example) == [key]
    more = {"groups": ["schoolid", "childid"]} if key == "join" else {}
    load({"studies": [BLOCK | more | example]})


@pytest.mark.parametrize("kind", [kind for kind, field in Step.model_fields.items() if field.examples])
def test_the_example_of_a_step_is_valid(kind):
    section = page().split("## Step")[1].split(f"### `{kind}`")[1]
    example = yaml.safe_load(section.split("```yaml\n")[1].split("```")[0])
    assert list(example) == [kind]
    load({"studies": [BLOCK | {"steps": [example]}]})


def test_every_link_of_the_page_has_its_heading():
    text = page()
    headings = {line.lstrip("# ").lower().replace(" ", "-") for line in text.splitlines() if line.startswith("#")}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings
