"""The programs compared, and how a worker of each is started."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cases import Case

HERE = Path(__file__).parent
WORKERS = HERE / "workers"


@dataclass(frozen=True)
class Tool:
    """A program that fits mixed models.

    Attributes:
        name: as in the tables.
        command: the worker's interpreter and script; it gets the table's file and the formula.
        table: suffix of the table file it reads, ".npz" or ".rds".
        cannot: says why it cannot fit a case, or nothing.
    """

    name: str
    command: tuple[str, ...]
    table: str = ".npz"
    cannot: Callable[[Case], str | None] = lambda case: None

    @property
    def installed(self) -> bool:
        """Whether its interpreter is there; lme4 also has to be in R's library."""
        if self.name == "lme4":
            return bool(shutil.which("Rscript")) and r("library(lme4)") is not None
        return Path(self.command[0]).exists()


def one_factor_only(case: Case) -> str | None:
    """Say that a case with several random terms is out of reach."""
    return "one grouping factor only" if case.formula.count("|") > 1 or "/" in case.formula else None


def intercepts_only(case: Case) -> str | None:
    """Say that a case with slopes or nested factors is out of reach of what its worker writes down."""
    terms = re.findall(r"\((.+?)\)", case.formula)
    plain = all(re.fullmatch(r"1 \| \w+", term) for term in terms)
    return None if plain else "random slopes and nesting are not tried"


def r(expression: str) -> str | None:
    """Return what R prints of an expression, or nothing where R or its package is missing."""
    try:
        done = subprocess.run(["Rscript", "-e", expression], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def peer(name: str, script: str, cannot: Callable[[Case], str | None] = lambda case: None) -> Tool:
    """Return a Python peer in the environment setup.sh made for it."""
    python = HERE / ".envs" / name / "bin" / "python"
    return Tool(name, (str(python), str(WORKERS / script)), cannot=cannot)


TOOLS = {
    tool.name: tool
    for tool in [
        Tool("lmm", (sys.executable, str(WORKERS / "fit_lmm.py"))),
        Tool("lme4", ("Rscript", str(WORKERS / "fit_lme4.R")), table=".rds"),
        peer("mixedlm", "fit_mixedlm.py"),
        peer("mixedlm-rs", "fit_mixedlm_rs.py", one_factor_only),
        peer("lme-python", "fit_lme_python.py"),
        peer("gpboost", "fit_gpboost.py", intercepts_only),
    ]
}
