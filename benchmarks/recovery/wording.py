"""The page: question, design, figures, what they say, and every number with its Monte Carlo error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from textwrap import fill
from typing import Any

from drawing import FIGURES, WORDS
from page import table
from rates import LEVEL, Cell, Share
from recovery import (
    ITEMS,
    MODES,
    OCCASIONS,
    PUPILS,
    SLOPES,
    TOO_LARGE,
    TOO_SMALL,
    TRIALS,
    TRUE,
    TRUE_STRUCTURE,
    Scenario,
)

from lmm.numbers import MINUS

QUESTION = """\
The ladder chooses a random structure from the data and then tests the effect the study is about as if the structure
had been known. How often is the structure the true one, and what does the choice do to the test? Data sets are
simulated whose structure is known. Every one goes through three modes of the ladder and, beside them, through two
models fixed in advance: the intercepts alone, and the true structure, which nobody knows."""

DESIGN = """\
Each row has a condition x (±1, in the order ABBA), whose effect the study is about, and a standardised trial number z.
The outcome has no effect of either on its mean; effects of x differ between levels of the grouping factors as the table
says, effects of z never do; the residuals have standard deviation 1. The ladder is told of neither: the mean is x + z,
the hypothesis is x, and it is offered the slopes in the second column. `confirmatory` enters the slopes of x untested
and tests those of z, `parsimonious` tests all of them, `maximal` enters all; every mode takes back what
cannot be estimated. The final model is fitted by REML and x is tested with Kenward and Roger's standard error and
degrees of freedom at 5 %."""

POWER = """\
Power is that for an effect of {effect:g}. It comes from the same data sets: with δx added to the outcome, every
candidate still has x in its mean, so that residuals, structure and standard error stay, and the estimate is larger by
δ."""

ERRORS = """\
Intervals are Wilson's at 95 %, ± is a Monte Carlo standard error; of {datasets:,} data sets in a cell, a share of 5 %
has a standard error of {error:.1%}. All procedures see the same data sets, so that differences between them are less
uncertain than either. A data set depends on the seed ({seed}), its scenario and its number alone."""

MEANING = """\
To find the true structure and to keep the test honest are two things. `confirmatory` and `maximal` enter slopes
untested and take them back only where they cannot be estimated, so that they often keep some that do not differ: where
few slopes differ, `parsimonious` finds the true structure more often. But a variance too many costs the test of x
power, not validity, while one that is left out although the effect of x differs makes it reject too often.
`parsimonious` leaves out what is small beside the noise, more so with few groups, and there its test lies between that
of the true structure and that of the intercepts alone."""

LIMITS = """\
Not shown: unbalanced designs, residuals and effects that are not normal, hypotheses about factors or between groups, a
selection of fixed effects, and the bootstrap tests that a study has by default."""

CAPTIONS = {
    "structure": "Bars of each scenario: the numbers of subjects or of schools.",
    "type-one": "Dots with 95 % intervals; where an interval leaves out 5 %, the dot is an orange square.",
    "power": "Dots with 95 % intervals.",
}

APPROXIMATION = """\
The ladder is climbed as in the folds of a cross-validation (`lmm.select.infold`), with {settings}: tests of random
parts are by the large-sample mixture, and a fit is attempted once. With few groups a study's default is a parametric
bootstrap where the mixture's p lies between .01 and .20, which takes seconds for each data set.{others}"""


def page(settings: Mapping[str, Any], scenarios: Sequence[Scenario], cells: Sequence[Cell]) -> str:
    """Return the page as Markdown; its pictures lie beside it."""
    sections = [
        "# Recovery",
        QUESTION,
        wrapped(in_short(cells)),
        wrapped(MEANING),
        wrapped(LIMITS),
        "This page, its figures and `recovery.csv` with all numbers are written by",
        f"    {command(settings)}",
        "## Design",
        design(scenarios),
        wrapped(DESIGN),
        wrapped(POWER.format(effect=settings["effect"])),
        wrapped(APPROXIMATION.format(settings=told(settings["ladder"]), others=exceptions(scenarios))),
        wrapped(
            ERRORS.format(
                datasets=settings["datasets"],
                error=Share(LEVEL * settings["datasets"], settings["datasets"]).standard_error,
                seed=settings["seed"],
            )
        ),
    ]
    readings = {"structure": structure_reading, "type-one": type_one_reading, "power": power_reading}
    for name in FIGURES:
        title, description = WORDS[name]
        sections += [f"## {title}", f"![{description}](recovery-{name}.png)", CAPTIONS[name]]
        sections += [wrapped(sentence) for sentence in readings[name](scenarios, cells)]
    sections += ["## Numbers", *(numbers(scenario, cells) for scenario in scenarios)]
    return "\n\n".join(section.rstrip("\n") for section in sections) + "\n"


