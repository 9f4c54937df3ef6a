"""axe-core, Deque's checks of accessibility, run inside a page; `.ci/run` installs it from npm, none of it is kept."""

import json
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
"""Where `npm install --no-save --prefix . axe-core` puts it."""

_RUN = """axe.run(document, %s).then(found =>
    found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 120)}`)))"""
_ALL = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
_CONTRAST = "color-contrast"


def violations(browser):
    """Rule and element of each violation on the open page: of WCAG 2.0 to 2.2, A and AA, and of axe's best practice."""
    return _found(browser, _ALL)


def violations_but_contrast(browser):
    """The same but contrast, which takes more than half of the time."""
    return _found(browser, _ALL | {"rules": _ALL["rules"] | {_CONTRAST: {"enabled": False}}})


def violations_of_contrast(browser):
    """Contrast of text alone: what may differ between light and dark, as links in text are underlined in both."""
    return _found(browser, _ALL | {"rules": {}, "runOnly": [_CONTRAST]})


def _found(browser, options):
    browser.evaluate(SCRIPT.read_text(encoding="utf-8") + ";null")
    return browser.evaluate(_RUN % json.dumps(options))
