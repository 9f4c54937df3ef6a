"""Tables in a real browser: sorted by mouse and keyboard, copied for a paper, and whole without scripts."""

import os

import pytest

from tests.report import builders
from tests.report.browser import CHROMIUM, Browser

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true", reason="Chromium is not installed; CI has it"
)

WEIGHTS = "document.querySelector('[data-table=akaike-weights] table')"
FIXED = "document.querySelector('[data-table=fixed-effects] table')"


@pytest.fixture(scope="module")
def browser():
    with Browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    for make in (builders.sleepstudy, builders.hostile):
        report = make().report
        (folder / f"{make.__name__}.html").write_text(report.page, encoding="utf-8")
    return folder


@pytest.fixture
def page(browser, folder):
    browser.open(folder / "sleepstudy.html")
    browser.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    return browser


def column(browser, table, number):
    return browser.evaluate(f"[...{table}.tBodies[0].rows].map(row => row.cells[{number}].dataset.value)")


def press(browser, key, code, text=""):
    for kind in ("keyDown", "keyUp"):
        browser.send(
            "Input.dispatchKeyEvent",
            type=kind,
            key=key,
            code=key,
            windowsVirtualKeyCode=code,
            **({"text": text} if text and kind == "keyDown" else {}),
        )


def click(browser, element):
    browser.evaluate(f"{element}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
    x, y = browser.evaluate(
        f"(() => {{ const at = {element}.getBoundingClientRect();"
        " return [at.left + at.width / 2, at.top + at.height / 2]; })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        browser.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def test_a_click_sorts_by_the_full_value_and_says_so(page):
    before = column(page, WEIGHTS, 1)
    aic = f"{WEIGHTS}.tHead.rows[0].cells[1]"
    orders = []
    for _ in range(3):
        click(page, f"{aic}.querySelector('button')")
        orders.append((page.evaluate(f"{aic}.getAttribute('aria-sort')"), column(page, WEIGHTS, 1)))
    values = sorted(before, key=float)
    assert orders == [("ascending", values), ("descending", values[::-1]), (None, before)]


def test_the_keyboard_sorts_too(page):
    button = f"{FIXED}.tHead.rows[0].cells[1].querySelector('button')"
    page.evaluate(f"{button}.focus()")
    press(page, "Enter", 13, "\r")
    assert [float(one) for one in column(page, FIXED, 1)] == sorted(float(one) for one in column(page, FIXED, 1))
    assert page.evaluate(f"document.activeElement === {button}")
    # The slope is smaller than the intercept, and so stands first.
    assert page.evaluate(f"{FIXED}.tBodies[0].rows[0].cells[0].innerText").startswith("Days")


def test_tables_whose_order_means_something_stay_in_it(page):
    for name in ("the-ladder", "row-flow", "random-effects"):
        assert page.evaluate(f"document.querySelectorAll('[data-table={name}] th button').length") == 0


def test_a_table_is_copied_as_text_and_as_a_table(page):
    page.evaluate(
        "window.taken = {};"
        "const set = DataTransfer.prototype.setData;"
        "DataTransfer.prototype.setData = function (kind, text) {"
        " window.taken[kind] = text; set.call(this, kind, text); };"
    )
    button = "document.querySelector('.tools[data-of=fixed-effects] button')"
    assert page.evaluate(f"{button}.getAttribute('aria-label')") == "Copy: Fixed effects"
    click(page, button)
    assert page.evaluate(f"{button}.textContent") == "Copied"
    assert page.evaluate("document.querySelector('[role=status]').textContent") == "The table is on the clipboard."
    head, intercept, days, end = page.evaluate("window.taken['text/plain']").split("\n")
    assert head == "Term\tb\tSE\t95% CI\tdf\tt\tp\tStd. b"
    assert days == "Days\t10.47\t1.55\t[7.21, 13.73]\t17\t6.77\t< .001\t0.54"
    assert intercept.startswith("(Intercept)\t251.41\t")
    assert end == ""
    copied = page.evaluate("window.taken['text/html']")
    assert copied.startswith("<table")
    assert "<caption>" in copied
    assert not any(word in copied for word in ("<button", "class=", "data-", "onclick"))
    assert page.evaluate("getSelection().rangeCount") == 0


def test_what_was_copied_can_be_pasted(page):
    click(page, "document.querySelector('.tools[data-of=fixed-effects] button')")
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<div id=paper contenteditable></div>');"
        "document.getElementById('paper').focus(); document.getElementById('paper').scrollIntoView()"
    )
    page.send(
        "Input.dispatchKeyEvent", type="keyDown", key="v", code="KeyV", modifiers=2, commands=["paste"],
        windowsVirtualKeyCode=86,
    )  # fmt: skip
    assert page.evaluate("document.querySelectorAll('#paper table tr').length") == 3
    assert "251.41" in page.evaluate("document.getElementById('paper').innerText")


def test_hostile_labels_are_copied_as_text(browser, folder):
    browser.open(folder / "hostile.html")
    browser.evaluate(
        "window.taken = {}; DataTransfer.prototype.setData = function (kind, text) { window.taken[kind] = text; }"
    )
    click(browser, "document.querySelector('.tools[data-of=fixed-effects] button')")
    assert "&lt;script&gt;alert(1)" in browser.evaluate("window.taken['text/html']")
    assert browser.complaints() == []


def test_without_scripts_the_page_is_whole_and_has_no_dead_buttons(browser, folder):
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(folder / "sleepstudy.html")
        assert browser.evaluate("document.querySelectorAll('button').length") == 0
        assert browser.evaluate("document.querySelectorAll('.tools a[download]').length") > 20
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize("width", [390, 1280])
def test_what_can_be_pressed_is_large_enough(page, folder, width):
    # WCAG 2.2, 2.5.8: 24 by 24 CSS pixels
    page.open(folder / "sleepstudy.html", width=width)
    small = (
        "[...document.querySelectorAll('.tools a, .tools button, .downloads a, th button')]"
        ".filter(one => one.getClientRects().length)"
        ".map(one => one.getBoundingClientRect()).filter(at => at.width < 24 || at.height < 24).length"
    )
    assert page.evaluate(small) == 0
