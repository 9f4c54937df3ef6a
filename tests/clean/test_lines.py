"""Lines of a file: counted, and cut out where each row has its own."""

import numpy as np
import pytest

from lmm.clean import lines
from lmm.clean.lines import cut_lines, survey


@pytest.fixture(params=[3, 1 << 18], ids=["blocks of three bytes", "one block"], autouse=True)
def block(request, monkeypatch):
    monkeypatch.setattr(lines, "_BLOCK", request.param)


def cut(tmp_path, content, *wanted):
    (tmp_path / "t.csv").write_bytes(content)
    return cut_lines(tmp_path / "t.csv", np.array(wanted))


@pytest.mark.parametrize("last", [b"", b"\n"], ids=["open end", "line end"])
def test_lines_are_cut_out_in_order(tmp_path, last):
    assert cut(tmp_path, b"a,b\n1,2\n\n3,4\n5,6" + last, 2, 4, 5) == b"1,2\n3,4\n5,6"


def test_the_line_ends_of_windows_stay(tmp_path):
    assert cut(tmp_path, b"a,b\r\n1,2\r\n3,4\r\n", 2, 3) == b"1,2\r\n3,4\r"


def test_quotes_within_a_line_do_no_harm(tmp_path):
    assert cut(tmp_path, b'a,b\n"1","x, ""y"""\n3,"4"\n', 2) == b'"1","x, ""y"""'


@pytest.mark.parametrize("content", [b'a,b\n1,"x\ny"\n3,4\n', b"a,b\r1,2\r3,4\r"], ids=["line break in a cell", "Mac"])
def test_where_rows_may_not_be_lines_nothing_is_cut(tmp_path, content):
    assert cut(tmp_path, content, 2) is None


@pytest.mark.parametrize(
    ("content", "is_utf8", "line_breaks"),
    [
        (b"a\n1\n2\n", True, 2),
        (b"a\n1\n2", True, 2),
        (b"a\n\n1\n \n\n", True, 2),
        ("a\nä\n€\n".encode(), True, 2),
        ("a\nä\n".encode("cp1252"), False, 1),
        ("a\nä".encode()[:-1], False, 1),
    ],
)
def test_a_survey_tells_encoding_and_line_breaks(tmp_path, content, is_utf8, line_breaks):
    (tmp_path / "t.csv").write_bytes(content)
    found = survey(tmp_path / "t.csv")
    assert (found.is_utf8, found.line_breaks) == (is_utf8, line_breaks)
