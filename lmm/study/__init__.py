"""What config.yaml says, as typed objects: every key, default and message of the config in one place."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from lmm.errors import InputError
from lmm.study.block import Block, numbers_as_text
from lmm.study.crossvalidation import CrossValidation, KnownGroups, NewGroups
from lmm.study.declared import Declared
from lmm.study.family import Family
from lmm.study.growth import Growth, with_growth, with_slopes
from lmm.study.inference import Bootstrap, Inference
from lmm.study.ladder import FixedSelection, Ladder
from lmm.study.source import BLOCK, LIST, PATH, Data, Join, Table, files, tables
from lmm.study.steps import Step, block_at

_NAME = r"^[A-Za-z0-9_-]+$"

WORDING = ("title", "question", "unit")
"""Keys that say how a study is told and change no number."""

_HOW_NOT_WHAT = {
    **dict.fromkeys((*WORDING, "split", "family"), True),
    "inference": {"bootstrap": {"jobs"}},
    "ladder": {"fixed_selection": {"jobs"}},
    "cross_validation": {"jobs"},
}
"""Keys, as pydantic excludes them, that change no number of the study by itself: the wording, how the work is split
into jobs, and the studies that its p-values are adjusted with."""


class Study(Block):
    """One study: a table, an outcome, and the candidates for its model."""

    name: str = Field(
        pattern=_NAME,
        description="Unique name of letters, digits, _ and -; names the study's folders.",
        examples=["sleepstudy"],
    )
    title: str = Field(
        "",
        description="Heading of the report; the name when left out.",
        examples=["Reaction time under sleep deprivation"],
    )
    question: str = Field(
        "",
        description="What the study asks, shown at the top of the report.",
        examples=["By how much does the reaction time grow per day?"],
    )
    data: Data = Field(
        description="Path of the raw table from the working folder (CSV, Parquet, Excel, SPSS, Stata or SAS, by its "
        "ending; text may be compressed: .csv.gz, .bz2, .xz, .zst or .zip), a block of file and "
        "layout, or a list of either whose rows are appended.",
        examples=["data/sleepstudy.csv"],
    )
    join: list[Join] = Field(
        default_factory=list,
        description="Tables joined to the rows on keys, in order.",
        examples=[[{"data": "data/schools.csv", "on": ["schoolid"]}]],
    )
    outcome: str = Field(min_length=1, description="Column of the outcome, numeric.", examples=["Reaction"])
    unit: str = Field("", description="Unit of the outcome, for axes and tables.", examples=["ms"])
    fixed: str = Field(
        "1",
        min_length=1,
        description="Fixed effects: the right-hand side of an lme4 formula without its ( | ) terms; a column whose "
        "name is no plain word goes in backticks.",
        examples=["year * lowinc"],
    )
    hypotheses: list[str] = Field(
        default_factory=list,
        description="The terms of fixed that the study is about, as fixed writes them: they are never selected, and "
        "their effects may vary by every grouping factor within which they vary (ladder.mode confirmatory).",
        examples=[["Days"], ["condition:frequency"]],
    )
    groups: list[str] = Field(
        min_length=1,
        description="Grouping factors in the order the ladder adds them; a:b crosses two, a/b means a, then a:b.",
        examples=[["schoolid/childid"]],
    )
    slopes: dict[str, str] = Field(
        default_factory=dict,
        description="For a grouping factor, the covariates whose effect may vary by it: x or x + z.",
        examples=[{"Subject": "Days"}],
    )
    time: str | None = Field(
        None, min_length=1, description="Numeric column for the x axis of longitudinal figures.", examples=["Days"]
    )
    growth: Growth | None = Field(
        None,
        description="A growth curve: its terms are added to fixed, and to the slopes of the groups whose curves may "
        "differ, where the ladder tries them one by one.",
        examples=[{"time": "age", "shape": "polynomial", "degree": 2, "by": "Sex"}],
    )
    weights: str | None = Field(
        None, min_length=1, description="Column of prior weights, positive numbers.", examples=["n"]
    )
    categorical: list[str] = Field(
        default_factory=list,
        description="Columns read as categories even if they look like numbers.",
        examples=[["ward"]],
    )
    missing: list[str] = Field(
        default_factory=list,
        description="Codes that mean a missing value in any column, besides the empty cell, NA and NaN; for codes of "
        "one column, see the step missing.",
        examples=[["-99", "refused"]],
    )
    levels: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Order of a column's levels, the reference level first. Contrasts other than with the reference "
        "are written in fixed: C(dose, contr.sum).",
        examples=[{"dose": ["none", "low", "high"]}],
    )
    steps: list[Step] = Field(
        default_factory=list,
        description="Cleaning steps, run in order before the rows are frozen; each item has one key, its kind.",
        examples=[[{"rename": {"Reaction (ms)": "Reaction"}}, {"derive": {"hours": "24 * Days"}}]],
    )
    structure: dict[str, Declared] = Field(
        default_factory=dict,
        description="For a grouping factor, the factor it is nested_in or crossed_with; an error where data differ.",
        examples=[{"ward": {"nested_in": "hospital"}}],
    )
    duplicates: Literal["refuse", "allow"] = Field(
        "refuse",
        description="Whether rows alike in every grouping factor may share a time (allow) or not (refuse).",
        examples=["allow"],
    )
    split: Literal["none", "study", "rung"] = Field(
        "study",
        description="How the work on the study is split into jobs: a job for each stage, with one fitting job for the "
        "whole ladder (study) or, where fits are slow, one for each of its models (rung); or one job for everything "
        "(none), which saves the start of a process for each stage where many small studies run. The numbers are the "
        "same.",
        examples=["rung"],
    )
    ladder: Ladder = Field(
        default_factory=Ladder, description="How the ladder of models is climbed.", examples=[{"alpha_random": 0.1}]
    )
    cross_validation: CrossValidation = Field(
        default_factory=CrossValidation,
        description="How well every model of the ladder, and the choice among them, predicts rows it has not seen.",
        examples=[{"new_groups": {"folds": 10}, "known_groups": {"rows": "each"}}],
    )
    inference: Inference = Field(
        default_factory=Inference,
        description="What is said about the final model: tests, intervals, means and contrasts.",
        examples=[{"degrees_of_freedom": "satterthwaite", "bootstrap": {"draws": 1000, "jobs": 4}}],
    )
    family: str | None = Field(
        None,
        pattern=_NAME,
        description="Name of the family of studies this one belongs to: the p-values of their hypotheses, or of the "
        "first fixed effect where a study names none, are adjusted for their number over the whole family, and shown "
        "beside the unadjusted ones. Holm's method unless families says otherwise. Where a study of a family fails, "
        "the reports of the others wait until it is mended or no longer belongs to it.",
        examples=["memory"],
    )
    seed: int | None = Field(
        None,
        ge=0,
        description="Seed of everything random in this study; the config's seed when left out.",
        examples=[7],
    )

    @field_validator("fixed", mode="before")
    @classmethod
    def _intercept_as_text(cls, fixed: Any) -> Any:
        return str(fixed) if type(fixed) is int else fixed

    @field_validator("missing", mode="before")
    @classmethod
    def _codes_as_text(cls, codes: Any) -> Any:
        return numbers_as_text(codes)

    @field_validator("levels", mode="before")
    @classmethod
    def _levels_as_text(cls, levels: Any) -> Any:
        if not isinstance(levels, Mapping):
            return levels
        return {column: numbers_as_text(order) for column, order in levels.items()}

    @field_validator("levels")
    @classmethod
    def _levels_once(cls, levels: dict[str, list[str]]) -> dict[str, list[str]]:
        for column, order in levels.items():
            for label in _repeated(order):
                raise ValueError(f"names the level {label!r} of {column} twice; name it once")
        return levels

    @field_validator("groups")
    @classmethod
    def _groups_expanded(cls, groups: list[str]) -> list[str]:
        expanded = [factor for group in groups for factor in _expand(group)]
        for factor in _repeated(expanded):
            raise ValueError(f"names the grouping factor {factor!r} twice; name it once")
        return expanded

    @model_validator(mode="after")
    def _growth_written_out(self) -> Study:
        if self.growth is not None:
            self.fixed = with_growth(self.growth, self.fixed)
            self.slopes = with_slopes(self.growth, self.slopes, self.groups)
            self.time = self.time or self.growth.time
        return self

    @model_validator(mode="after")
    def _slopes_have_groups(self) -> Study:
        for group in self.slopes:
            if group not in self.groups:
                raise ValueError(
                    f"key slopes: {group!r} is not one of the groups {_listed(self.groups)}"
                    f"{_suggestion(group, self.groups)}; add it to groups or take it out of slopes"
                )
        return self

    @model_validator(mode="after")
    def _structure_has_columns(self) -> Study:
        known = list(dict.fromkeys([*self.groups, *(part for group in self.groups for part in group.split(":"))]))
        for inner, declared in self.structure.items():
            for factor in (inner, declared.nested_in or declared.crossed_with):
                if factor not in known:
                    raise ValueError(
                        f"key structure: {factor!r} is not one of the grouping factors {_listed(known)}"
                        f"{_suggestion(factor, known)}; add it to groups or take it out of structure"
                    )
            if inner == (declared.nested_in or declared.crossed_with):
                raise ValueError(f"key structure: {inner!r} is declared against itself; name another factor")
        return self

    @model_validator(mode="after")
    def _bootstrap_has_its_group(self) -> Study:
        group = self.inference.bootstrap.group
        if group is not None and group not in self.groups:
            raise ValueError(
                f"key inference.bootstrap.group: {group!r} is not one of the groups {_listed(self.groups)}"
                f"{_suggestion(group, self.groups)}; name one of them"
            )
        return self

    @model_validator(mode="after")
    def _groups_are_named(self) -> Study:
        named = {
            "ladder.optional": self.ladder.optional,
            "ladder.fixed_selection.group": [self.ladder.fixed_selection.group],
            "cross_validation.new_groups.group": [self.cross_validation.new_groups.group],
        }
        for key, groups in named.items():
            for group in groups:
                if group is not None and group not in self.groups:
                    raise ValueError(
                        f"key {key}: {group!r} is not one of the groups {_listed(self.groups)}"
                        f"{_suggestion(group, self.groups)}; name one of them"
                    )
        return self

    @model_validator(mode="after")
    def _time_for_the_last_occasion(self) -> Study:
        if self.cross_validation.known_groups.rows == "last occasion" and self.time is None:
            raise ValueError("key cross_validation.known_groups.rows: the last occasion needs the key time; add it")
        return self

    @model_validator(mode="after")
    def _mode_has_its_hypotheses(self) -> Study:
        if self.ladder.mode == "confirmatory" and not self.hypotheses:
            raise ValueError("key ladder.mode: confirmatory needs the key hypotheses; name the terms it is about")
        return self

    @property
    def mode(self) -> str:
        """How random slopes are decided: as asked for, else confirmatory where hypotheses are named."""
        return self.ladder.mode or ("confirmatory" if self.hypotheses else "parsimonious")

    @property
    def source(self) -> str:
        """The files of the rows, as a sentence names them."""
        return _listed(table.file for table in tables(self.data))

    @property
    def files(self) -> list[str]:
        """The paths of every file that is read, those joined last."""
        return files(self.data, self.join)

    def fingerprint(self) -> str:
        """SHA-256 of all that can change a number: the study's block with its defaults and seed.

        Left out are the wording of the report, how the work is split into jobs, and the family.
        """
        return _digest(self.model_dump(exclude=_HOW_NOT_WHAT))

    def wording(self) -> str:
        """SHA-256 of what the report says beside the numbers: title, question and unit."""
        return _digest(self.model_dump(include=set(WORDING)))


class Config(Block):
    """A config file: a seed, what the studies share, and the studies."""

    seed: int = Field(
        20261122, ge=0, description="Seed of everything random, for each study that sets none.", examples=[7]
    )
    defaults: dict[str, Any] = Field(
        default_factory=dict,
        description="Keys shared by all studies, any but name; a study's own key wins, and the keys of ladder and of "
        "inference merge.",
        examples=[{"data": "data/pupils.csv", "missing": ["-99"]}],
    )
    families: dict[str, Family] = Field(
        default_factory=dict,
        description="For a family that studies name under their key family, how its p-values are adjusted; a family "
        "needs no entry where Holm's method is wanted.",
        examples=[{"memory": {"adjustment": "benjamini-hochberg"}}],
    )
    studies: list[Study] = Field(min_length=1, description="The studies, each reported on its own page.")


def load(mapping: Mapping[str, Any]) -> list[Study]:
    """Return the studies of a config, defaults filled in and groups expanded.

    Raises one InputError whose message holds every mistake, one line each, naming the study and the key.
    """
    mistakes, mistaken = _defaults_mistakes(mapping.get("defaults"))
    config = None
    try:
        config = Config.model_validate(_with_defaults(mapping, without=mistaken))
    except ValidationError as error:
        mistakes += [
            _sentence(details, mapping)
            for details in error.errors()
            if not (details["type"] == "missing" and details["loc"][-1] in mistaken)
        ]
    mistakes += _duplicate_names(mapping.get("studies"))
    mistakes += _mistaken_families(config) if config else []
    if mistakes:
        raise InputError("\n".join(dict.fromkeys(mistakes)))
    return [
        study if study.seed is not None else study.model_copy(update={"seed": config.seed}) for study in config.studies
    ]


def block_of(mapping: Mapping[str, Any], study: Study) -> dict[str, Any]:
    """Return the part of a config that one of its studies runs by: a config of that study alone, with its seed."""
    families = {name: family for name, family in (mapping.get("families") or {}).items() if name == study.family}
    return {
        "seed": study.seed,
        **({"defaults": mapping["defaults"]} if mapping.get("defaults") else {}),
        **({"families": families} if families else {}),
        "studies": [next(block for block in mapping["studies"] if block["name"] == study.name)],
    }


def schema() -> dict[str, Any]:
    """Return the JSON schema of a config, for editors that complete keys."""
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}
    block = found["$defs"]["Study"]
    # a required key may stand in defaults, so that an editor must not ask for it in each study
    block["required"] = ["name"]
    shared = {key: entry for key, entry in block["properties"].items() if key != "name"}
    found["$defs"]["Defaults"] = block | {
        "properties": shared,
        "required": [],
        "title": "Defaults",
        "description": "What all studies share.",
    }
    found["properties"]["defaults"] |= {"$ref": "#/$defs/Defaults"}
    for key in ("type", "additionalProperties"):
        found["properties"]["defaults"].pop(key)
    return found


def _expand(group: str) -> list[str]:
    """Expand the nesting operator: a/b/c is a, a:b and a:b:c (as lme4 reads it)."""
    if group.strip() and not {":", "/"} & set(group):
        return [group]  # spaces at its ends are those of the column
    nested = [":".join(part.strip() for part in factor.split(":")) for factor in group.split("/")]
    if any(not column for factor in nested for column in factor.split(":")):
        raise ValueError(f"cannot read {group!r}; write a column, a:b or a/b")
    return [":".join(nested[: depth + 1]) for depth in range(len(nested))]


def _repeated(values: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [value for value in values if value in seen or seen.add(value)]


def _duplicate_names(blocks: Any) -> list[str]:
    """Say which names occur twice; upper and lower case name the same folder on some file systems."""
    if not isinstance(blocks, list):
        return []
    first: dict[str, int] = {}
    mistakes = []
    for number, block in enumerate(blocks, start=1):
        name = block.get("name") if isinstance(block, Mapping) else None
        if not isinstance(name, str):
            continue
        if name.lower() in first:
            mistakes.append(
                f"study {name}, key name: studies number {first[name.lower()]} and {number} have the same name; "
                "rename one of them."
            )
        first.setdefault(name.lower(), number)
    return mistakes


def _mistaken_families(config: Config) -> list[str]:
    """Say which families are named once alone: a slip of the pen would leave p-values unadjusted."""
    members: dict[str, list[str]] = {}
    for study in config.studies:
        if study.family is not None:
            members.setdefault(study.family, []).append(study.name)
    known = {*members, *config.families}
    mistakes = [
        f"config, key families: no study has family: {family}{_suggestion(family, known - {family})}; name it in a "
        "study or take it out of families."
        for family in config.families
        if family not in members
    ]
    for family, names in members.items():
        if len(names) == 1 and len(config.studies) > 1 and family not in config.families:
            mistakes.append(
                f"study {names[0]}, key family: no other study belongs to {family!r}"
                f"{_suggestion(family, known - {family})}; name it in another, or declare it under families."
            )
    return [*mistakes, *_alike_but_for_case(sorted(known))]


def _alike_but_for_case(families: list[str]) -> list[str]:
    """Say which families would share a file on some file systems."""
    first: dict[str, str] = {}
    return [
        f"config, key families: {first[family.lower()]!r} and {family!r} differ in case alone; give them one name."
        for family in families
        if first.setdefault(family.lower(), family) != family
    ]


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values)


def _suggestion(word: str, known: Iterable[str]) -> str:
    near = nearest(word, known)
    return f" (did you mean {near!r}?)" if near else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like the given one, without regard to case, or None when none is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[near[0]] if near else None


def _defaults_mistakes(block: Any) -> tuple[list[str], set[str]]:
    """Return the mistakes in the block of defaults, a sentence each, and the keys that hold them.

    The keys are checked as those of a study would be; what concerns several keys together is left to the studies.
    """
    if block is None or not isinstance(block, Mapping):
        return [], set()
    sentences, mistaken = [], set()
    if "name" in block:
        sentences.append("defaults: the key 'name' cannot be shared; give each study its own.")
        mistaken.add("name")
    whole = {"name": "defaults", "data": "-", "outcome": "-", "groups": ["-"]}
    try:
        Study.model_validate(whole | {key: value for key, value in block.items() if key != "name"})
    except ValidationError as error:
        for details in error.errors():
            if details["loc"]:
                where = {"studies": [{"name": "defaults"}]}
                sentence = _sentence(details | {"loc": ("studies", 0, *details["loc"])}, where)
                sentences.append(sentence.removeprefix("study "))
                mistaken.add(details["loc"][0])
    return sentences, mistaken


def _with_defaults(mapping: Mapping[str, Any], without: set[str]) -> dict[str, Any]:
    """Return the config with the shared keys written into each study."""
    shared, blocks = mapping.get("defaults"), mapping.get("studies")
    if not isinstance(shared, Mapping) or not isinstance(blocks, list):
        return dict(mapping)
    shared = {key: value for key, value in shared.items() if key not in without}
    return {
        **mapping,
        "defaults": shared,
        "studies": [_merged(shared, block) if isinstance(block, Mapping) else block for block in blocks],
    }


def _merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a block in which the study's own keys win; of a block of settings, its own keys of that block."""
    merged = {**shared, **own}
    for block in _BLOCKS_THAT_MERGE:
        if isinstance(shared.get(block), Mapping) and isinstance(own.get(block), Mapping):
            merged[block] = _merged(shared[block], own[block])
    return merged


