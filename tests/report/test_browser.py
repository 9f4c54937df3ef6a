"""The pages in a real browser: no complaint, no request, no sideways scrolling, readable contrast."""

import os
import re

import pytest

from lmm.report import index_page
from tests.report import axe, builders, many
from tests.report.browser import CHROMIUM, Browser

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true", reason="Chromium is not installed; CI has it"
)


NAMES = ("sleepstudy", "penicillin", "nested", "messy", "hostile", "hostile_trial", "selected", "confirmatory")


@pytest.fixture(scope="module")
def browser():
    assert CHROMIUM is not None, "CI must install chromium"
    with Browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    made = {name: getattr(builders, name)() for name in NAMES}
    for name, finished in made.items():
        (folder / f"{name}.html").write_text(finished.page(), encoding="utf-8")
    studies = [finished.study.model_copy(update={"name": name}) for name, finished in made.items()]
    entries = {name: finished.entry() for name, finished in made.items() if name != "nested"}
    (folder / "index.html").write_text(index_page(studies, entries), encoding="utf-8")
    (folder / "fifty.html").write_text(index_page(*many.fifty()), encoding="utf-8")
    return folder


EACH = pytest.mark.parametrize("name", [*NAMES, "index", "fifty"])


@EACH
def test_no_complaints_and_no_requests(browser, pages, name):
    browser.open(pages / f"{name}.html")
    assert browser.complaints() == []
    assert browser.requests() == []


@EACH
@pytest.mark.parametrize("width", [390, 820, 1280])
def test_the_page_never_scrolls_sideways(browser, pages, name, width):
    browser.open(pages / f"{name}.html", width=width)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_a_wide_table_scrolls_in_its_own_box(browser, pages):
    browser.open(pages / "sleepstudy.html", width=390)
    inside = "[...document.querySelectorAll('.scroll')].some(box => box.scrollWidth > box.clientWidth + 50)"
    assert browser.evaluate(inside)
    assert browser.evaluate("[...document.querySelectorAll('.scroll')].every(box => box.tabIndex === 0)")


def test_contents_stay_in_sight_on_a_wide_screen(browser, pages):
    browser.open(pages / "sleepstudy.html", width=1280)
    browser.evaluate("window.scrollTo(0, 3000)")
    assert browser.evaluate("document.querySelector('nav').getBoundingClientRect().top") == 0


@EACH
def test_every_link_inside_the_page_leads_somewhere(browser, pages, name):
    browser.open(pages / f"{name}.html")
    lost = """[...document.querySelectorAll('a[href^="#"]')].map(link => link.hash.slice(1))
        .filter(id => !document.getElementById(id))"""
    assert browser.evaluate(lost) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_each_link_of_the_contents_leads_to_its_heading_and_is_marked_there(browser, pages, width):
    browser.open(pages / "sleepstudy.html", width=width)
    links = browser.evaluate("[...document.querySelectorAll('nav.contents li a')].map(a => [a.hash, a.lastChild.data])")
    assert len(links) > 8
    for anchor, words in links:
        browser.click(f"nav.contents a[href='{anchor}']")
        heading = f"document.querySelector('{anchor} h2')"
        assert browser.evaluate(f"{heading}.lastChild.data") == words
        # In sight, and not under the strip that the contents are on a phone.
        uncovered = f"""(() => {{
            const box = {heading}.getBoundingClientRect();
            const above = document.elementFromPoint(box.left + 5, box.top + box.height / 2);
            return box.top >= 0 && box.bottom <= innerHeight && {heading}.contains(above);
        }})()"""
        # A busy machine may take its time to scroll.
        once_there = f"""new Promise(done => {{
            const last = Date.now() + 3000;
            const look = () => {uncovered} || Date.now() > last ? done({uncovered}) : setTimeout(look, 50);
            look();
        }})"""
        assert browser.evaluate(once_there), anchor
        browser.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
        at_the_end = browser.evaluate("innerHeight + scrollY >= document.documentElement.scrollHeight - 2")
        marked = browser.evaluate("[...document.querySelectorAll('nav.contents [aria-current]')].map(a => a.hash)")
        assert marked == [links[-1][0] if at_the_end else anchor]
        in_sight = """(() => {
            const box = document.querySelector('nav.contents [aria-current]').getBoundingClientRect();
            return box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight;
        })()"""
        assert browser.evaluate(in_sight), anchor


