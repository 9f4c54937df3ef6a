"""The pages: complete, self-contained, deterministic, and text stays text."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from lmm.model import Fit
from lmm.report import index_page
from tests.report import builders

FINISHED = [
    builders.sleepstudy,
    builders.penicillin,
    builders.nested,
    builders.without_variance,
    builders.messy,
    builders.hostile,
    builders.hostile_trial,
    builders.selected,
    builders.confirmatory,
]
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Tags in order, ids, the text outside style sheets, and whether every element is closed in its turn."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.text, self.open, self.attributes = [], [], "", [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        self.ids += [value for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text += data

    def of(self, tag):
        return [attributes for name, attributes in self.attributes if name == tag]


@pytest.fixture(scope="module", params=FINISHED, ids=lambda make: make.__name__)
def finished(request):
    return request.param()


@pytest.fixture(scope="module")
def page(finished):
    return Page(finished.page())


def test_ids_are_unique_and_links_lead_somewhere(page, finished):
    assert len(page.ids) == len(set(page.ids))
    links = [a["href"] for a in page.of("a")]
    assert all(link[1:] in page.ids for link in links if link.startswith("#"))
    beside = {f"downloads/{file.path}" for file in finished.report.files}
    assert {link for link in links if not link.startswith("#")} == {"../index.html"} | beside


def test_references_inside_the_drawings_resolve(page):
    used = {a["href"][1:] for a in page.of("use")}
    clips = {a["clip-path"][5:-1] for _, a in page.attributes if "clip-path" in a}
    labels = {name for a in page.of("svg") for name in (a.get("aria-labelledby") or "").split()}
    assert used | clips | labels <= set(page.ids)


def test_nothing_is_loaded_from_anywhere(page):
    assert not {"img", "iframe", "object", "embed"} & set(page.tags)
    (policy,) = (a["content"] for a in page.of("meta") if "http-equiv" in a)
    assert page.tags.count("script") == policy.count("'sha256-") >= 2
    assert not any(page.of("script"))
    assert all(a["href"] == "data:," for a in page.of("link"))
    # Large grids are pictures inside the drawing; all else that could load is absent.
    assert all(a["href"].startswith("data:image/png") for a in page.of("image"))


def test_headings_do_not_skip_a_rank_and_there_is_one_first(page):
    ranks = [int(tag[1]) for tag in page.tags if tag in {"h1", "h2", "h3", "h4"}]
    assert ranks[0] == 1
    assert ranks.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(ranks))


def test_every_table_has_a_caption_and_scoped_headers(page):
    assert page.tags.count("caption") == page.tags.count("table") > 3
    assert all("scope" in a for a in page.of("th"))


def test_every_drawing_names_and_describes_itself(page, finished):
    drawings = [a for a in page.of("svg") if a.get("role") == "img"]
    assert (
        len(drawings) == page.tags.count("figure") >= len(finished.diagnosis.figures) + len(finished.case.comparisons)
    )
    for figure in finished.diagnosis.findings["figures"]:
        for key in ("title", "alt", "good", "seen", "do"):
            assert figure[key].strip()
        assert len(figure["alt"]) > len(figure["title"])


def test_the_same_results_give_the_same_page(finished):
    assert finished.written() == finished.report


def test_a_fit_read_back_from_its_file_gives_the_same_page(finished):
    case = finished.case
    fit = Fit.from_json(json.loads(json.dumps(case.fit.to_json())))
    read = builders.page_of(replace(case, fit=fit), finished.diagnosis)
    assert read == builders.page_of(case, finished.diagnosis)


def test_the_page_carries_no_clock_and_no_place(finished):
    page = finished.page()
    assert "/tmp" not in page
    assert "dc:date" not in page


@pytest.fixture(scope="module")
def hostile():
    return builders.hostile()


def own_scripts():
    """Return how many scripts a page without hostile text has."""
    return Page(builders.sleepstudy().page()).tags.count("script")


def test_hostile_text_is_shown_as_text(hostile):
    page = Page(hostile.page())
    assert not {"img", "b"} & set(page.tags)
    assert page.tags.count("script") == own_scripts()
    assert page.tags.count("h1") == page.tags.count("title") - page.tags.count("figure") == 1
    for text in (builders.HOSTILE, builders.HOSTILE_LEVEL[:10], "<h1>T</title>\N{REPLACEMENT CHARACTER}", "x" * 300):
        assert text in page.text
    assert "<img src=//evil.example/q>" in page.text
    assert "\x07" not in hostile.page()


def test_hostile_text_is_text_in_the_account_of_the_data():
    finished = builders.hostile_trial()
    page = Page(finished.page())
    assert not {"img", "b"} & set(page.tags)
    assert page.tags.count("script") == own_scripts()
    for text in ("w<b>.csv", "“<b>none</b>”", "arm<script>", f"({builders.HOSTILE}", f"“{builders.HOSTILE_LEVEL}”"):
        assert text in page.text
    drawings = {
        "row-flow": "no y<b>1</b>",
        "dropout": "arm<script>",
        "level-diagram": "g<img",
        "missing-values": "y<b>",
    }
    for name, text in drawings.items():
        drawing = Page(finished.diagnosis.figures[name])
        assert not {"script", "img", "b"} & set(drawing.tags)
        assert text in drawing.text


def test_hostile_text_is_text_in_the_drawings_and_never_mathematics(hostile):
    drawing = Page(hostile.diagnosis.figures["raw-lines"])
    assert "script" not in drawing.tags
    assert "$y_1$" in drawing.text
    assert "<script>alert(1)</script>" in drawing.text


def test_hostile_text_is_text_in_the_index(hostile):
    index = Page(index_page([hostile.study], {hostile.study.name: hostile.entry()}))
    assert not {"script", "img"} & set(index.tags)
    assert builders.HOSTILE in index.text


def test_the_data_section_says_in_a_sentence_that_nothing_was_lost():
    text = Page(builders.sleepstudy().page()).text
    assert "All 180 rows that were read are analysed: none was left out." in text
    assert "None of these variables has a missing value." in text
    for absent in ("dropped.csv", "Dropout", "Flagged values", "What each variable costs"):
        assert absent not in text


def test_the_data_section_shows_what_was_lost_and_flagged():
    finished = builders.messy()
    page = Page(finished.page())
    rows = finished.audit["rows"]
    assert f"92 rows were read and {rows['analysed']} are analysed." in page.text
    for shown in ("results/trial/clean/dropped.csv", "What each variable costs", "Dropout", "a.csv:35", "beyond 3.5"):
        assert shown in page.text
    assert "counted after the steps" in page.text and "counted in the file" not in page.text
    assert all(name in page.text for name in ("a.csv", "b.csv", "wards.csv"))


def test_figures_are_numbered_in_the_order_of_the_page():
    text = Page(builders.messy().page()).text
    numbers = [int(number) for number in re.findall(r"Figure (\d+)\.", text)]
    shown = numbers[: max(numbers)]  # the list of downloads names them again
    assert shown == list(range(1, max(numbers) + 1))
    assert len(shown) > len(builders.messy().diagnosis.figures)


def test_the_times_of_a_longitudinal_study_are_told():
    assert "Days takes 10 values from 0 to 9, equally spaced by 1" in Page(builders.sleepstudy().page()).text
    assert "equally spaced" not in Page(builders.penicillin().page()).text


def test_index_has_a_card_per_study_in_order_and_says_what_is_missing():
    done, undone = builders.sleepstudy(), builders.penicillin().study.model_copy(update={"name": "other"})
    index = Page(index_page([undone, done.study], {done.study.name: done.entry()}))
    assert [a["href"] for a in index.of("a") if not a["href"].startswith("#")] == ["trial/index.html"]
    assert index.text.index("No report") < index.text.index("Sleep")
    assert "2 studies: 1 amber." in index.text
    assert "10.47 ms [7.21, 13.73]" in " ".join(index.text.split())


def test_index_entry_survives_json():
    entry = builders.sleepstudy().entry()
    assert json.loads(json.dumps(entry)) == entry


def test_pages_of_the_demonstration_stay_small():
    assert len(builders.sleepstudy().page().encode()) < 1_000_000
    assert len(builders.penicillin().page().encode()) < 1_000_000