_BLOCKS_THAT_MERGE = (
    "ladder",
    "fixed_selection",
    "cross_validation",
    "new_groups",
    "known_groups",
    "inference",
    "bootstrap",
)


def _sentence(details: Mapping[str, Any], mapping: Mapping[str, Any]) -> str:
    """Turn one of pydantic's error records into a sentence that names study and key."""
    place = list(details["loc"])
    study = ""
    if place[:1] == ["studies"] and len(place) > 1:
        study = f"study {_study_name(mapping, place[1])}"
        place = place[2:]
    if place[:1] == ["steps"] and len(place) > 1:
        study = f"{study}, step {place[1] + 1}"
        place = place[2:]
    keys = [part for part in place if isinstance(part, str) and part not in (PATH, BLOCK, LIST)]
    problem = _problem(details, keys)
    if details["type"] in ("extra_forbidden", "missing"):
        where = [study] if study else ["config"]
    else:
        where = [study or "config"] + ([f"key {'.'.join(keys)}"] if keys else [])
    if details["type"] == "value_error" and not keys:
        return f"{study}{':' if ', step ' in study else ','} {problem}"
    return f"{', '.join(where)}: {problem}"


def _study_name(mapping: Mapping[str, Any], position: int) -> str:
    block = mapping["studies"][position]
    name = block.get("name") if isinstance(block, Mapping) else None
    return name if isinstance(name, str) and name else f"number {position + 1}"


