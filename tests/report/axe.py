"""axe-core, Deque's checks of accessibility, run inside a page; `.ci/run` installs it from npm, none of it is kept."""

from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
"""Where `npm install --no-save --prefix . axe-core` puts it."""

_RUN = """axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}}).then(found =>
    found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 120)}`)))"""


def violations(browser):
    """Rule and element of each violation on the open page: of WCAG 2.0 to 2.2, A and AA, and of axe's best practice."""
    browser.evaluate(SCRIPT.read_text(encoding="utf-8") + ";null")
    return browser.evaluate(_RUN)
