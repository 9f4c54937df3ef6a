"""What the name of a column suggests: a unit that is observed, a time, a measurement, a treatment, a weight."""

from __future__ import annotations

import re

_UNITS = set(
    "id subject subj patient person participant respondent child pupil student school class classroom teacher batch "
    "plate litter rat dog animal mouse worker rail tree plant block site center centre hospital ward clinic doctor lea "
    "dept department consumer family household cluster brood location lot sample cask item rater judge seed no nr code "
    "replicate rep country city village firm company team unit plot field tray".split()
)
_CONTAINERS = set(
    "school class classroom plate litter block site center centre hospital ward clinic family household cluster brood "
    "location lea dept department country city village firm company lot batch plot field".split()
)
_TIMES = set(
    "day days time times week weeks month months year years age visit occasion hour hours minute minutes second "
    "seconds wave session trial t tos date period".split()
)
_OUTCOMES = set(
    "y outcome response score yield reaction rt math reading result value measurement weight height length width "
    "distance strength diameter circumference effort uptake angle rating preference count ticks exam test achievement "
    "ach".split()
)
_TREATMENTS = set("treatment treat trt arm diet condition type group drug variety sector region dose".split())
_QUANTITIES = ("size", "age", "income", "grade", "temp", "temperature", "conc", "level", "score", "number", "height")
_WEIGHTS = {"w", "wt", "weights", "off", "offset"}


def words(name: str) -> list[str]:
    """Return the words of a column name in lower case: birthWeight_kg is birth, weight, kg."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[^a-z]+", parted.lower()) if word]


def names_unit(name: str) -> bool:
    """Whether the name ends as that of a unit with repeated observations: Subject, schoolid, batch_no."""
    last = (words(name) or [""])[-1]
    return last in _UNITS or (last.endswith("id") and len(last) > 3 and last.removesuffix("id") in _UNITS)


def names_container(name: str) -> bool:
    """Whether the name is that of a unit which holds others: school, clinic, batch."""
    last = (words(name) or [""])[-1]
    return last in _CONTAINERS or (last.endswith("id") and last.removesuffix("id") in _CONTAINERS)


def names_time(name: str) -> bool:
    """Whether a word of the name is one for time: Days, age, t_us."""
    return bool(_TIMES & set(words(name)))


def names_outcome(name: str) -> bool:
    """Whether the name is that of a typical outcome: score, yield, normexam."""
    found = words(name)
    return bool(_OUTCOMES & set(found)) or any(word.endswith(("exam", "score")) for word in found)


def names_treatment(name: str) -> bool:
    """Whether a word of the name is one for the arms of a design: Treatment, diet."""
    return bool(_TREATMENTS & set(words(name)))


def names_quantity(name: str) -> bool:
    """Whether the name is that of a quantity that could be mistaken for a label because it is whole: size, studage."""
    return name.lower().endswith(_QUANTITIES) or names_time(name) or names_outcome(name)


def names_weight(name: str) -> bool:
    """Whether the name is that of weights or of an offset, which are no predictors."""
    return name.lower() in _WEIGHTS
