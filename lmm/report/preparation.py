"""How the rows were prepared, retold for a methods section: only what was done, step by step, in the past tense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose.steps_taken import READ, StepTaken, steps_taken
from lmm.report.case import Case
from lmm.report.markup import listing, name, say, sentences


def preparation(case: Case) -> Markup:
    """A paragraph on files, declared steps and codes; empty where one file was analysed as it was."""
    steps = steps_taken(case.study, case.audit)
    parts = [_files(steps), _codes(case)]
    parts += [_STEPS[step.kind](step.settings, step) for step in steps if step.settings is not None]
    return sentences(parts)


def cites_robust_rule(case: Case) -> bool:
    """Whether an outlier step was run, whose rule has a source."""
    return any(step.kind == "outliers" for step in case.study.steps)


def _files(steps: list[StepTaken]) -> Markup:
    read = [step for step in steps if step.kind == READ]
    if len(read) < 2:
        return Markup("")
    rows = [read[0].entry["rows_after"], *(-step.lost for step in read[1:])]
    each = [
        say("<code>{}</code> ({})", step.file, numbers.count(number)) for step, number in zip(read, rows, strict=True)
    ]
    return say(
        "The data came in {} of {} in all: {}.", numbers.counted(len(read), "file"), _rows(sum(rows)), listing(each)
    )


def _joined(settings: Any, step: StepTaken) -> Markup:
    unmatched, unused = step.entry["unmatched"], step.entry["unused"]
    keys = listing([name(key) for key in settings.on])
    text = "We joined the variables of <code>{}</code> to the rows by {}; {}{}."
    match = say("{} had no match there", _rows(unmatched)) if unmatched else "every row found its match"
    rest = say(", and {} of that table {} not used", _rows(unused), _were(unused)) if unused else ""
    return say(text, step.file, keys, match, rest)


def _codes(case: Case) -> Markup:
    codes = case.study.missing
    if not codes:
        return Markup("")
    told = listing([_code(code) for code in codes])
    return say("{} {} stood for a missing value in every column.", "The codes" if len(codes) > 1 else "The code", told)


def _nothing(settings: Any, step: StepTaken) -> Markup:
    """Names and types of columns change no value: a paper has no use for them."""
    return Markup("")


def _wide(settings: Any, step: StepTaken) -> Markup:
    text = (
        "We brought the table from wide to long format: {} became {}, one for each of the {} values of {}, with the "
        "values in {}."
    )
    before, after = step.entry["rows_before"], step.entry["rows_after"]
    values = listing([name(value) for value in settings.value])
    occasions = numbers.count(after // max(before, 1))
    return say(text, _rows(before), numbers.count(after), occasions, name(settings.part), values)


def _stack(settings: Any, step: StepTaken) -> Markup:
    stacked = listing([name(column) for column in settings.columns])
    text = "We stacked {} as one variable, {}, with {} naming the measure."
    return say(text, stacked, name(settings.value), name(settings.measure))


def _recode(settings: Any, step: StepTaken) -> Markup:
    return sentences(
        say("We recoded {} ({}; {}).", name(column), listing(_recodings(settings[column])), _values(count))
        for column, count in step.entry["recoded"].items()
        if count
    )


def _recodings(mapping: dict[str, str | None]) -> list[Markup]:
    return [
        say("{} to {}", "all others" if old == "others" else _quoted(old), "missing" if new is None else _quoted(new))
        for old, new in mapping.items()
    ]


def _missing(settings: Any, step: StepTaken) -> Markup:
    found = [
        say("{} in {} ({})", listing([_code(code) for code in settings[column]], "or"), name(column), _values(count))
        for column, count in step.entry["set_missing"].items()
        if count
    ]
    return say("We treated codes as missing: {}.", listing(found)) if found else Markup("")


def _derive(settings: Any, step: StepTaken) -> Markup:
    made = [say("{} as <code>{}</code>", name(new), text) for new, text in settings.items()]
    return say("We computed {}.", listing(made))


def _filter(settings: Any, step: StepTaken) -> Markup:
    because = settings.because.strip().rstrip(".")
    if not step.lost:
        return say("No row had to be excluded by the criterion <code>{}</code> ({}).", settings.keep, because)
    unknown = step.entry["without_value"]
    among = say("; {} of those excluded had no value to judge by", numbers.count(unknown)) if unknown else ""
    text = "We excluded {} ({}; rows stayed where <code>{}</code>{}){}."
    return say(text, _rows(step.lost), because, settings.keep, among, _levels_lost(step))


def _deduplicate(settings: Any, step: StepTaken) -> Markup:
    by = listing([name(column) for column in settings.by])
    if not step.lost:
        return say("No two rows shared {}.", by)
    if settings.keep == "mean":
        return say("We averaged rows that shared {}, which left {} fewer.", by, _rows(step.lost))
    text = "We left out {} that repeated the {} of another, keeping the {} of each."
    return say(text, _rows(step.lost), by, settings.keep)


def _check(settings: Any, step: StepTaken) -> Markup:
    return sentences(_outside(column, settings[column], count) for column, count in step.entry["outside"].items())


def _outside(column: str, check: Any, count: int) -> Markup:
    inside, outside = _range(check)
    if not count:
        return say("All values of {} lay {}.", name(column), inside)
    if check.otherwise == "missing":
        return say("We set {} of {} {} to missing.", _values(count), name(column), outside)
    return say("We excluded {} with a value of {} {}.", _rows(count), name(column), outside)


def _range(check: Any) -> tuple[Markup, Markup]:
    """Where plausible values lie, and where the others."""
    if check.allowed is not None:
        allowed = listing([_quoted(label) for label in check.allowed])
        return say("among {}", allowed), say("other than {}", allowed)
    low, high = check.minimum, check.maximum
    if high is None:
        return say("at or above {}", numbers.plain(low)), say("below {}", numbers.plain(low))
    if low is None:
        return say("at or below {}", numbers.plain(high)), say("above {}", numbers.plain(high))
    ends = numbers.plain(low), numbers.plain(high)
    return say("between {} and {}", *ends), say("outside {} to {}", *ends)


def _merge_levels(settings: Any, step: StepTaken) -> Markup:
    merged = [
        say("{} of {} as {}", listing([_quoted(level) for level in levels]), name(column), _quoted(new))
        for column, groups in settings.items()
        for new, levels in groups.items()
    ]
    return say("We merged levels: {}.", listing(merged))


def _convert(settings: Any, step: StepTaken) -> Markup:
    told = []
    for column, convert in settings.items():
        parts = [say("multiplied by {}", numbers.plain(convert.multiply, 6))] if convert.multiply != 1 else []
        if convert.offset:
            sign = "increased" if convert.offset > 0 else "reduced"
            parts.append(say("{} by {}", sign, numbers.plain(abs(convert.offset), 6)))
        if parts:
            told.append(say("{} was {} to change its unit", name(column), listing(parts)))
    return say("{}.", listing(told)) if told else Markup("")


def _centre(settings: Any, step: StepTaken) -> Markup:
    return sentences(_centred(column, centre) for column, centre in settings.items())


def _centred(column: str, centre: Any) -> Markup:
    if centre.within is not None:
        text = "{0} was split into the mean of each {1} ({0}_between) and the deviation from it ({0}_within)."
        return say(text, name(column), name(centre.within))
    parts = []
    if centre.at is not None:
        at = "its mean over all rows" if centre.at == "mean" else numbers.plain(centre.at, 6)
        parts.append(say("centred at {}", at))
    if centre.scale is not None:
        by = "its standard deviation" if centre.scale == "sd" else numbers.plain(centre.scale, 6)
        parts.append(say("divided by {}", by))
    return say("{} was {}.", name(column), listing(parts))


def _elapsed(settings: Any, step: StepTaken) -> Markup:
    if settings.since is not None:
        origin = name(settings.since)
    else:
        origin = say("the first {} of each {}", name(settings.date), name(settings.by))
    return say(
        "Time ({}) was counted in {} from {} to {}.", name(settings.name), settings.unit, origin, name(settings.date)
    )


def _unique_ids(settings: Any, step: StepTaken) -> Markup:
    text = "We made the labels of {}, which start anew in each {}, unique."
    return sentences(say(text, name(inner), name(outer)) for inner, outer in settings.items())


def _outliers(settings: Any, step: StepTaken) -> Markup:
    of = say(" of their {}", name(settings.by)) if settings.by else ""
    rule = say(
        "more than {} robust standard deviations (1.4826 × median absolute deviation; Hampel, 1974) from the median{}",
        numbers.plain(settings.beyond),
        of,
    )
    count = step.entry["flagged_count"]
    if not count:
        return say("No value of {} lay {}.", name(settings.column), rule)
    if settings.otherwise == "drop":
        return say(
            "We excluded {} with a value of {} {}{}.", _rows(count), name(settings.column), rule, _levels_lost(step)
        )
    text = "We flagged, and kept, {} of {} {}."
    return say(text, _values(count), name(settings.column), rule)


_STEPS: dict[str, Callable[[Any, StepTaken], Markup]] = {
    "join": _joined,
    "rename": _nothing,
    "types": _nothing,
    "recode": _recode,
    "missing": _missing,
    "derive": _derive,
    "filter": _filter,
    "wide": _wide,
    "stack": _stack,
    "elapsed": _elapsed,
    "deduplicate": _deduplicate,
    "check": _check,
    "merge_levels": _merge_levels,
    "convert": _convert,
    "centre": _centre,
    "unique_ids": _unique_ids,
    "outliers": _outliers,
}


def _levels_lost(step: StepTaken) -> Markup:
    """The levels of grouping factors that went with the rows: ", and with them 2 of 60 levels of child"."""
    before, after = step.entry["levels_before"], step.entry["levels_after"]
    gone = [
        say(
            "{} of {} of {}",
            numbers.count(before[group] - after[group]),
            numbers.counted(before[group], "level"),
            name(group),
        )
        for group in before
        if group in after and after[group] < before[group]
    ]
    return say(", and with {} {}", "it" if step.lost == 1 else "them", listing(gone)) if gone else Markup("")


def _rows(number: int) -> str:
    return numbers.counted(number, "row")


def _values(number: int) -> str:
    return numbers.counted(number, "value")


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _quoted(label: str) -> Markup:
    return say("“<bdi>{}</bdi>”", label)


def _code(code: str) -> Markup:
    """A code as it stands in the file, a minus sign for a number."""
    return say("{}", numbers.MINUS + code[1:]) if code[:1] == "-" and code[1:2].isdigit() else _quoted(code)
