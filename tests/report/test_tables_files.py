"""Tables as files: the numbers of the results to the last digit in CSV, and TeX in which nothing is a command."""

import csv
import io
import math
import os
import pickle
import re
import shutil
import subprocess

import pandas
import pytest

from lmm import numbers
from lmm.report.markup import exactly
from lmm.report.pagetables import file_name, page_tables
from lmm.report.tablefiles import csv_text, tex_text
from lmm.report.tex import tex
from tests.report import builders

PDFLATEX = shutil.which("pdflatex")
needs_tex = pytest.mark.skipif(
    PDFLATEX is None and os.environ.get("CI") != "true", reason="pdflatex is not installed; CI has it"
)
MADE = [builders.sleepstudy, builders.messy, builders.hostile, builders.hostile_trial, builders.selected]


def tables_of(finished):
    return {table.name: table for table in page_tables(finished.page())}


def records(table):
    return list(csv.DictReader(io.StringIO(csv_text(table))))


@pytest.fixture(scope="module")
def sleepstudy():
    return tables_of(builders.sleepstudy())


@pytest.fixture(scope="module", params=MADE, ids=lambda make: make.__name__)
def tables(request):
    return tables_of(request.param())


def test_a_rounded_number_is_its_text_and_knows_itself():
    for text, value in [
        (numbers.decimal(-1234.5678), -1234.5678),
        (numbers.bounded(0.0655513), 0.0655513),
        (numbers.p_number(1.2e-9), 1.2e-9),
        (numbers.significant(0.000123456), 0.000123456),
        (numbers.significant(1.23456e12), 1.23456e12),
        (numbers.plain(2.50001), 2.50001),
        (numbers.percent(0.0012), 0.0012),
        (numbers.count(1234567), 1234567),
        (numbers.degrees(None), math.inf),
    ]:
        assert numbers.values_of(text) == {"": value}
        assert type(f"{text}") is str
    assert numbers.values_of(numbers.interval(1.23456, None)) == {"lower": 1.23456, "upper": None}
    assert numbers.values_of(pickle.loads(pickle.dumps(numbers.decimal(2.5)))) == {"": 2.5}
    assert numbers.values_of("1.5") == numbers.values_of(numbers.MISSING) == {}


def test_what_a_cell_says_of_its_numbers_is_escaped():
    hostile = numbers.Rounded("x", {'"><script>': 1.5, "": 2.5})
    assert exactly(hostile) == (
        ' data-value="1.5" data-values="{&#34;\\&#34;&gt;&lt;script&gt;&#34;: 1.5, &#34;&#34;: 2.5}"'
    )


def test_fixed_effects_are_those_of_the_inference_to_the_last_digit(sleepstudy):
    found = builders.sleepstudy().inference
    standardised = {one["name"]: one["estimate"] for one in found["standardised"]}
    read = records(sleepstudy["fixed-effects"])
    assert len(read) == len(found["coefficients"]["rows"]) == 2
    columns = {"b": "estimate", "SE": "se", "95% CI lower": "lower", "95% CI upper": "upper", "df": "df"}
    for row, one in zip(read, found["coefficients"]["rows"], strict=True):
        assert row["Term"] == one["name"]
        for column, key in (columns | {"t": "statistic", "p": "p"}).items():
            assert float(row[column]) == one[key]
    assert float(read[1]["Std. b"]) == standardised["Days"]


def test_the_ladder_has_a_row_for_each_model_with_its_reason(sleepstudy):
    decision = builders.sleepstudy().decision
    read = records(sleepstudy["the-ladder"]) + records(sleepstudy["candidates-beside-the-path"])
    by_id = {row["Name"]: row for row in read}
    assert set(by_id) == {entry["id"] for entry in decision["table"]}
    for entry in decision["table"]:
        row = by_id[entry["id"]]
        assert (row["Model"], row["Formula"], row["Decision"]) == (entry["label"], entry["formula"], entry["decision"])
        assert float(row["R² marginal"]) == entry["r2_marginal"]
        assert row["Reason"]
        if row["AIC"]:
            assert float(row["AIC"]) == entry["reml"]["aic"]
    step = next(one for one in decision["steps"] if one["larger"] == "Subject.slope")
    # 2.8e-10 is printed "< .001"; the file has it all.
    assert float(by_id["Subject.slope"]["Corrected p"]) == step["p"] < 1e-9


