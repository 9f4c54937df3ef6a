"""Raw table → report: all stages of a study in one process."""

import sys
from contextlib import suppress

from lmm.errors import InputError
from lmm.files import write_text
from lmm.job import study_of
from lmm.stages.whole import whole

study = study_of(snakemake.config, snakemake.wildcards.study)
begun: list[str] = []


def announce(stage: str) -> None:
    """Tell whoever watches which stage begins."""
    begun.append(stage)
    print(f"{study.name}: {stage}", file=sys.stderr)


try:
    whole(study, snakemake.config, announce, until=snakemake.params.until)
finally:  # each stage has a log of its own; this one is empty only where the job was killed
    with suppress(InputError):  # the disk may be full, which its stage has told
        write_text(snakemake.log[0], "".join(f"{stage}\n" for stage in begun))
