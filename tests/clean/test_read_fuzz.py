"""Whatever bytes a file holds, the reader returns a table or one sentence."""

import warnings

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmm import InputError
from lmm.clean.read import read_file
from lmm.study.source import Table

TEXT = st.text(alphabet=st.sampled_from("ab01,.;\t|\"'\n\r \x00-+eéä\ufeff€#=N"), max_size=80)
CONTENT = st.one_of(
    st.binary(max_size=200),
    st.tuples(TEXT, st.sampled_from(["utf-8", "utf-16", "utf-8-sig", "latin-1"])).map(
        lambda pair: pair[0].encode(pair[1], "replace")
    ),
    st.tuples(TEXT, st.binary(max_size=4)).map(lambda pair: b"y,x,g\n" + pair[0].encode() + pair[1]),
)
ENDINGS = [
    ".csv",
    ".tsv",
    ".csv.gz",
    ".csv.bz2",
    ".csv.xz",
    ".csv.zip",
    ".csv.zst",
    ".parquet",
    ".xlsx",
    ".sav",
    ".dta",
]
HEADS = {
    ".csv.gz": b"\x1f\x8b\x08\x00",
    ".csv.zip": b"PK\x03\x04",
    ".csv.zst": b"\x28\xb5\x2f\xfd",
    ".parquet": b"PAR1",
    ".xlsx": b"PK\x03\x04",
    ".sav": b"$FL2",
    ".dta": b"<stata_dta>",
}


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=CONTENT, headed=st.booleans())
def test_any_bytes_are_a_table_or_one_sentence(tmp_path, ending, content, headed):
    path = tmp_path / f"t{ending}"
    path.write_bytes((HEADS.get(ending, b"") if headed else b"") + content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found, told = read_file(path, Table(file=path.name), "t", None)
        except InputError as error:
            assert str(error).startswith("t")
            assert "\n" not in str(error).strip("\n")
        else:
            assert isinstance(found, pd.DataFrame)
            assert isinstance(told, str)
