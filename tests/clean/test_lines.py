"""The line of each row is the one that an editor shows, whatever lies between the rows."""

import gzip

import pytest

from lmm.clean.read import read
from tests.clean.tables import a_study

ROWS = ["1,1,a", "2,2,a", "3,1,b"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("y,x,g\n" + "\n".join(ROWS), [2, 3, 4]),
        ("y,x,g\n" + "\n".join(ROWS) + "\n\n \n", [2, 3, 4]),
        ("\n\ny,x,g\n" + "\n".join(ROWS), [4, 5, 6]),
        ("y,x,g\r\n" + "\r\n\r\n".join(ROWS), [2, 4, 6]),
        ('y,x,"g\n"\n1,1,"a\nb\nc"\n2,2,a\n   \n3,1,b\n'.replace('"g\n"', "g"), [2, 5, 7]),
        ('y,x,g,"two\nlines"\n1,1,a,\n2,2,a,\n3,1,b,\n', [3, 4, 5]),
        ("y,x,g\r" + "\r".join(ROWS), [2, 3, 4]),
        ('y,x,g\n1,1,"5"" pipe"\n2,2,a " b\n3,1,b\n', [2, 3, 4]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
def test_lines_are_those_of_an_editor(tmp_path, text, lines, encoding, packed):
    name = "t.csv.gz" if packed else "t.csv"
    content = text.encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    assert read(a_study(data=name), tmp_path).table.index.tolist() == lines
