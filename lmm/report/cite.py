"""How to cite the software and this analysis: names, versions and the hashes that tell it from any other."""

from __future__ import annotations

from markupsafe import Markup

from lmm.report.case import Case
from lmm.report.markup import listing, say

AUTHORS = "The lmm maintainers"
TITLE = "lmm: reproducible mixed-model studies, from a raw table to a report"
"""As CITATION.cff has them."""
_SHOWN = 12


def how_to_cite(case: Case) -> Markup:
    """A paragraph: the software with its version, then data, configuration and rows by the start of their hashes."""
    versions, source = case.decision["provenance"], case.audit["source"]
    files = [say("{} ({})", file["path"], _short(file["sha256"])) for file in source["files"]]
    text = (
        "{} (version {}). <i>{}</i> [Computer software]. This analysis, “{}”, is that of {}, of the configuration {} "
        "and of the analysed rows {}, with seed {}; the hashes are the first {} digits of SHA-256, given in full below."
    )
    shown = (_short(versions["study_fingerprint"]), _short(case.audit["row_hash"]))
    return say(
        text, AUTHORS, versions["lmm"], TITLE, case.title, listing(files), *shown, str(case.study.seed), str(_SHOWN)
    )


def _short(digits: str) -> Markup:
    return say('<span class="hash">{}</span>', digits[:_SHOWN])
