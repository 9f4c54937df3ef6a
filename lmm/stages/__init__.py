"""The stages of a study: each reads its input files, calls one function of the package, and writes its output files.

A rule of the workflow runs one of them, `lmm.stages.whole` all of them in one process. They know nothing of Snakemake,
so that each can be called from Python, or from the shell (`python -m lmm run config.yaml sleepstudy --stage select`):

    >>> from lmm.stages.places import places
    >>> from lmm.stages.select import select
    >>> select(study, places(study), places(study), print)
"""