def test_text_in_figures_is_legible_on_a_phone(browser, pages):
    browser.open(pages / "sleepstudy.html", width=390)
    height = "Math.min(...[...document.querySelectorAll('figure svg text')].map(t => t.getBoundingClientRect().height))"
    assert browser.evaluate(height) >= 7


def test_no_text_leaves_its_drawing(browser, pages):
    for name in NAMES:
        browser.open(pages / f"{name}.html", width=1280)
        outside = """[...document.querySelectorAll('figure svg')].flatMap(svg => {
            const box = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('text')].filter(text => {
                const at = text.getBoundingClientRect();
                return at.left < box.left - 2 || at.right > box.right + 2 || at.bottom > box.bottom + 2;
            }).map(text => text.textContent);
        })"""
        assert browser.evaluate(outside) == []


def test_the_light_has_words(browser, pages):
    browser.open(pages / "sleepstudy.html")
    assert browser.evaluate("document.querySelector('.verdict').innerText") == "Amber: usable, with cautions"


def test_hostile_text_runs_nowhere(browser, pages):
    for name in ("hostile_trial", "hostile"):
        browser.open(pages / f"{name}.html")
        assert browser.evaluate("document.querySelectorAll('script[src], img, b').length") == 0
        assert browser.evaluate("[...document.scripts].every(one => one.parentElement === document.body)")
    assert browser.evaluate("document.querySelector('h1').innerText").startswith("<h1>T</title>")


def test_print_shows_what_is_folded_away_and_no_contents(browser, pages):
    browser.open(pages / "sleepstudy.html", width=700, media="print")
    assert browser.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.evaluate("document.querySelector('details table').getBoundingClientRect().height") > 50
    assert browser.evaluate("document.documentElement.scrollWidth") <= 700


FOLDED = "[...document.querySelectorAll('details.fold')].filter(one => !one.open).length"


def test_a_phone_folds_what_gives_no_cause_for_concern_and_a_link_opens_it(browser, pages):
    browser.open(pages / "sleepstudy.html", width=1280)
    assert browser.evaluate(FOLDED) == 0
    whole = browser.evaluate("document.documentElement.scrollHeight")
    browser.open(pages / "sleepstudy.html", width=390)
    assert browser.evaluate(FOLDED) > 15
    assert browser.evaluate("document.documentElement.scrollHeight") < whole
    assert browser.evaluate("[...document.querySelectorAll('figure .flag')].every(one => !one.closest('details'))")
    name = browser.evaluate("document.querySelector('figure:has(> details.fold)').id")
    browser.evaluate(f"location.hash = '#{name}'; new Promise(done => setTimeout(done, 100))")
    assert browser.evaluate(f"document.querySelector('#{name} > details').open")
    browser.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert browser.evaluate("[...document.querySelectorAll('details')].every(one => one.open)")
    browser.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert browser.evaluate(FOLDED) > 15


def test_nothing_is_folded_where_no_script_runs(browser, pages, tmp_path):
    page = (pages / "sleepstudy.html").read_text(encoding="utf-8")
    (tmp_path / "page.html").write_text(re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL), encoding="utf-8")
    browser.open(tmp_path / "page.html", width=390)
    assert browser.evaluate(FOLDED) == 0


def test_nothing_is_cut_on_a4(browser, pages):
    for name in NAMES:
        browser.open(pages / f"{name}.html", width=680, media="print")  # 210 mm without margins, in CSS pixels
        cut = """[...document.querySelectorAll('.scroll, pre')].filter(box => box.scrollWidth > box.clientWidth + 1)
            .map(box => box.textContent.trim().slice(0, 60))"""
        assert browser.evaluate(cut) == [], name
    whole = "[...document.querySelectorAll('figure, tr')].every(one => getComputedStyle(one).breakInside === 'avoid')"
    assert browser.evaluate(whole)
    assert browser.evaluate("getComputedStyle(document.querySelector('.tools')).display") == "none"


