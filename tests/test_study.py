"""The config: defaults, every mistake at once, and fingerprints that change with what they stand for."""

import json
import re
from pathlib import Path

import pytest
import yaml

from lmm import InputError, study
from lmm.study.family import families as families_of

ROOT = Path(__file__).parents[1]
BLOCK = {"name": "sleep", "data": "sleep.csv", "outcome": "Reaction", "groups": ["Subject"]}


def one(**changes):
    return study.load({"seed": 7, "studies": [BLOCK | changes]})[0]


def mistakes(*blocks, **top):
    with pytest.raises(InputError) as caught:
        study.load(top | {"studies": list(blocks)})
    return str(caught.value).splitlines()


def test_a_block_of_four_lines_is_a_study():
    loaded = one()
    assert (loaded.fixed, loaded.slopes, loaded.split, loaded.seed) == ("1", {}, "study", 7)
    assert loaded.ladder.alpha_random == 0.20
    assert loaded.ladder.allow_singular is False


def test_nesting_operator_expands_as_in_lme4():
    assert one(groups=["school/class/pupil", "rater"]).groups == [
        "school",
        "school:class",
        "school:class:pupil",
        "rater",
    ]
    assert one(groups=["batch : cask"]).groups == ["batch:cask"]


def test_yaml_numbers_stand_for_labels_and_for_the_intercept():
    loaded = one(missing=[-99, "x"], levels={"dose": [0, 1.5]}, fixed=1)
    assert (loaded.missing, loaded.levels, loaded.fixed) == (["-99", "x"], {"dose": ["0", "1.5"]}, "1")


def test_all_mistakes_come_at_once_one_line_each_with_study_and_key():
    lines = mistakes(
        BLOCK | {"fxed": "x"},
        BLOCK | {"name": "second", "ladder": {"alpha_randm": 0.3}, "structure": {"Subject": {"nestedin": "x"}}},
        {"name": "third", "data": "t.csv", "groups": ["g"]},
        sed=3,
    )
    assert lines == [
        "study sleep: unknown key 'fxed'; did you mean 'fixed'?",
        "study second: unknown key 'structure.Subject.nestedin'; did you mean 'nested_in'?",
        "study second: unknown key 'ladder.alpha_randm'; did you mean 'alpha_random'?",
        "study third: the key 'outcome' is missing; add it.",
        "config: unknown key 'sed'; did you mean 'seed'?",
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"ladder": {"allow_singular": "false"}}, "key ladder.allow_singular: must be true or false, without quotes"),
        ({"ladder": {"allow_singular": 0}}, "key ladder.allow_singular: must be true or false"),
        ({"ladder": {"alpha_random": "0.2"}}, "key ladder.alpha_random: must be a number, without quotes"),
        ({"ladder": {"alpha_random": True}}, "key ladder.alpha_random: must be a number"),
        ({"ladder": {"alpha_random": 20}}, "key ladder.alpha_random: must be less than 1, not 20."),
        ({"seed": "3"}, "key seed: must be a whole number, without quotes"),
        ({"groups": "Subject"}, 'key groups: must be a list such as [a, b], not "Subject".'),
        ({"groups": []}, "key groups: is empty"),
        ({"groups": ["a", "a/b"]}, "key groups: names the grouping factor 'a' twice"),
        ({"groups": ["a:"]}, "key groups: cannot read 'a:'"),
        ({"slopes": {"subject": "Days"}}, "key slopes: 'subject' is not one of the groups Subject (did you mean 'Subj"),
        ({"slopes": None}, "key slopes: nothing is given"),
        ({"levels": {"sex": [True, False]}}, "key levels.sex: YAML reads this as true; put it in quotes."),
        ({"levels": {"sex": ["f", "f"]}}, "key levels: names the level 'f' of sex twice"),
        ({"structure": {"Subject": {}}}, "key structure.Subject: needs one of nested_in and crossed_with; give one."),
        ({"structure": {"Subject": {"nested_in": "clas"}}}, "key structure: 'clas' is not one of the grouping factors"),
        ({"structure": {"subject": {"nested_in": "Subject"}}}, "key structure: 'subject' is not one of the grouping"),
        ({"structure": {"Subject": {"crossed_with": "Subject"}}}, "key structure: 'Subject' is declared against it"),
        ({"duplicates": True}, "key duplicates: must be 'refuse' or 'allow', not true."),
        ({"split": "rungs"}, "key split: must be 'none', 'study' or 'rung', not \"rungs\"."),
        ({"name": "a b"}, "key name: may hold letters, digits, _ and - only"),
        ({"time": 3}, "key time: must be text, not 3."),
    ],
)
def test_a_mistaken_value_is_named_with_its_key(changes, line):
    name = changes.get("name", "sleep")
    assert mistakes(BLOCK | changes)[0].startswith(f"study {name}, {line}")


