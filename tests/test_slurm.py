"""What is put to Slurm before a run, with a stand-in for its `sbatch`; tests/slurm asks a real one."""

import pytest

from lmm import InputError
from lmm.slurm import assert_accepted, most

ASKED = [
    ("prepare, s", {"mem_mb": 900, "runtime": 40, "slurm_account": "lab"}),
    ("prepare, s", {"mem_mb": 1200, "runtime": 30, "slurm_account": "lab"}),
    ("7", {"mem_mb": 500, "runtime": 60, "slurm_account": "lab"}),
    ("8", {"mem_mb": 700, "runtime": 5, "slurm_account": "lab", "slurm_partition": "short"}),
]


@pytest.fixture
def sbatch(tmp_path, monkeypatch):
    """Writes what it was asked to a file, and refuses accounts but lab."""
    program = tmp_path / "sbatch"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ncase "$*" in *account=lab*) exit 0 ;; esac\n'
        "echo 'sbatch: error: first line' >&2\necho 'allocation failure: Invalid account' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "asked"


def test_a_chain_has_the_memory_of_the_largest_and_the_time_of_all():
    assert most(ASKED) == {("lab", ""): (1200, 70), ("lab", "short"): (700, 5)}
    assert most([]) == {}


def test_what_slurm_takes_is_asked_once_for_each_account_and_partition(sbatch):
    assert_accepted(ASKED)
    assert sbatch.read_text().splitlines() == [
        "--test-only --mem=1200 --time=70 --wrap=true --account=lab",
        "--test-only --mem=700 --time=5 --wrap=true --account=lab --partition=short",
    ]


def test_a_refusal_is_told_in_slurms_words_with_what_to_do(sbatch):
    with pytest.raises(InputError) as refused:
        assert_accepted([("1", {"mem_mb": 500, "runtime": 60})])
    said = str(refused.value)
    assert said.startswith(
        "Slurm takes no job of this run (500 MB, 60 minutes, account not named, partition not named)"
    )
    assert ": Invalid account. Name what the cluster wants" in said


def test_without_slurm_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert_accepted(ASKED)
