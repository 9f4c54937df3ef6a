"""Where the files of a study lie, as the rules of the workflow have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmm.study import Study

_PLACES = {
    "table": "results/{study}/clean/table.parquet",
    "audit": "results/{study}/clean/audit.json",
    "dropped": "results/{study}/clean/dropped.csv",
    "ladder": "results/{study}/fit/ladder.json",
    "decision": "results/{study}/select/decision.json",
    "crossvalidation": "results/{study}/select/crossvalidation.json",
    "sensitivity": "results/{study}/select/sensitivity.json",
    "inference": "results/{study}/infer/inference.json",
    "final": "results/{study}/diagnose/final.json",
    "findings": "results/{study}/diagnose/findings.json",
    "figures": "results/{study}/diagnose/figures",
    "page": "reports/{study}/index.html",
    "downloads": "reports/{study}/downloads",
    "entry": "results/{study}/report/entry.json",
}
_PART = "results/{study}/{of}/{part}.json"
_FAMILY = "results/families/{family}.json"
_LOG = "logs/{study}/{stage}.log"


def places(study: Study) -> dict[str, str | list[str]]:
    """Return the paths of a study's files from the working folder, by the names that its stages know them by."""
    family = [] if study.family is None else [_FAMILY.format(family=study.family)]
    return {name: path.format(study=study.name) for name, path in _PLACES.items()} | {"family": family}


def part_place(study: Study, of: str, part: str) -> str:
    """Return the path of one part ("2-of-4") of a study's work: "select/crossvalidation", "infer/bootstrap", …."""
    return _PART.format(study=study.name, of=of, part=part)


def log_place(study: Study, stage: str) -> str:
    """Return the path of the log of one stage of a study, or of one part of it."""
    return _LOG.format(study=study.name, stage=stage)