_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false, without quotes",
    "bool_parsing": "true or false, without quotes",
    "int_type": "a whole number, without quotes",
    "int_from_float": "a whole number",
    "float_type": "a number, without quotes",
    "list_type": "a list such as [a, b]",
    "dict_type": "a block of keys and values",
    "model_type": "a block of keys and values",
    "model_attributes_type": "a block of keys and values",
}


def _problem(details: Mapping[str, Any], keys: list[str]) -> str:
    kind, given, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "extra_forbidden":
        known = _known_keys(keys[:-1], in_study=details["loc"][0] == "studies", in_step="steps" in details["loc"][2:3])
        near = nearest(keys[-1], known)
        hint = f"did you mean {near!r}?" if near else f"known keys are {_listed(known)}."
        return f"unknown key {'.'.join(keys)!r}; {hint}"
    if kind == "missing":
        return f"the key {'.'.join(keys)!r} is missing; add it."
    if given is None:
        return "nothing is given; give a value or leave the line out."
    if kind == "string_type" and isinstance(given, bool):
        return f"YAML reads this as {_shown(given)}; put it in quotes."
    if kind in _EXPECTED:
        return f"must be {_EXPECTED[kind]}, not {_shown(given)}."
    if kind == "literal_error":
        return f"must be {context['expected']}, not {_shown(given)}."
    if kind == "string_pattern_mismatch":
        return f"may hold letters, digits, _ and - only, not {_shown(given)}."
    if kind in ("string_too_short", "too_short"):
        return "is empty; give at least one value."
    if kind == "value_error":
        return f"{context['error']}."
    # greater_than, less_than and their like: pydantic's own words are plain
    return f"{details['msg'].lower().replace('input should', 'must')}, not {_shown(given)}."


_SETTINGS: dict[tuple[str, ...], type[BaseModel]] = {
    ("ladder",): Ladder,
    ("ladder", "fixed_selection"): FixedSelection,
    ("growth",): Growth,
    ("cross_validation",): CrossValidation,
    ("cross_validation", "new_groups"): NewGroups,
    ("cross_validation", "known_groups"): KnownGroups,
    ("inference",): Inference,
    ("inference", "bootstrap"): Bootstrap,
}


def _known_keys(path: list[str], *, in_study: bool, in_step: bool) -> list[str]:
    if in_step:
        return list(block_at(path).model_fields)
    model: type[BaseModel] = Study if in_study else Family if path[:1] == ["families"] else Config
    if in_study and tuple(path) in _SETTINGS:
        model = _SETTINGS[tuple(path)]
    elif path and path[-1] in ("data", "join"):
        model = {"data": Table, "join": Join}[path[-1]]
    elif path[:1] == ["structure"]:
        model = Declared
    return list(model.model_fields)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