CONTRAST = """(() => {
    const linear = c => { c /= 255; return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
    const ground = element => {
        for (; element; element = element.parentElement) {
            const colour = numbers(getComputedStyle(element).backgroundColor);
            if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    const poor = [];
    for (const element of document.querySelectorAll('body *')) {
        const words = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        if (!words || element.closest('.skip')) continue;
        const style = getComputedStyle(element);
        const text = element.closest('svg') ? style.fill : style.color;
        if (!text.startsWith('rgb')) continue;
        const [a, b] = [luminance(numbers(text)), luminance(ground(element))].sort((x, y) => y - x);
        if ((a + .05) / (b + .05) < 4.5) poor.push(element.tagName + ': ' + element.textContent.slice(0, 40));
    }
    return poor;
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["sleepstudy", "nested", "messy", "selected", "index", "fifty"])
def test_text_has_the_contrast_of_wcag_aa(browser, pages, name, scheme):
    browser.open(pages / f"{name}.html", scheme=scheme)
    assert browser.evaluate(CONTRAST) == []


ROWS = "[...document.querySelectorAll('tbody tr')].filter(r => r.offsetParent).map(r => r.cells[0].innerText)"


def test_the_index_is_sorted_by_its_heads_there_and_back(browser, pages):
    browser.open(pages / "fifty.html")
    given = browser.evaluate(ROWS)
    values = "[...document.querySelectorAll('tbody tr')].map(r => Number(r.cells[4].dataset.value))"
    head = "document.querySelectorAll('thead th')[4]"
    browser.evaluate(f"{head}.querySelector('button').focus()")
    for direction, reverse in (("ascending", False), ("descending", True)):
        browser.evaluate("document.activeElement.click()")
        assert browser.evaluate(f"{head}.getAttribute('aria-sort')") == direction
        found = browser.evaluate(values)
        assert found == sorted(found, reverse=reverse)
    browser.evaluate("document.activeElement.click()")
    assert browser.evaluate(ROWS) == given
    browser.evaluate("document.querySelectorAll('thead th button')[1].click()")
    assert browser.evaluate(ROWS)[:4] == [f"Outcome {k}" for k in range(46, 50)]  # red before amber before green


def test_the_index_is_filtered_and_shown_as_cards_without_its_script(browser, pages):
    text = (pages / "fifty.html").read_text(encoding="utf-8")
    (pages / "plain.html").write_text(re.sub(r"<script>.*</script>", "", text, flags=re.DOTALL), encoding="utf-8")
    for page in ("fifty.html", "plain.html"):
        browser.open(pages / page)
        cards = "[...document.querySelectorAll('.cards > li')].filter(card => card.offsetParent).length"
        assert (len(browser.evaluate(ROWS)), browser.evaluate(cards)) == (50, 0)
        browser.evaluate("document.querySelector('#show-red').click()")
        assert browser.evaluate(ROWS) == [f"Outcome {k}" for k in range(46, 50)]
        browser.evaluate("document.querySelector('#view-cards').click()")
        assert (len(browser.evaluate(ROWS)), browser.evaluate(cards)) == (0, 4)


def test_dark_is_dark_and_drawings_follow(browser, pages):
    ink = "getComputedStyle(document.querySelector('figure svg text')).fill"
    shades = []
    for scheme in ("light", "dark"):
        browser.open(pages / "sleepstudy.html", scheme=scheme)
        shades.append(sum(map(int, re.findall(r"\d+", browser.evaluate(ink))[:3])))
    assert shades[0] < 150 < 600 < shades[1]


NUMBERS = """[...document.querySelectorAll('[data-table="fixed-effects"] tbody tr')]
    .map(row => Number(row.cells[1].dataset.value ?? row.cells[1].textContent))"""


def test_a_table_is_sorted_by_its_head_and_back_again(browser, pages):
    browser.open(pages / "selected.html")
    given = browser.evaluate(NUMBERS)
    assert given != sorted(given)
    head = "[data-table='fixed-effects'] thead th:nth-child(2)"
    for direction, expected in (("ascending", sorted(given)), ("descending", sorted(given)[::-1]), (None, given)):
        browser.click(f"{head} button")
        assert browser.evaluate(f'document.querySelector("{head}").getAttribute("aria-sort")') == direction
        assert browser.evaluate(NUMBERS) == expected


def test_a_table_is_copied_as_it_is_shown(browser, pages):
    browser.open(pages / "sleepstudy.html")
    browser.evaluate("""addEventListener('copy', event => {
        window.copied = ['text/plain', 'text/html'].map(type => event.clipboardData.getData(type));
    })""")
    browser.click("[data-of='fixed-effects'] button")
    text, page = browser.evaluate("window.copied")
    # Bates et al. 2015, rounded as a journal does.
    days = next(line for line in text.splitlines() if line.startswith("Days")).split("\t")
    assert days[1:4] == ["10.47", "1.55", "[7.21, 13.73]"]
    assert "<table" in page and "10.47" in page and "<button" not in page
    assert browser.evaluate("document.querySelector('[role=status]').textContent") == "The table is on the clipboard."


STRUCTURE = """(() => {
    const all = selector => [...document.querySelectorAll(selector)];
    const ids = all('[id]').map(one => one.id);
    const ranks = all('h1, h2, h3, h4, h5, h6').map(one => Number(one.tagName[1]));
    const words = id => document.getElementById(id)?.textContent.trim();
    const named = one => (one.getAttribute('aria-labelledby') ?? '?').split(' ').every(words);
    return {
        language: document.documentElement.lang,
        main: all('main').length,
        titles: ranks.filter(rank => rank === 1).length,
        twice: ids.filter((id, k) => ids.indexOf(id) !== k),
        skippedRanks: ranks.filter((rank, k) => k && rank > ranks[k - 1] + 1).length,
        tablesWithoutHeads: all('table').filter(one => !one.querySelector('thead th[scope]')).length,
        headsWithoutScope: all('th:not([scope])').length,
        drawingsWithoutWords: all('svg:not([aria-hidden])').filter(one => !named(one)).length,
        moving: document.getAnimations().length,
    };
})()"""


@EACH
def test_structure_is_there_for_who_does_not_see_it(browser, pages, name):
    browser.open(pages / f"{name}.html")
    found = browser.evaluate(STRUCTURE)
    assert (found.pop("language"), found.pop("main"), found.pop("titles"), found.pop("twice")) == ("en", 1, 1, [])
    assert set(found.values()) == {0}, found


def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser, pages):
    browser.open(pages / "sleepstudy.html")
    where = """(() => {
        const one = document.activeElement;
        const style = getComputedStyle(one);
        const box = one.getBoundingClientRect();
        const ringed = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
        return [one.className || one.tagName, ringed && box.left >= 0 && box.bottom > 0 && box.top < innerHeight];
    })()"""
    controls = browser.evaluate("document.querySelectorAll('a[href], button, summary, .scroll, pre').length")
    reached = []
    for _ in range(controls):
        browser.tab()
        control, shown = browser.evaluate(where)
        assert shown or control == "BODY", (len(reached), control)
        reached.append(control)
    assert reached[0] == "skip"
    assert {"A", "BUTTON", "SUMMARY", "scroll", "PRE"} <= set(reached)


def test_every_page_is_below_three_megabytes(pages):
    assert max(page.stat().st_size for page in pages.glob("*.html")) < 3_000_000


@pytest.mark.skipif(
    not axe.SCRIPT.exists() and os.environ.get("CI") != "true", reason="axe-core is not installed; .ci/run has it"
)
@EACH
def test_axe_finds_no_violation(browser, pages, name):
    page = pages / f"{name}.html"
    browser.open(page, width=1280)
    assert axe.violations(browser) == []
    browser.open(page, width=390)
    assert axe.violations_but_contrast(browser) == []
    browser.open(page, width=390, scheme="dark")  # where headings of folds and the strip of contents are shown too
    assert axe.violations_of_contrast(browser) == []


def test_the_browser_of_these_tests_would_notice(browser, tmp_path):
    """A page with every fault that is looked for above."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<meta name=viewport content='width=device-width'><img src='http://127.0.0.1:9/x.png'>"
        "<script>console.error('no')</script><p style='width:900px;color:#ccc'>pale and wide"
    )
    browser.open(bad, width=390)
    assert browser.complaints() != []
    assert browser.requests() == ["http://127.0.0.1:9/x.png"]
    assert browser.evaluate("document.documentElement.scrollWidth") > 390
    assert browser.evaluate(CONTRAST) == ["P: pale and wide"]
    found = browser.evaluate(STRUCTURE)
    assert (found["language"], found["main"], found["titles"]) == ("", 0, 0)
    if axe.SCRIPT.exists():
        kinds = (axe.violations, axe.violations_but_contrast, axe.violations_of_contrast)
        every, but_contrast, of_contrast = ({line.split(":")[0] for line in kind(browser)} for kind in kinds)
        assert {"color-contrast", "html-has-lang", "image-alt"} <= every
        assert (but_contrast, of_contrast) == (every - {"color-contrast"}, {"color-contrast"})