def in_short(cells: Sequence[Cell]) -> str:
    """What each procedure does to the test, in a sentence."""
    told = [
        f"{words(procedure)} {span(cell.type_one for cell in chosen(cells, procedure=procedure))}"
        for procedure in dict.fromkeys(cell.procedure for cell in cells)
    ]
    return f"In short, a true null hypothesis is rejected at 5 % in (over all scenarios and sizes): {'; '.join(told)}."


def command(settings: Mapping[str, Any]) -> str:
    """The command that makes this page, run from the repository's folder."""
    amount = f"datasets={settings['datasets']} into={settings['into']}"
    return f"nice -n 19 .venv/bin/snakemake --cores 2 --snakefile benchmarks/recovery/Snakefile --config {amount}"


def told(settings: Mapping[str, Any]) -> str:
    """Settings as a config has them."""
    return f"`{', '.join(f'{key}: {value}' for key, value in settings.items())}`"


def exceptions(scenarios: Sequence[Scenario]) -> str:
    """Which scenarios have settings of their own."""
    own = [f" In '{scenario.title}' there is {told(scenario.ladder)} too." for scenario in scenarios if scenario.ladder]
    return "".join(own)


def design(scenarios: Sequence[Scenario]) -> str:
    """A table of the scenarios."""
    rows = [
        [
            scenario.title,
            ", ".join(f"{slopes} by {group}" for group, slopes in SLOPES[scenario.design].items()),
            " + ".join(one.term(group) for group, one in scenario.varies.items()),
            "; ".join(deviations(group, scenario) for group in scenario.varies),
        ]
        for scenario in scenarios
    ]
    trials = (
        f"Subjects have {TRIALS} trials each; or each of them sees every one of {ITEMS} items once; or {PUPILS} pupils "
        f"of each school have {OCCASIONS} occasions each."
    )
    return table(["scenario", "slopes offered", "true structure", "standard deviations"], rows) + f"\n{wrapped(trials)}"


def deviations(group: str, scenario: Scenario) -> str:
    """Standard deviations and correlation of a grouping factor, in words."""
    varies = scenario.varies[group]
    words = [f"intercept {varies.intercept:g}"]
    words += [f"slope {varies.slope:g}"] if varies.slope else []
    words += [f"correlation {varies.correlation:g}"] if varies.correlation is not None else []
    return f"{group}: {', '.join(words)}"


def structure_reading(scenarios: Sequence[Scenario], cells: Sequence[Cell]) -> list[str]:
    """What the shares of structures say."""
    modes = [mode for mode in MODES if chosen(cells, procedure=mode)]
    sentences = [
        "The structure counts as true where it has every variance and every correlation of the truth and no other; the "
        "column `slopes of x` of the tables below asks only whether the effect of x varies by the right grouping "
        "factors, whatever becomes of z and of correlations."
    ]
    for scenario in scenarios:
        told = []
        for mode in modes:
            mine = chosen(cells, scenario=scenario.name, procedure=mode)
            slopes = ", ".join(f"{one.condition_slopes.value:.0%}" for one in mine)
            told.append(f"{mode} {span(one.structure[TRUE] for one in mine)} ({slopes})")
        sentences.append(f"- {scenario.title}: {'; '.join(told)}.")
    introduction = (
        "True structures, from the lowest to the highest share over the numbers of groups, and in brackets the share "
        "with the right slopes of x for each number:"
    )
    return [sentences[0], introduction, "\n".join(sentences[1:])]


def type_one_reading(scenarios: Sequence[Scenario], cells: Sequence[Cell]) -> list[str]:
    """What the rejections of a true null hypothesis say."""
    found = []
    for procedure in dict.fromkeys(cell.procedure for cell in cells):
        mine = chosen(cells, procedure=procedure)
        above = sum(cell.type_one.interval[0] > LEVEL for cell in mine)
        below = sum(cell.type_one.interval[1] < LEVEL for cell in mine)
        most = max(mine, key=lambda cell: cell.type_one.value)
        found.append(
            f"- {words(procedure)}: {span(cell.type_one for cell in mine)}; of {len(mine)} intervals {above} lie above "
            f"5 % and {below} below. Most in '{title(scenarios, most)}' with {most.groups} groups: "
            f"{percent(most.type_one)}."
        )
    sentences = [
        "Rejections of a true null hypothesis, from the lowest to the highest over scenarios and numbers of groups. By "
        "chance alone one interval in 20 leaves out a true rate of 5 %.",
        "\n".join(found),
    ]
    known = [cell for cell in cells if cell.by_algebra is not None]
    if known:
        farthest = max(abs(cell.type_one.value - cell.by_algebra) / error_at(cell) for cell in known)
        sentences.append(
            f"For the intercepts of subjects alone algebra gives the rate (column `by algebra`). Of {len(known)} cells "
            f"the one that is farthest from it is {farthest:.1f} standard errors away."
        )
    return sentences


