"""Dates: one format for a column, never guessed; what is wrong is told with the line and what to write."""

import pandas as pd
import pytest

from lmm.clean.dateformats import formats, in_two_formats
from tests.clean.steps.running import prepared, raw, refused

MARCH = pd.Timestamp(2026, 3, 1)


def elapsed(written=None):
    return {"elapsed": {"date": "d", "by": "id", "name": "t"} | ({"format": written} if written else {})}


def table(cells):
    return raw(id=["a"] * len(cells), d=cells)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("2026-03-01", ("%Y-%m-%d",)),
        (" 2026-03-01 10:30 ", ("%Y-%m-%d",)),
        ("2026-03-01T10:30:00.5+02:00", ("%Y-%m-%d",)),
        ("2026-13-01", ()),
        ("01/03/2026", ("%d/%m/%Y", "%m/%d/%Y")),
        ("13/01/2026", ("%d/%m/%Y",)),
        ("1.13.26", ("%m.%d.%y",)),
        ("13/13/2026", ()),
        ("01/03-2026", ()),
        ("13/01/2026 7:05", ("%d/%m/%Y %H:%M",)),
        ("20260301", ("%Y%m%d",)),
        ("20261301", ()),
        ("03-Mar-2026", ("%d-%b-%Y",)),
        ("3 March 2026", ("%d %B %Y",)),
        ("3 May 2026", ("%d %b %Y", "%d %B %Y")),
        ("March 3, 2026", ("%B %d, %Y",)),
        ("2026", ()),
        ("45000", ()),
        ("S-1-2", ()),
        ("", ()),
    ],
)
def test_the_formats_of_a_cell(cell, found):
    assert formats(cell) == found


@pytest.mark.parametrize("cell", ["2026-03-01", "03-Mar-2026", "3 March 2026", "March 3, 2026", "13/01/26 07:05:09"])
def test_pandas_reads_a_cell_by_its_format(cell):
    (form,) = formats(cell)
    assert pd.to_datetime(cell, format=form).year == 2026


def test_the_commonest_format_is_the_usual_one():
    assert in_two_formats(["01/03/2026", "2026-03-01", "2026-03-02"]) == ("2026-03-01", "01/03/2026")
    assert in_two_formats(["01/03/2026", "13/03/2026"]) is None
    assert in_two_formats(["words", "more"]) is None


@pytest.mark.parametrize(
    ("cells", "written", "told"),
    [
        (
            ["2026-03-01", "01/03/2026"],
            None,
            "the column d has dates in two formats: line 1 of t.csv holds '2026-03-01' (%Y-%m-%d), line 2 of t.csv "
            "'01/03/2026' (%d/%m/%Y or %m/%d/%Y); write all of them alike, best as 2026-11-22.",
        ),
        (
            ["01/13/2026", "01/02/2026", "13/01/2026"],
            "%m/%d/%Y",
            "the column d has dates in two formats: line 1 of t.csv holds '01/13/2026' (%m/%d/%Y), line 3 of t.csv "
            "'13/01/2026' (%d/%m/%Y); write all of them alike, best as 2026-11-22.",
        ),
        (
            ["01.02.2024", "2024-02-03"],
            "%d.%m.%Y",
            "the column d has dates in two formats: line 1 of t.csv holds '01.02.2024' (%d.%m.%Y or %m.%d.%Y), line 2 "
            "of t.csv '2024-02-03' (%Y-%m-%d); write all of them alike, best as 2026-11-22.",
        ),
        (
            [None, "01/03/2026", "02/04/2026"],
            None,
            "the dates of d may have the day or the month first: line 2 of t.csv holds '01/03/2026', and no other cell "
            'tells which; write format: "%d/%m/%Y" or format: "%m/%d/%Y".',
        ),
        (
            ["01/03/2026", "13/04/2026"],
            None,
            "the dates of d are not written as 2026-11-22: line 1 of t.csv holds '01/03/2026'; write format: "
            '"%d/%m/%Y".',
        ),
        (
            ["2026-03-01", "2026-02-30"],
            None,
            "the column d must hold dates, but line 2 of t.csv holds '2026-02-30', which is no day; mend that cell.",
        ),
        (["2026-03-01", "soon"], None, "must hold dates written as 2026-11-22, but line 2 of t.csv holds 'soon'; mend"),
        (["2026", "2027"], None, "must hold dates written as 2026-11-22, but line 1 of t.csv holds '2026'; mend"),
        (["2026-03-01T10:00Z", "2026-03-01T10:00"], None, "are of different time zones, or have one in some rows only"),
        (["2026-03-01"], "%Q", "cannot read the dates of d as %Q"),
    ],
)
def test_dates_that_cannot_be_read_are_told_with_line_and_formats(cells, written, told):
    message = refused(table(cells), elapsed(written))
    assert message.startswith("study trial, step 1 (elapsed): ")
    assert told in message
    kind = f"date {written}" if written else "date"
    assert refused(table(cells), {"types": {"d": kind}}).startswith("study trial, step 1 (types): ")


def test_the_step_types_tells_its_own_way_to_write_a_format():
    told = refused(table(["01/03/2026"]), {"types": {"d": "date"}})
    assert told.endswith("write date %d/%m/%Y or date %m/%d/%Y.")


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        (["01/03/2026", "13/03/2026"], "%d/%m/%Y"),
        (["2026-03-01", "2026-03-13"], None),
        (["2026-03-01 00:00", "2026-03-13"], None),
        (["20260301", "20260313"], "%Y%m%d"),
    ],
)
def test_dates_of_one_format_are_read(cells, written):
    assert prepared(table(cells), elapsed(written)).table["t"].tolist() == [0.0, 12.0]
    kind = f"date {written}" if written else "date"
    assert prepared(table(cells), {"types": {"d": kind}}).table["d"].iloc[0] == MARCH
