"""docs/formulas.md says what is true: the spellings it lists are read, laid out or refused as it says."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lmm.errors import InputError
from lmm.formula import parse
from lmm.formula.functions import FUNCTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "formulas.md").read_text(encoding="utf-8")
rng = np.random.default_rng(4)
DATA = pd.DataFrame(
    {
        "y": rng.exponential(size=48),
        "x": np.repeat(rng.exponential(size=24), 2),
        "x y": rng.normal(size=48),
        "z": rng.normal(size=48),
        "a": list("pqr") * 16,
        "b": list("uv") * 24,
        "c": list("uuvv") * 12,
        "g": np.repeat(list("klmnop"), 8),
        "h": ["s", "s", "t", "t"] * 12,
    }
)


def rows(header):
    """The cells of the table whose header starts so."""
    lines = PAGE.split(f"| {header} |")[1].split("\n\n")[0].split("\n")[2:]
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line]


def spellings(cell):
    return [
        (double or single).strip().replace("\\|", "|") for double, single in re.findall(r"`` (.+?) ``|`(.+?)`", cell)
    ]


READ = [(text, cells[1]) for cells in rows("right of `~` | what it means") for text in spellings(cells[0])]
REFUSED = [text for cells in rows("written | R or lme4 | instead") for text in spellings(cells[0])]
LAID_OUT = rows("right of `~` | R, and here | formulaic")


def test_the_tables_are_found():
    assert len(READ) >= 40 and len(REFUSED) > 12 and len(LAID_OUT) == 2


@pytest.mark.parametrize("text", [text for text, _ in READ])
def test_what_is_read(text):
    design = parse(f"y ~ {text}").design(DATA)
    assert np.isfinite(design.X).all()


@pytest.mark.parametrize(
    ("text", "meaning"),
    [(text, spelled[0]) for text, cell in READ if (spelled := re.findall(r"^ `([^`]+)` $", cell))],
)
def test_what_it_means(text, meaning):
    one, other = (parse("y ~ " + right.replace("\\|", "|")).design(DATA) for right in (text, meaning))
    assert one.names == other.names
    assert [(term.group, term.names) for term in one.random] == [(term.group, term.names) for term in other.random]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text):
    with pytest.raises(InputError) as caught:
        parse(f"y ~ {text}")
    assert str(caught.value).endswith("^")


@pytest.mark.parametrize("cells", LAID_OUT, ids=lambda cells: cells[0])
def test_columns_here_and_in_formulaic(cells):
    import formulaic

    text, here, theirs = (spellings(cell)[0] for cell in cells)
    assert parse(f"y ~ {text}").design(DATA).names == tuple(here.split())
    assert list(formulaic.model_matrix(text, DATA).columns) == theirs.split()


def test_every_function_is_listed():
    named = set(re.findall(r"[a-z][a-z0-9.]*", " ".join(re.findall(r"`([^`]+)`", PAGE)))) | {"C", "I"}
    assert set(FUNCTIONS) - named == {"identity", "as.factor", "as.ordered", "as.integer"}