def power_reading(scenarios: Sequence[Scenario], cells: Sequence[Cell]) -> list[str]:
    """What the modes cost in power, against the true structure."""
    found = []
    for mode in MODES:
        gains = [
            (cell.power.value - true.power.value, f"'{title(scenarios, cell)}', {cell.groups} groups")
            for cell in chosen(cells, procedure=mode)
            for true in chosen(cells, scenario=cell.scenario, groups=cell.groups, procedure=TRUE_STRUCTURE)
        ]
        if gains:
            (least, where_least), (most, where_most) = min(gains), max(gains)
            mean = sum(gain for gain, _ in gains) / len(gains)
            found.append(
                f"- {mode}: {points(mean)} on average, from {points(least)} ({where_least}) to {points(most)} "
                f"({where_most})."
            )
    if not found:
        return []
    return [
        "Power beside that of the true structure, in percentage points over all cells. More is no gain where the type "
        "I error is above 5 %: a test that rejects too often finds more of everything.",
        "\n".join(found),
    ]


def numbers(scenario: Scenario, cells: Sequence[Cell]) -> str:
    """The section of a scenario: a row for each number of groups and procedure."""
    mine = chosen(cells, scenario=scenario.name)
    columns: dict[str, Callable[[Cell], str]] = {
        "groups": lambda cell: f"{cell.groups}",
        "procedure": lambda cell: words(cell.procedure),
        **{name: lambda cell, name=name: percent(cell.structure[name]) for name in (TRUE, TOO_SMALL, TOO_LARGE)},
        "slopes of x": lambda cell: percent(cell.condition_slopes),
        "type I error": lambda cell: f"{percent(cell.type_one)} {limits(cell.type_one)}",
        "power": lambda cell: percent(cell.power),
    }
    if any(cell.by_algebra is not None for cell in mine):
        columns["type I error by algebra"] = lambda cell: "–" if cell.by_algebra is None else f"{cell.by_algebra:.1%}"
    rows = [[column(cell) for column in columns.values()] for cell in mine]
    reasons = "".join(
        f"\n{words(cell.procedure)}, {cell.groups} groups: {count} failed. {reason}\n"
        for cell in mine
        for reason, count in cell.failures.items()
    )
    return f"### {scenario.title}\n\n{table(list(columns), rows)}{reasons}"


def chosen(cells: Sequence[Cell], **wanted: Any) -> list[Cell]:
    """The cells with these attributes."""
    return [cell for cell in cells if all(getattr(cell, name) == value for name, value in wanted.items())]


def title(scenarios: Sequence[Scenario], cell: Cell) -> str:
    """The scenario of a cell, in words."""
    return next(scenario.title for scenario in scenarios if scenario.name == cell.scenario)


def error_at(cell: Cell) -> float:
    """Standard error of a share whose true value algebra gives."""
    return Share(cell.by_algebra * cell.type_one.of, cell.type_one.of).standard_error


def span(shares: Iterable[Share]) -> str:
    """From the lowest to the highest of some shares."""
    values = [share.value for share in shares]
    lowest, highest = min(values), max(values)
    return f"{lowest:.0%}" if f"{lowest:.0%}" == f"{highest:.0%}" else f"{lowest:.0%} to {highest:.0%}"


def percent(share: Share) -> str:
    """A share with its Monte Carlo standard error."""
    return f"{share.value:.1%} ± {share.standard_error:.1%}"


def limits(share: Share) -> str:
    """The interval of a share."""
    lower, upper = share.interval
    return f"[{lower:.1%}, {upper:.1%}]"


def points(difference: float) -> str:
    """A difference of two shares in percentage points."""
    return f"{100 * difference:+.1f}".replace("-", MINUS)


def words(procedure: str) -> str:
    """A procedure as the page names it."""
    return procedure.replace("-", " ")


def wrapped(paragraph: str) -> str:
    """A paragraph, or a list, in lines of at most 120 characters."""
    if paragraph.startswith("- "):
        return "\n".join(fill(item, 120, subsequent_indent="  ") for item in paragraph.split("\n"))
    return fill(paragraph, 120)