def test_duplicate_names_are_refused_whatever_their_case():
    (line,) = mistakes(BLOCK, BLOCK | {"name": "Other"}, BLOCK | {"name": "SLEEP"})
    assert line == "study SLEEP, key name: studies number 1 and 3 have the same name; rename one of them."


@pytest.mark.parametrize("config", [{}, {"studies": None}, {"studies": []}, {"studies": {"name": "a"}}])
def test_a_config_without_studies_is_refused(config):
    with pytest.raises(InputError, match="studies"):
        study.load(config)


def test_fingerprint_changes_with_what_changes_numbers_alone():
    fingerprint = one().fingerprint()
    assert one(fixed="1", groups=["Subject"]).fingerprint() == fingerprint
    assert one(title="Other", question="Why?", unit="ms", split="rung", family="f").fingerprint() == fingerprint
    for changes in ({"fixed": "x"}, {"seed": 8}, {"missing": ["9"]}, {"ladder": {"alpha_random": 0.1}}):
        assert one(**changes).fingerprint() != fingerprint


def test_wording_changes_with_title_question_and_unit_alone():
    wording = one().wording()
    assert one(fixed="x", seed=8).wording() == wording
    for changes in ({"title": "Other"}, {"question": "Why?"}, {"unit": "ms"}):
        assert one(**changes).wording() != wording


def test_a_family_has_its_studies_and_holms_adjustment_unless_the_config_says_otherwise():
    blocks = [BLOCK | {"name": name, "family": family} for name, family in [("a", "x"), ("b", "y"), ("c", "x")]]
    config = {"studies": [*blocks, BLOCK], "families": {"y": {"adjustment": "none"}}}
    found = families_of(study.load(config), config)
    assert {name: ([each.name for each in family.studies], family.adjustment) for name, family in found.items()} == {
        "x": (["a", "c"], "holm"),
        "y": (["b"], "none"),
    }
    assert families_of([one()], {}) == {}


@pytest.mark.parametrize(
    ("families", "declared", "line"),
    [
        (["memory", "memory", "memroy"], {}, "study s2, key family: no other study belongs to 'memroy' (did you mean"),
        (["x", "x"], {"X": {}}, "config, key families: no study has family: X (did you mean 'x'?); name it in"),
        (["x", "x", "X", "X"], {}, "config, key families: 'X' and 'x' differ in case alone; give them one name."),
        (["x", "x"], {"x": {"adjustmnt": "holm"}}, "config: unknown key 'families.x.adjustmnt'; did you mean 'adju"),
        (["x", "x"], {"x": {"adjustment": "BH"}}, "config, key families.x.adjustment: must be 'holm', 'bonferroni', "),
        (["a b", "a b"], {}, "study s0, key family: may hold letters, digits, _ and - only"),
    ],
)
def test_a_mistaken_family_is_told(families, declared, line):
    lines = mistakes(
        *(BLOCK | {"name": f"s{k}", "family": family} for k, family in enumerate(families)), families=declared
    )
    assert lines[0].startswith(line)


def test_the_schema_in_the_repository_is_the_models():
    stored = json.loads((ROOT / "workflow/schemas/config.schema.json").read_text(encoding="utf-8"))
    assert stored == study.schema(), "run: python -m lmm schema > workflow/schemas/config.schema.json"


def test_every_key_is_described():
    schema = study.schema()
    for block in [schema, *schema["$defs"].values()]:
        for key, entry in block["properties"].items():
            assert "description" in (schema["$defs"]["Ladder"] if "$ref" in entry else entry), key


def shared(defaults, *blocks):
    return study.load({"seed": 7, "defaults": defaults, "studies": list(blocks)})


def test_studies_share_defaults_and_their_own_keys_win():
    first, second = shared(
        {"data": "t.csv", "outcome": "y", "groups": ["g"], "missing": [-99], "ladder": {"alpha_random": 0.1}},
        {"name": "a"},
        {"name": "b", "missing": ["x"], "ladder": {"alpha_fixed": 0.01}},
    )
    assert (first.data, first.missing, first.ladder.alpha_random, first.ladder.alpha_fixed) == (
        "t.csv",
        ["-99"],
        0.1,
        0.05,
    )
    assert (second.missing, second.ladder.alpha_random, second.ladder.alpha_fixed) == (["x"], 0.1, 0.01)


def test_a_study_is_the_same_whether_its_keys_are_shared_or_its_own():
    (apart,) = shared({"missing": ["9"], "split": "rung"}, BLOCK)
    assert apart == one(missing=["9"], split="rung")
    assert apart.fingerprint() == one(missing=["9"]).fingerprint()