def test_random_effects_name_the_effect_that_each_correlation_is_with(sleepstudy):
    fit = builders.sleepstudy().diagnosis.fit
    intercept, slope, residual = records(sleepstudy["random-effects"])
    assert float(slope["SD"]) == fit.random[0].sd[1]
    assert float(slope["Correlation with (Intercept)"]) == fit.random[0].correlation[1, 0]
    assert intercept["Correlation with (Intercept)"] == residual["Correlation with (Intercept)"] == ""
    assert float(residual["SD"]) == fit.sigma
    # Bates et al. 2015, section 5.1: the correlation lies between −.482 and .685.
    assert float(slope["Correlation with (Intercept) lower"]) == pytest.approx(-0.482, abs=1e-3)
    assert float(slope["Correlation with (Intercept) upper"]) == pytest.approx(0.685, abs=1e-3)


def test_cross_validation_says_which_measure_each_column_is_of(sleepstudy):
    (name,) = (one for one in sleepstudy if one.startswith("known-groups"))
    (comparison,) = builders.sleepstudy().crossvalidation["targets"]["known groups"]
    for row, model in zip(records(sleepstudy[name]), comparison["models"], strict=True):
        assert float(row["RMSE"]) == model["rmse"]
        assert float(row["Behind in log score"]) == model["behind_in_log_score"]["value"]


def test_counts_with_shares_are_columns_of_their_own():
    tables = tables_of(builders.messy())
    pattern = builders.messy().audit["missing_by_time"]["dropout"]
    row = records(tables["dropout"])[0]
    assert int(row["Left for good"]) == pattern["dropped_out"]
    assert float(row["Left for good share"]) == pattern["dropped_out"] / pattern["subjects"]


def test_every_table_is_read_by_others_with_unique_plain_columns(tables):
    assert len(tables) > 5
    for table in tables.values():
        frame = pandas.read_csv(io.StringIO(csv_text(table)), keep_default_na=False)
        assert len(frame) == sum(len(row) == len(table.head) for row in table.rows) > 0
        assert frame.columns.is_unique
        assert not [column for column in frame.columns if not column or column.endswith(".1")]


def test_every_table_of_a_page_is_read_back():
    for make in MADE:
        page = make().page()
        assert len(page_tables(page)) == page.count("<table")


def test_no_number_of_a_table_is_known_by_its_rounded_text_alone(tables):
    for table in tables.values():
        for cell in (cell for row in table.rows for cell in row if cell.is_number):
            assert cell.values or not re.search(r"\d", cell.text), (table.name, cell.text)


def test_a_spreadsheet_runs_no_formula(tables):
    for table in tables.values():
        for row in csv.reader(io.StringIO(csv_text(table))):
            for cell in row:
                assert not cell.startswith(("=", "+", "@", "-")) or float(cell) < 0


def test_hostile_labels_stand_in_the_files_as_text():
    tables = tables_of(builders.hostile())
    assert records(tables["fixed-effects"])[1]["Term"] == " ".join(builders.HOSTILE.split())
    told = tex_text(tables["fixed-effects"]).replace(r"\allowbreak{}", "")
    assert r"\textless{}script\textgreater{}alert(1)" in told
    assert r"\ifdefined\Umathchar שלום\else [U+05E9 U+05DC U+05D5 U+05DD]\fi{}" in told


def test_names_of_files_are_plain_and_tell_titles_apart():
    assert file_name("Fixed effects") == "fixed-effects"
    hostile = [builders.HOSTILE, builders.HOSTILE_LEVEL, "x" * 300, "x" * 301, "שלום", "עולם", "../../etc/passwd", ""]
    names = [file_name(title) for title in hostile]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", name) for name in names)


def test_two_tables_of_one_name_are_refused():
    one = '<div data-table="a" aria-label="A"><table><thead><tr><th>x</th></tr></thead></table></div>'
    with pytest.raises(ValueError, match="one title"):
        page_tables(one * 2)


def unescaped(source):
    """What pdfTeX reads: of each conditional the branch for it, and without comments."""
    assert source.count(r"\ifdefined") == source.count(r"\else [") == source.count(r"\fi{}")
    return re.sub(r"\\ifdefined\\Umathchar .*?\\else (\[[^\]]*\])\\fi\{\}", r"\1", source)


