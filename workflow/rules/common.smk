# What the rules share: the studies of the config, checked before any job is planned.
import sys
from pathlib import Path

from lmm import provenance
from lmm.errors import InputError
from lmm.folder import assert_none_later_than_now, assert_room, assert_writable, bring_to_now, forget_unfinished
from lmm.job import closing_lines, failure_lines, forget_failures, tell_of_killed
from lmm.kept import bring_back, keep
from lmm.select import inclusionparts
from lmm.select.meanchoice import announced
from lmm.select.rungs import ladder
from lmm.slurm import assert_accepted
from lmm.study import crossvalidation, load
from lmm.study.family import families
from lmm.study.inference import parts

try:
    # Jobs on a cluster read this file again and need not check the tables again; the tests of single rules that
    # `snakemake --generate-unit-tests` writes run without them. Snakemake has no settings yet when it reads this.
    if workflow.is_main_process and "--allowed-rules" not in sys.argv:
        from lmm.mistakes import studies_without_mistakes

        assert_room()
        found = studies_without_mistakes(config, Path())
    else:
        found = load(config)
    STUDIES = {study.name: study for study in found}
    FAMILIES = families(found, config)
    LADDERS = {study.name: ladder(study) for study in STUDIES.values()}
except InputError as error:
    sys.exit(str(error))


# Studies by the jobs that do their work: one for each stage, one for all, one for all but the report.
STAGED = [study.name for study in STUDIES.values() if study.split != "none"]
WHOLE = [study.name for study in STUDIES.values() if study.split == "none" and study.family is None]
WHOLE_BUT_REPORT = [study.name for study in STUDIES.values() if study.split == "none" and study.family is not None]


def one_of(names):
    """Regular expression of these names; it matches nothing where there are none."""
    return "|".join(names) or "(?!)"


def split_by(split):
    """Regular expression of the studies whose ladder is split that way."""
    return one_of(study.name for study in STUDIES.values() if study.split == split)


def code_hash(*modules):
    """A parameter that changes when the code of these modules does; nobody asks for it but who plans a job."""
    return (lambda wildcards: provenance.code_hash(*modules)) if workflow.is_main_process else None


def fingerprint(wildcards):
    """Changes when the study's block does, its wording aside: reruns every stage of that study."""
    return STUDIES[wildcards.study].fingerprint()


def wording(wildcards):
    """Changes with title, question and unit of the study: reruns what shows them."""
    return STUDIES[wildcards.study].wording()


def models(wildcards):
    """The models of the study's ladder that are known before the run: their number, and a line for each."""
    rungs = LADDERS[wildcards.study]
    return "\n".join([f"{len(rungs)} models", *(f"    {rung.id}: {rung.formula}" for rung in rungs)])


def rung_files(wildcards):
    """The fitted rungs of a study, in the order of its ladder."""
    return expand(
        rules.fit_rung.output.rung, study=wildcards.study, rung=[rung.id for rung in LADDERS[wildcards.study]]
    )


def bootstrap_parts(wildcards):
    """The parts that share the bootstrap draws of a study; none where it asks for no draws."""
    return expand(rules.bootstrap_part.output.part, study=wildcards.study, part=parts(STUDIES[wildcards.study]))


def cross_validation_parts(wildcards):
    """The parts that share the folds of a study's cross-validation; none where it asks for no target."""
    names = crossvalidation.parts(STUDIES[wildcards.study])
    return expand(rules.cross_validate.output.part, study=wildcards.study, part=names)


def selection_announced(wildcards):
    """What the selection of fixed effects will do, as it follows a message; empty where nothing is selected."""
    sentence = announced(STUDIES[wildcards.study])
    return f"\n{sentence}" if sentence else ""


def inclusion_parts(wildcards):
    """The parts that share a study's selections from resampled groups; none where nothing can be selected."""
    parts_of_study = inclusionparts.parts(STUDIES[wildcards.study])
    return expand(rules.inclusion_part.output.part, study=wildcards.study, part=parts_of_study)


def family_of(wildcards):
    """The adjusted p-values of the family a study belongs to; none where it belongs to none."""
    family = STUDIES[wildcards.study].family
    return expand(rules.family.output.family, family=[] if family is None else [family])


def megabytes(wildcards):
    """Size of a study's tables as they were given: known for each of its jobs before the first has run."""
    tables = [Path(path) for path in STUDIES[wildcards.study].files]
    return sum(table.stat().st_size for table in tables if table.exists()) // 10**6


def memory(least, per_megabyte):
    """MB for a job and the two Snakemakes that wrap it on a cluster; the job gets more with every attempt."""
    return lambda wildcards, attempt: 400 + attempt * (least + per_megabyte * megabytes(wildcards))


def minutes(least, per_megabyte):
    """Time for a job, more with every attempt."""
    return lambda wildcards, attempt: attempt * (least + per_megabyte * megabytes(wildcards))


def queued_with(job):
    """Names what a job goes to a cluster's queue with: the jobs of its group in its study, or itself alone."""
    return f"{job.group}, {job.wildcards_dict.get('study', '')}" if job.group else str(job.jobid)


# Studies in stages, unless a rule says otherwise.
wildcard_constraints:
    study=one_of(STAGED),
    family=one_of(FAMILIES),
    rung=r"[^/]+",
    part=r"\d+-of-\d+",