def test_mistaken_defaults_are_told_once():
    with pytest.raises(InputError) as caught:
        shared(
            {"name": "a", "fxed": "x", "outcome": 3, "ladder": {"alpha_randm": 1}},
            {"name": "b", "data": "t.csv", "groups": ["g"]},
            BLOCK,
        )
    assert str(caught.value).splitlines() == [
        "defaults: the key 'name' cannot be shared; give each study its own.",
        "defaults, key outcome: must be text, not 3.",
        "defaults: unknown key 'ladder.alpha_randm'; did you mean 'alpha_random'?",
        "defaults: unknown key 'fxed'; did you mean 'fixed'?",
    ]


def test_what_defaults_and_a_study_say_together_is_checked_in_the_study():
    with pytest.raises(InputError, match="study sleep, key slopes: 'g' is not one of the groups Subject"):
        shared({"slopes": {"g": "x"}}, BLOCK)


@pytest.mark.parametrize("defaults", [None, 3, []])
def test_defaults_that_are_no_block_are_refused(defaults):
    with pytest.raises(InputError, match=r"^config, key defaults: "):
        shared(defaults, BLOCK)


def test_the_demonstration_config_has_three_studies():
    loaded = study.load(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")))
    assert [each.name for each in loaded] == ["sleepstudy", "egsingle", "penicillin"]


def test_the_keys_shown_in_comments_of_the_demonstration_config_are_real():
    text = (ROOT / "config.yaml").read_text(encoding="utf-8").split("Keys that the studies above")[1]
    block = "\n".join(line.removeprefix("#   ") for line in text.splitlines()[2:])
    loaded = one(**yaml.safe_load(block) | {"groups": ["hospital", "ward"]})
    assert loaded.split == "rung"
    assert set(study.Study.model_fields) == {*yaml.safe_load(block), *_keys_above()}


def _keys_above():
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    return {key for block in config["studies"] for key in block} | {"seed"}


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ({"renam": {"a": "b"}}, "study sleep, step 1: unknown key 'renam'; did you mean 'rename'?"),
        ({"check": {"age": {"max": 2}}}, "study sleep, step 1: unknown key 'check.age.max'; did you mean 'maximum'?"),
        (
            {"rename": {"a": "b"}, "missing": {"a": [9]}},
            "study sleep, step 1: a step has one key, not 2; write each step as an item of its own.",
        ),
        ({"filter": None}, "study sleep, step 1: nothing is given under filter; say what it is to do."),
        (
            {"wide": {"columns": "w{t}", "value": ["a", "b"]}},
            "study sleep, step 1, key wide: has 1 patterns but 2 values; give one value for each.",
        ),
        (
            {"centre": {"x": {"at": "men"}}},
            "study sleep, step 1, key centre.x.at: must be mean or a number, not 'men'.",
        ),
        ({"missing": {"a": [True]}}, "study sleep, step 1, key missing.a: YAML reads this as true; put it in quotes."),
    ],
)
def test_a_mistaken_step_is_named_with_its_number_and_key(step, line):
    assert mistakes(BLOCK | {"steps": [step]}) == [line]


def test_settings_of_inference_merge_with_the_shared_ones_block_by_block():
    shared = {"inference": {"level": 0.9, "bootstrap": {"draws": 200, "kind": "cases"}}, "ladder": {"draws": 0}}
    own = {"inference": {"adjustment": "holm", "bootstrap": {"jobs": 3}}}
    (loaded,) = study.load({"defaults": shared, "studies": [BLOCK | own]})
    assert (loaded.inference.level, loaded.inference.adjustment, loaded.ladder.draws) == (0.9, "holm", 0)
    assert loaded.inference.bootstrap.model_dump() == {
        "draws": 200,
        "jobs": 3,
        "kind": "cases",
        "method": "percentile",
        "group": None,
    }


def test_the_number_of_jobs_changes_no_number_and_that_of_draws_does():
    prints = [
        study.load({"studies": [BLOCK | {"inference": {"bootstrap": bootstrap}}]})[0].fingerprint()
        for bootstrap in ({"draws": 100}, {"draws": 100, "jobs": 5}, {"draws": 101})
    ]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    ("inference", "sentence"),
    [
        ({"intervals": "bootstrap"}, "key inference: intervals: bootstrap needs draws; set bootstrap: {draws: 1000}."),
        ({"bootstrap": {"group": "Subjcet"}}, "key inference.bootstrap.group: 'Subjcet' is not one of the groups"),
        ({"degrees_of_freedom": "kr"}, "key inference.degrees_of_freedom: must be 'kenward-roger', 'satterthwaite'"),
        ({"bootstrap": {"draw": 5}}, "unknown key 'inference.bootstrap.draw'; did you mean 'draws'?"),
        ({"levle": 0.9}, "unknown key 'inference.levle'; did you mean 'level'?"),
    ],
)
def test_mistakes_in_inference_are_told(inference, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        study.load({"studies": [BLOCK | {"inference": inference}]})