COMMANDS = {
    "begin", "end", "centering", "footnotesize", "setlength", "tabcolsep", "caption", "label", "toprule", "midrule",
    "bottomrule", "addlinespace", "multicolumn", "linewidth", "textit", "textbf", "texttt", "ensuremath", "char",
    "textbackslash", "textasciicircum", "textasciitilde", "textless", "textgreater", "textbar", "textasciigrave",
    "dots", "chi", "frac", "times", "pm", "infty", "to", "Delta", "cdot", "sigma", "alpha", "o", "O", "usepackage",
    "leq", "geq", "raggedright", "arraybackslash", "raggedleft", "parbox", "shortstack", "allowbreak", "resizebox",
    "ifdim", "width", "else", "fi", "begingroup", "endgroup", "hspace", "endfirsthead", "endhead", "endfoot",
}  # fmt: skip


def test_tex_holds_known_commands_alone_and_its_braces_meet(tables):
    for table in tables.values():
        source = unescaped(tex_text(table)).replace(r"\\", "\n")
        assert source.isascii()
        assert set(re.findall(r"\\([A-Za-z]+)", source)) <= COMMANDS
        depth = 0
        for brace in re.findall(r"(?<!\\)[{}]", source):
            depth += 1 if brace == "{" else -1
            assert depth >= 0
        assert depth == 0
        body = source.split("\n", 1)[1]
        assert not re.search(r"(?<!\\)[%#$~^]", re.sub(r"\\ensuremath\{[^$%#~]*?\}\}?", "", body))


def test_every_row_of_tex_has_the_columns_of_its_head(tables):
    for table in tables.values():
        width = len(table.head)
        for line in unescaped(tex_text(table)).splitlines():
            if line.endswith(r" \\"):
                cells = len(re.split(r"(?<!\\)&", line))
                assert cells == (1 if line.startswith(r"\multicolumn") else width)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a_b & 50% #1 $x$", r"a\_b \& 50\% \#1 \$x\$"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("ärger, naïve, Ñ, ç, ł, ø", r"\"{a}rger, na\"{\i}ve, \~{N}, \c{c}, \l{}, \o{}"),
        ("−2.50 ± 1", r"\ensuremath{-}2.50 \ensuremath{\pm} 1"),
        ("χ²₁", r"\ensuremath{\chi}\ensuremath{^{2}}\ensuremath{_{1}}"),
        ("a--b", "a-{}-b"),
        ("😀\u202e", r"\ifdefined\Umathchar " + "😀\u202e" + r"\else [U+1F600 U+202E]\fi{}"),
    ],
)
def test_text_in_tex(text, printed):
    assert tex(text) == printed


PREAMBLE = re.compile(r"% Needs (\\usepackage\{[a-z,]+\}) in the preamble\.\n")


def compiled(sources, folder):
    """What pdfTeX says of a document that holds the tables, with the packages that their first lines ask for."""
    body = "\\clearpage\n".join(sources)
    packages = "\n".join(dict.fromkeys(PREAMBLE.findall(body)))
    document = f"\\documentclass{{article}}\n{packages}\n\\begin{{document}}\n{body}\\end{{document}}\n"
    (folder / "tables.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "tables.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=300)
    assert done.returncode == 0, done.stdout[-2000:]
    return (folder / "tables.log").read_text(encoding="utf-8", errors="replace")


def overfull(log):
    """By how many points lines stand out of what holds them."""
    return [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]


@needs_tex
def test_every_table_compiles_whatever_it_holds_and_stays_on_its_page(tables, tmp_path, request):
    log = compiled([tex_text(table) for table in tables.values()], tmp_path)
    assert "Missing character" not in log
    if "hostile" not in request.node.name:  # words of 300 letters leave their column
        assert max(overfull(log), default=0) < 10
        assert "Float too large" not in log


@needs_tex
def test_a_table_wider_than_the_text_is_scaled_down_and_a_longer_one_goes_on_overleaf(tmp_path):
    head = "".join(f'<th class="n">column {k}</th>' for k in range(20))
    row = "<tr>" + '<td class="n">12,345.678</td>' * 20 + "</tr>"
    page = (
        f'<div data-table="wide" aria-label="Wide"><table><caption>Wide.</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{row * 3}</tbody></table></div>"
        '<div data-table="long" aria-label="Long"><table><caption>Long.</caption><thead><tr><th>x</th></tr></thead>'
        f"<tbody>{'<tr><td>y</td></tr>' * 150}</tbody></table></div>"
    )
    log = compiled(list(map(tex_text, page_tables(page))), tmp_path)
    assert not overfull(log)
    assert "Float too large" not in log
    assert int(re.search(r"Output written on tables\.pdf \((\d+) pages", log)[1]) >= 1 + 150 // 60
