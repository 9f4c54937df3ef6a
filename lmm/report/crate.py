"""What the files beside a report are, where they come from and what made them, as an RO-Crate.

RO-Crate Metadata Specification 1.1 (Sefton et al. 2021, doi:10.5281/zenodo.4541002) with the profile Process Run Crate
0.5 of Workflow Run RO-Crate (Leo et al. 2024, doi:10.1371/journal.pone.0309210): one run of one piece of software that
took the raw files and the config and gave the other files. Nothing in it depends on the clock or the machine.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from lmm import numbers
from lmm.report.case import Case
from lmm.report.download import CONFIG, Download

NAME = "ro-crate-metadata.json"
_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_UNPUBLISHED = "1970-01-01"
"""The specification wants a date of publication, and there is none before a person publishes the files."""
_SOFTWARE, _RUN = "#lmm", "#run"
_LIBRARIES = ("python", "numpy", "scipy", "pandas")
_PAGES = {
    "python": "https://www.python.org/",
    "numpy": "https://numpy.org/",
    "scipy": "https://scipy.org/",
    "pandas": "https://pandas.pydata.org/",
}

Entity = dict[str, Any]


def crate(case: Case, files: Iterable[Download]) -> Entity:
    """The metadata of the files, ready for JSON; `files` are all of the folder but this one."""
    given, made = [], []
    for file in files:
        (given if file.path == CONFIG else made).append(_file(file))
    raw = [_raw(one) for one in case.audit["source"]["files"]]
    versions = case.decision["provenance"]
    return {
        "@context": _CONTEXT,
        "@graph": [
            {
                "@id": NAME,
                "@type": "CreativeWork",
                "conformsTo": {"@id": _SPECIFICATION},
                "about": {"@id": "./"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": case.title,
                "description": _description(case),
                "datePublished": _UNPUBLISHED,
                "conformsTo": {"@id": _PROFILE},
                "hasPart": _references([*raw, *given, *made]),
                "mentions": {"@id": _RUN},
            },
            {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
            {
                "@id": _RUN,
                "@type": "CreateAction",
                "name": f"Analysis of the study {case.study.name}",
                "description": "The stages clean, fit, select, infer, diagnose and report of one Snakemake workflow.",
                "instrument": {"@id": _SOFTWARE},
                "object": _references([*raw, *given]),
                "result": _references(made),
            },
            {
                "@id": _SOFTWARE,
                "@type": "SoftwareApplication",
                "name": "lmm",
                "description": "A Snakemake workflow and a Python package for linear mixed models.",
                "softwareVersion": versions["lmm"],
                "license": {"@id": "https://spdx.org/licenses/MIT"},
                "softwareRequirements": [{"@id": f"#{library}"} for library in _LIBRARIES],
            },
            {"@id": "https://spdx.org/licenses/MIT", "@type": "CreativeWork", "name": "MIT License"},
            *(
                {
                    "@id": f"#{library}",
                    "@type": "SoftwareApplication",
                    "name": library,
                    "softwareVersion": versions[library],
                    "url": _PAGES[library],
                }
                for library in _LIBRARIES
            ),
            *raw,
            *given,
            *made,
        ],
    }


def _description(case: Case) -> str:
    rows = numbers.counted(case.audit["rows"]["analysed"], "row")
    asked = f"{case.study.question} " if case.study.question else ""
    return (
        f"{asked}Tables, figures and results of a study with linear mixed models: {case.fit.formula}, fitted to "
        f"{rows} (SHA-256 of the rows {case.audit['row_hash']}), seed {case.study.seed}. The report is index.html in "
        "the folder above. The date of publication is a placeholder and no licence is named: whoever publishes these "
        "files gives both. The raw files are named by their hash (RFC 6920) and are not in this folder."
    )


def _references(entities: Iterable[Entity]) -> list[Entity]:
    return [{"@id": entity["@id"]} for entity in entities]


def _file(file: Download) -> Entity:
    return {
        "@id": file.path,
        "@type": "File",
        "name": file.title,
        "encodingFormat": file.media_type,
        "contentSize": str(len(file.content)),
        "sha256": hashlib.sha256(file.content).hexdigest(),
    }


def _raw(file: dict[str, str]) -> Entity:
    """A file of the raw data, which stays where it is: known by what it holds."""
    digest = base64.urlsafe_b64encode(bytes.fromhex(file["sha256"])).decode().rstrip("=")
    return {
        "@id": f"ni:///sha-256;{digest}",
        "@type": "File",
        "name": file["path"],
        "description": "Raw data as it was read.",
        "sha256": file["sha256"],
    }
