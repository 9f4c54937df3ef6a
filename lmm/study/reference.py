"""The page that documents every key of the config, written from the same models that check it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lmm.study import schema
from lmm.study.yamltext import flow

_INTRODUCTION = """# The keys of a config

<!-- Written by `python -m lmm docs > docs/config.md` from the models in lmm/study; a test keeps the two equal. -->

A config is a YAML file: `seed`, what the studies share under `defaults`, and the list `studies`. Paths are relative to
the working folder. Run the workflow from a folder of your own, without touching the repository, by

    snakemake --cores 4 --snakefile REPOSITORY/Snakefile --configfile mine.yaml --directory my/folder

`python -m lmm init TABLE` writes a first config for a table, and `python -m lmm check CONFIG` tells whether a config
and its tables will run.

Messages, the report and `results/<study>/clean/dropped.csv` name a row by its line: the line of the file on which it
begins, as an editor or a spreadsheet shows it, so that the column names are line 1 and the first row of data is line 2.
Files that have no lines (Parquet, SPSS, Stata, SAS) are counted in the same way. Where rows come from several files,
the line has the file before it, `two.csv:7`; where a join repeats rows, the line of the joined table after it, `7+3`;
and where a wide table was made long, its lines repeat.
"""

_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "nothing",
    "object": "block",
}
_BOUNDS = {
    "exclusiveMinimum": "more than {}",
    "minimum": "at least {}",
    "exclusiveMaximum": "less than {}",
    "maximum": "at most {}",
}
_TITLES = {
    "Study": "A study",
    "Growth": "growth",
    "Ladder": "ladder",
    "FixedSelection": "ladder.fixed_selection",
    "CrossValidation": "cross_validation",
    "NewGroups": "cross_validation.new_groups",
    "KnownGroups": "cross_validation.known_groups",
    "Inference": "inference",
    "Bootstrap": "bootstrap",
    "Family": "A family under families",
    "Declared": "A factor under structure",
}


def page() -> str:
    """Return the documentation of all keys as Markdown: name, type, default, description and an example of each."""
    found = schema()
    blocks = found["$defs"]
    order = ["Study", *(name for name in blocks if name not in ("Study", "Defaults"))]
    parts = [_INTRODUCTION, _section("The file", found, blocks, "")]
    parts += [
        _section(_title(name, blocks), blocks[name], blocks, blocks[name].get("description", "")) for name in order
    ]
    return "\n".join(parts)


def _section(title: str, block: Mapping[str, Any], blocks: Mapping[str, Any], about: str) -> str:
    lines = [f"## {title}", ""]
    if about and title != "The file":
        lines += [about, ""]
    required = set(block.get("required", ())) | ({"data", "outcome", "groups"} if title == "A study" else set())
    for key, entry in block.get("properties", {}).items():
        lines += _key(key, entry, blocks, key in required)
    return "\n".join(lines)


def _key(key: str, entry: Mapping[str, Any], blocks: Mapping[str, Any], required: bool) -> Iterator[str]:
    about = entry.get("description") or _referred(entry, blocks).get("description", "")
    facts = [_kind(entry, blocks), "required" if required else f"default {_default(entry, blocks)}"]
    yield from (f"### `{key}`", "", f"*{'; '.join(facts)}*", "", about, "")
    if entry.get("examples"):
        yield from ("```yaml", f"{key}: {flow(entry['examples'][0])}", "```", "")


def _kind(entry: Mapping[str, Any], blocks: Mapping[str, Any]) -> str:
    """Return the type of a key in words."""
    if "$ref" in entry:
        name = entry["$ref"].rsplit("/", 1)[-1]
        if name == "Defaults":
            return "block of the keys of [A study](#a-study)"
        return f"block, see [{_title(name, blocks)}](#{_anchor(_title(name, blocks))})"
    for union in ("anyOf", "oneOf"):
        if union in entry:
            kinds = [_kind(each, blocks) for each in entry[union] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if "enum" in entry or "const" in entry:
        return " or ".join(f"`{each}`" for each in entry.get("enum", [entry.get("const")]))
    kind = entry.get("type")
    if kind == "array":
        return f"list, each entry: {_kind(entry.get('items', {}), blocks)}"
    if kind == "object" and isinstance(entry.get("additionalProperties"), dict):
        return f"block of names, for each: {_kind(entry['additionalProperties'], blocks)}"
    bounds = [words.format(f"{entry[bound]:g}") for bound, words in _BOUNDS.items() if bound in entry]
    return ", ".join([_WORDS.get(kind, "any value"), *bounds])


def _default(entry: Mapping[str, Any], blocks: Mapping[str, Any]) -> str:
    default = entry.get("default")
    if default is None and "default" not in entry and _referred(entry, blocks) and "Defaults" not in entry["$ref"]:
        return "the defaults of its keys"
    return "none" if default in (None, "", [], {}) and default is not False else f"`{flow(default)}`"


def _referred(entry: Mapping[str, Any], blocks: Mapping[str, Any]) -> Mapping[str, Any]:
    return blocks[entry["$ref"].rsplit("/", 1)[-1]] if "$ref" in entry else {}


def _title(name: str, blocks: Mapping[str, Any]) -> str:
    return _TITLES.get(name) or blocks[name].get("title", name)


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
