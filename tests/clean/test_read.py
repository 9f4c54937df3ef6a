"""Every format gives the same table; what the content tells of its layout is found, and bad files are named."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest

from lmm import InputError
from lmm.clean import clean
from lmm.clean.preflight import preflight
from lmm.clean.read import read, read_file
from lmm.study.source import Table
from tests.clean.tables import a_study, csv, raw_table

TABLE = raw_table(y=[1.5, 2.25, -3.125, 1234.5, 5, 6, 7, 8, 9, 10, 11, 12.5], g=list("aaabbbcccddd"))
EXPECTED = csv(TABLE)


def table_of(tmp_path, data, content=None, **changes):
    name = data["file"] if isinstance(data, dict) else data
    if content is not None:
        (tmp_path / name).write_bytes(content)
    return clean(a_study(data=data, **changes), tmp_path)


def expected(tmp_path):
    return table_of(tmp_path, "expected.csv", EXPECTED.encode()).table


def zipped(content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("t.csv", content)
    return stream.getvalue()


PACKED = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zip": zipped}


@pytest.mark.parametrize("ending", PACKED)
def test_compressed_text_is_read(tmp_path, ending):
    found = table_of(tmp_path, f"t.csv{ending}", PACKED[ending](EXPECTED.encode())).table
    pd.testing.assert_frame_equal(found, expected(tmp_path))


def test_zstandard_is_read(tmp_path):
    with pa.output_stream(str(tmp_path / "t.csv.zst"), compression="zstd") as out:
        out.write(EXPECTED.encode())
    pd.testing.assert_frame_equal(table_of(tmp_path, "t.csv.zst").table, expected(tmp_path))


def test_parquet_excel_spss_and_stata_give_the_table_of_the_text(tmp_path):
    TABLE.to_parquet(tmp_path / "t.parquet")
    TABLE.to_excel(tmp_path / "t.xlsx", index=False)
    pyreadstat.write_sav(TABLE, tmp_path / "t.sav")
    pyreadstat.write_dta(TABLE, tmp_path / "t.dta")
    for name in ("t.parquet", "t.xlsx", "t.sav", "t.dta"):
        pd.testing.assert_frame_equal(table_of(tmp_path, name).table, expected(tmp_path))


@pytest.mark.parametrize("write", [pyreadstat.write_sav, pyreadstat.write_dta])
def test_value_labels_become_levels_in_the_order_of_their_codes(tmp_path, write):
    coded = TABLE.assign(x=[2, 1, 3] * 4, age=[30, -99, 40] * 4)
    name = "t.sav" if write is pyreadstat.write_sav else "t.dta"
    labels = {"x": {1: "never", 2: "daily", 3: "always"}, "age": {-99: "refused"}}
    write(coded, tmp_path / name, variable_value_labels=labels)
    found = table_of(tmp_path, name, fixed="x + age", missing=["-99"])
    assert list(found.table["x"].cat.categories) == ["daily", "always"]  # "never" is lost with the refused ages
    assert found.table["age"].dtype == np.float64
    assert len(found.table) == 8


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
def test_encodings_are_found(tmp_path, encoding):
    labels = TABLE.assign(g=["Köln"] * 6 + ["Århus"] * 6)
    found = table_of(tmp_path, "t.csv", csv(labels).encode(encoding)).table
    assert list(found["g"].cat.categories) == ["Köln", "Århus"]


def test_one_byte_past_the_first_part_decides_the_encoding(tmp_path):
    rows = "".join(f"{i % 7},{i % 3},a{i % 9}\n" for i in range(40_000))
    content = f"y,x,g\n{rows}1,1,Z".encode() + "ü\n2,2,Zü\n".encode("cp1252")
    found = table_of(tmp_path, "t.csv", content)
    assert "Zü" in found.table["g"].cat.categories
    assert "cp1252" in found.audit["steps"][0]["sentence"]


def european(table, thousands=""):
    def cell(value):
        if isinstance(value, float):
            return f"{value:,}".replace(",", "\0").replace(".", ",").replace("\0", thousands)
        return str(value)

    lines = [";".join(map(cell, row)) for row in table.itertuples(index=False)]
    return "\n".join([";".join(table.columns), *lines]) + "\n"


@pytest.mark.parametrize("thousands", ["", ".", " ", "\u202f", "'"])
def test_decimal_commas_and_thousands_are_found(tmp_path, thousands):
    found = table_of(tmp_path, "t.txt", european(TABLE, thousands).encode())
    pd.testing.assert_frame_equal(found.table, expected(tmp_path))
    assert "a comma as decimal mark" in found.audit["steps"][0]["sentence"]


def test_what_the_config_says_of_the_layout_stands(tmp_path):
    text = "y;x;g\n1,500;1;a\n2,250;2;a\n3,000;1;b\n4,000;0;b\n"
    as_comma = table_of(tmp_path, {"file": "t.csv", "decimal": ","}, text.encode()).table
    as_thousands = table_of(tmp_path, {"file": "t.csv", "thousands": ","}, text.encode()).table
    assert as_comma["y"].tolist() == [1.5, 2.25, 3, 4]
    assert as_thousands["y"].tolist() == [1500, 2250, 3000, 4000]
    with pytest.raises(InputError, match=r"t\.csv holds '1,500' in line 2, column 'y'.*decimal: ','"):
        table_of(tmp_path, "t.csv", text.encode())
    other = {"file": "t.csv", "delimiter": "~", "encoding": "utf-16"}
    assert len(table_of(tmp_path, other, EXPECTED.replace(",", "~").encode("utf-16")).table) == 12


def test_thousands_count_only_in_whole_groups(tmp_path):
    text = EXPECTED.replace("1234.5", '"1,234.5"')
    pd.testing.assert_frame_equal(table_of(tmp_path, "t.csv", text.encode()).table, expected(tmp_path))
    with pytest.raises(InputError, match=r"the outcome y must be numeric, but line 5 of t.csv holds '1,23.5'"):
        table_of(tmp_path, "t.csv", EXPECTED.replace("1234.5", '"1,23.5"').encode())


def test_a_sheet_is_chosen_by_name(tmp_path):
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        raw_table(3).to_excel(book, sheet_name="notes", index=False)
        TABLE.to_excel(book, sheet_name="data", index=False)
    found = table_of(tmp_path, {"file": "t.xlsx", "sheet": "data"}).table
    pd.testing.assert_frame_equal(found, expected(tmp_path))
    with pytest.raises(InputError, match=r"t\.xlsx has no sheet 'dat'; did you mean 'data'\?"):
        table_of(tmp_path, {"file": "t.xlsx", "sheet": "dat"})


def test_excel_errors_and_formulas_without_a_value_are_refused(tmp_path):
    book = openpyxl.Workbook()
    for row in [["y", "x", "g"], [1, 1, "a"], [2, "#DIV/0!", "a"]]:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(InputError, match=r"holds the error #DIV/0! in line 3, column 'x' \(cell B3\)"):
        table_of(tmp_path, "t.xlsx")
    book.active["B3"] = "=1+1"
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(InputError, match=r"formula without its value in line 3, column 'x' \(cell B3\)"):
        table_of(tmp_path, "t.xlsx")


def test_a_sheet_whose_names_are_not_in_its_first_line_is_refused(tmp_path):
    for rows, sentence in (([], "is empty"), ([[None], ["y", "x", "g"]], "has an empty line 1")):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(tmp_path / "t.xlsx")
        with pytest.raises(InputError, match=f"t.xlsx, sheet 'Sheet', {sentence}"):
            table_of(tmp_path, "t.xlsx")


def test_formula_like_cells_stay_text(tmp_path):
    labels = TABLE.assign(g=["=1+1", '=HYPERLINK("x")', "@SUM(A1)"] * 4)
    found = table_of(tmp_path, "t.csv", csv(labels).encode()).table
    assert list(found["g"].cat.categories) == ["=1+1", '=HYPERLINK("x")', "@SUM(A1)"]


def test_odd_column_names_are_read(tmp_path):
    odd = TABLE.rename(columns={"y": "log", "x": 'a "b" c', "g": "größe µ"})
    found = table_of(tmp_path, "t.csv", csv(odd).encode(), outcome="log", fixed='`a "b" c`', groups=["größe µ"])
    assert list(found.table.columns) == ["log", 'a "b" c', "größe µ"]
    spaced = "y, x, g\n" + "\n".join(line for line in csv(TABLE).splitlines()[1:])
    assert list(table_of(tmp_path, "t.csv", spaced.encode(), fixed="` x`", groups=[" g"]).table) == ["y", " x", " g"]


BAD = {
    "short row": (
        "t.csv",
        b"y,x,g\n1,2,a\n\n3,4\n5,6,b\n",
        "t.csv has 2 cells in line 4, where its header has names for 3",
    ),
    "long row": ("t.csv", b"y,x,g\n1,2,a\n3,4,b,c\n", "t.csv has 4 cells in line 3"),
    "open quote": (
        "t.csv",
        b'y,x,g\n1,2,a\n\n3,4,"b\n5,6,c\n',
        "t.csv has a quote in line 4 that is never closed; close it, or write it twice.",
    ),
    "first row with an empty cell too many": (
        "t.csv",
        b"y,x,g\n1,2,a,\n3,4,b\n",
        "t.csv has 4 cells in line 2, where its header has names for 3; the first too many holds ''",
    ),
    "units": ("t.csv", b"y,x,g\nms,d,\n1,2,a\n3,4,b\n", "line 2 holds 'ms' in column 'y'; keep one line"),
    "header twice": ("t.csv", b"y,x,g\ny,x,g\n1,2,a\n", "line 2 holds 'y' in column 'y'; keep one line"),
    "mixed encodings": (
        "t.csv",
        b"y,x,g\n1,2,\xc3\xa4\n3,4,\xe4\n",
        "line 3, column 'g', holds bytes that are not UTF-8, but line 2 holds UTF-8 letters",
    ),
    "column twice": ("t.csv", b"y,x,x,g\n1,2,3,a\n", "t.csv has 2 columns named 'x' (fixed)"),
    "empty": ("t.csv", b"", "t.csv is empty"),
    "blank": ("t.csv", b"\xef\xbb\xbf\n\n", "t.csv is empty"),
    "empty parquet": ("t.parquet", b"", "t.parquet is empty"),
    "no parquet": ("t.parquet", b"y,x\n1,2\n", "t.parquet cannot be read as Parquet: "),
    "no excel": ("t.xlsx", b"y,x\n1,2\n", "t.xlsx cannot be read as an Excel file (.xlsx): "),
    "no spss": ("t.sav", b"y,x\n1,2\n", "t.sav cannot be read as a file of SPSS: "),
    "no sas": ("t.sas7bdat", b"y,x\n1,2\n", "t.sas7bdat cannot be read as a file of SAS: "),
    "no archive": ("t.csv.zip", b"y,x\n1,2\n", "t.csv.zip cannot be read: "),
    "two archived": ("t.csv.zst", b"y,x\n1,2\n", "t.csv.zst cannot be read: "),
    "old excel": ("t.xls", b"x", "t.xls is of a format that is not read; save it as .xlsx."),
}


def test_the_dropped_lines_are_those_of_the_file_past_blank_lines_and_line_breaks_in_cells(tmp_path):
    text = 'y,x,g\n1,1,"a\nb"\n\n   \n2,,"a\nb"\n3,1,c\n4,2,c\n,3,"""q"""\n5,3,"a\nb"\n'
    found = table_of(tmp_path, "t.csv", text.encode())
    assert found.table.index.tolist() == [2, 8, 9, 11]
    assert found.dropped["g"].to_dict() == {6: "a\nb", 10: '"q"'}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_sentence(tmp_path, case):
    name, content, sentence = BAD[case]
    with pytest.raises(InputError) as caught:
        table_of(tmp_path, name, content)
    message = str(caught.value)
    assert message.startswith(f"study trial: {name} "), message
    assert sentence in message
    assert "\n" not in message
    assert message.endswith(".")


def test_labels_that_differ_by_case_or_spaces_are_named_in_the_audit(tmp_path):
    labels = TABLE.assign(g=["Ward A", "ward a", "b", "b "] * 3)
    (step,) = [s for s in table_of(tmp_path, "t.csv", csv(labels).encode()).audit["steps"] if s["step"] == "labels g"]
    assert "'Ward A' and 'ward a'; 'b' and 'b '" in step["sentence"]


def test_files_are_appended_and_their_lines_say_which(tmp_path):
    TABLE.iloc[:5].to_csv(tmp_path / "one.csv", index=False)
    with_gap = TABLE.iloc[5:].copy()
    with_gap.loc[7, "x"] = np.nan
    with_gap[["g", "x", "y"]].to_csv(tmp_path / "two.csv", index=False, sep=";")
    found = clean(a_study(data=["one.csv", {"file": "two.csv", "delimiter": ";"}]), tmp_path)
    assert found.table.index.tolist()[:2] == ["one.csv:2", "one.csv:3"]
    assert found.table["y"].tolist() == [*TABLE["y"][:7], *TABLE["y"][8:]]
    assert found.dropped["reason"].to_dict() == {"two.csv:4": "no x"}
    assert found.dropped.loc["two.csv:4", ["y", "g"]].tolist() == ["8.0", "c"]
    told = [(step["step"], step["rows_before"], step["rows_after"]) for step in found.audit["steps"][:2]]
    assert told == [("read one.csv", 5, 5), ("read two.csv", 5, 12)]
    assert [entry["path"] for entry in found.audit["source"]["files"]] == ["one.csv", "two.csv"]


def test_appended_files_need_the_same_columns(tmp_path):
    TABLE.to_csv(tmp_path / "one.csv", index=False)
    TABLE.drop(columns="x").to_csv(tmp_path / "two.csv", index=False)
    for order, sentence in ((1, "two.csv has no column 'x', which one.csv has"), (-1, "two.csv has no column 'x'")):
        with pytest.raises(InputError, match=sentence):
            preflight([a_study(data=["one.csv", "two.csv"][::order])], tmp_path)


def test_a_column_of_numbers_in_one_part_and_words_in_another_stays_as_written(tmp_path, monkeypatch):
    monkeypatch.setattr("lmm.clean.read_text._ROWS_AT_A_TIME", 3)
    text = "y,x,g\n1,01,a\n2,1,b\n3,2,b\n4,low,a\n5,1,a\n"
    (tmp_path / "t.csv").write_text(text)
    assert read(a_study(), tmp_path, ["x", "y"]).table["x"].tolist() == ["01", "1", "2", "low", "1"]


SAS = Path(__file__).parent / "data"


def test_a_sas_file_is_read_with_its_dates(tmp_path):
    columns = ["patno", "dtc1", "dt1"]
    found = read(a_study(data=str(SAS / "dates.sas7bdat")), tmp_path, columns, ["dtc1", "dt1"]).table
    # the dates that pyreadstat's own tests expect of this file
    assert found["patno"].tolist() == [1001.0 + row for row in range(20)]
    assert found["dtc1"].tolist()[:4] == ["2022-01-01", "2023-01-01", "2024-01-01", "2024-12-31"]
    assert found["dt1"].tolist()[:2] == ["2020-12-09 14:05:00", "2020-12-09 14:11:05"]
    step = {"elapsed": {"date": "dtc1", "since": "dtc3", "name": "t"}}
    done = clean(
        a_study(data="d.sas7bdat", outcome="t", fixed="dtc4", groups=["g"], steps=[step, GROUP]), copied(tmp_path)
    )
    assert done.table["t"].iloc[0] == (pd.Timestamp(2022, 1, 1) - pd.Timestamp(1999, 12, 31)).days


GROUP = {"derive": {"g": "round(patno / 4)"}}


def copied(folder):
    (folder / "d.sas7bdat").write_bytes((SAS / "dates.sas7bdat").read_bytes())
    return folder


def test_the_value_labels_of_a_sas_file_are_in_its_catalogue(tmp_path):
    plain = {"file": str(SAS / "labels.sas7bdat")}
    as_stored = read(a_study(data=plain), tmp_path, ["ID", "SEXA"], ["SEXA"]).table
    assert as_stored["SEXA"].tolist() == ["1", "2", "1"]
    labelled = a_study(data=plain | {"catalogue": "labels.sas7bcat"})
    found = read(labelled, tmp_path, ["ID", "SEXA"]).table
    assert found["SEXA"].tolist() == ["Male", "Female", "Male"]
    assert list(found["SEXA"].cat.categories) == ["Male", "Female"]
    assert labelled.files == [str(SAS / "labels.sas7bdat"), str(SAS / "labels.sas7bcat")]
    with pytest.raises(InputError, match=r"its catalogue none\.sas7bcat does not exist in the same folder"):
        read(a_study(data=plain | {"catalogue": "none.sas7bcat"}), tmp_path)


@pytest.mark.parametrize(("key", "value"), [("sheet", "one"), ("catalogue", "c.sas7bcat")])
def test_a_layout_of_another_format_is_refused(key, value):
    with pytest.raises(InputError, match=f"study trial, key data: gives a {key}, which only"):
        a_study(data={"file": "t.csv", key: value})


def test_a_file_read_whole_by_threads_is_the_same_as_one_read_in_parts(tmp_path):
    random, rows = np.random.default_rng(3), 40_000
    table = pd.DataFrame(
        {
            "id": np.char.zfill((np.arange(rows) // 4).astype(str), 7),
            "y": random.normal(size=rows) * 10.0 ** random.integers(-9, 9, rows),
            "whole": random.integers(-50, 50, rows),
            "logical": random.choice(["TRUE", "FALSE", ""], rows),
            "mixed": random.choice(["1", "02", "3.50"], rows),
            "note": random.choice(["", "a, b", 'say "c" ' * 40], rows),
        }
    )
    table.loc[rows - 1, ["mixed", "note"]] = ["none", "two\nlines"]
    table.to_csv(tmp_path / "t.csv", index=False, lineterminator="\n")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress((tmp_path / "t.csv").read_bytes(), 1))
    assert (tmp_path / "t.csv").stat().st_size > 5 << 20  # where pandas begins to use threads

    def told(name, columns):
        return read_file(tmp_path / name, Table(file=name), name, columns, ["id", "whole"])[0]

    for columns in (None, ["y", "id", "logical"]):
        pd.testing.assert_frame_equal(told("t.csv", columns), told("t.csv.gz", columns), check_exact=True)
    assert told("t.csv", ["logical"])["logical"].dropna().unique().tolist() in (["TRUE", "FALSE"], ["FALSE", "TRUE"])
    assert set(told("t.csv", ["mixed"])["mixed"]) == {"1", "02", "3.50", "none"}
