"""The index of many studies: counts, table, cards, families, and key estimates side by side."""

import base64
import hashlib
import re
import subprocess
import sys

import numpy as np
import pytest

from lmm.infer.multiplicity import adjust
from lmm.report import index_page
from lmm.report.index import LIGHTS
from tests.report import many
from tests.report.test_pages import Page


@pytest.fixture(scope="module")
def fifty():
    return many.fifty()


@pytest.fixture(scope="module")
def text(fifty):
    return index_page(*fifty)


def words(page):
    return " ".join(Page(page).text.split())


def test_counts_stand_at_the_top(text):
    assert "50 studies: 30 green, 16 amber and 4 red." in words(text)
    assert "Show All 50 Green 30 Amber 16 Red 4 As Table Cards" in words(text)


def test_fifty_studies_begin_as_a_table_and_few_as_cards(text, fifty):
    declared, entries, families = fifty
    checked = re.compile(r'id="view-(\w+)" checked')
    assert checked.findall(text) == ["table"]
    assert checked.findall(index_page(declared[:6], entries, families)) == ["cards"]
    assert "<table" not in index_page(declared[:2], entries, families)


def test_every_study_has_a_row_and_a_card_and_the_verdict_is_a_word(text):
    page = Page(text)
    rows = re.findall(r'<tr class="(\w+)"><th scope="row" dir="auto"><a href="(y\d\d)/index.html">', text)
    assert [name for _, name in rows] == [f"y{k:02d}" for k in range(50)]
    assert page.tags.count("li") - text.count('aria-label="Cautions"') == 50
    for colour in LIGHTS[:3]:
        assert text.count(f"<span>{colour.capitalize()}</span>") == [light for light, _ in rows].count(colour)


def test_adjusted_p_values_stand_beside_the_naive_ones(text, fifty):
    _, entries, (family,) = fifty
    naive = np.array([entry["key"]["p"] for entry in entries.values()])
    adjusted = adjust(naive, "holm")
    row = text[text.index('<a href="y07/index.html">') :].split("</tr>")[0]
    values = [float(value) for value in re.findall(r'data-value="([\d.e-]+)"', row)[2:4]]
    assert values == [naive[7], adjusted[7]]
    told = "Of the 50 outcomes of family trial, {} of 50 tests have p < .05, and {} once adjusted by Holm’s method"
    assert told.format((naive < 0.05).sum(), (adjusted < 0.05).sum()) in words(text)
    assert words(text).count("(the 50 outcomes of family trial).") == 50
    assert [test["adjusted"] for test in family["tests"]] == adjusted.tolist()


def test_without_a_family_the_index_says_what_chance_would_do():
    declared, entries, families = many.fifty(family=None)
    said = words(index_page(declared, entries, families))
    assert families == []
    assert "The p-values of 50 studies stand for themselves: were there no effect at all, about 2.5 of them" in said
    assert "adjusted" not in said.replace("they are adjusted", "")


def drawings(text):
    return re.findall(r'<svg[^>]*aria-labelledby="forest-\d+-title.*?</svg>', text, flags=re.DOTALL)


def test_a_family_is_drawn_standardised_unless_its_studies_share_their_unit(text):
    (drawing,) = drawings(text)
    assert "standardised coefficients" in drawing
    assert "50 estimates from 0.340 (Outcome 49) down to −0.150 (Outcome 0)." in drawing
    (shared,) = drawings(index_page(*many.fifty(unit="mmHg")))
    assert "armdrug, mmHg" in shared
    assert "50 estimates from 0.68 (Outcome 49) down to −0.30 (Outcome 0)." in shared


def test_filled_estimates_are_those_that_are_clear_once_adjusted(text, fifty):
    _, _, (family,) = fifty
    clear = sum(test["adjusted"] < 0.05 for test in family["tests"])
    assert f"{clear} of them, filled, differ clearly from zero." in words(text)


def test_studies_outside_families_stand_side_by_side_where_unit_and_predictor_agree():
    declared, entries, _ = many.fifty(family=None, unit="ms")
    assert "Key estimates: armdrug, ms" in words(index_page(declared, entries))
    entries = {name: one | {"key": one["key"] | {"name": name}} for name, one in entries.items()}
    assert drawings(index_page(declared, entries)) == []
    assert drawings(index_page(*many.fifty(family=None)[:2])) == []  # no unit: nothing says that they compare


def test_the_one_script_is_the_one_that_the_policy_allows(text):
    (script,) = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'" in (
        text.replace("&#39;", "'")
    )


def test_a_study_without_a_report_and_one_without_an_estimate_have_their_rows(fifty):
    declared, entries, families = fifty
    entries = {name: one for name, one in entries.items() if name != "y03"}
    entries["y04"] = entries["y04"] | {"key": None, "estimate": "–", "estimate_label": "no fixed effects, 95% CI"}
    text = index_page(declared, entries, families)
    assert "No report 1" in words(text)
    row = text[text.index("Outcome 3</th>") :].split("</tr>")[0]
    assert "not finished" in row and row.count("<td") == 7
    assert "49 estimates" not in text and "48 estimates" in text


def test_hostile_titles_are_text_in_table_cards_and_drawing(fifty):
    _, entries, families = fifty
    hostile = '<script>alert(1)</script><img src=x>" & שלום'
    declared = [one.model_copy(update={"title": hostile, "question": hostile}) for one in fifty[0]]
    page = Page(index_page(declared, entries, families))
    assert page.tags.count("script") == 1 and "img" not in page.tags
    assert page.text.count(hostile) >= 150


def test_an_index_without_key_estimates_to_compare_draws_and_fits_nothing():
    """Every run ends with it."""
    code = """if True:
        import sys
        from lmm.stages import index
        from lmm.report import index_page
        from lmm.study import load
        page = index_page(load({"studies": [{"name": "s", "data": "d.csv", "outcome": "y", "groups": ["g"]}]}), {})
        print("<h1>Studies<" in page, {"matplotlib", "numpy", "pandas", "scipy"} & set(sys.modules))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True set()\n"
