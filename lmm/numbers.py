"""Numbers as a paper prints them: rounding and signs after the APA manual (7th ed., sections 6.36 and 6.44)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EN DASH}"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Rounded(str):
    """A number as a reader sees it that remembers the number itself, for sorting and for files: else plain text.

    `values` holds the numbers behind the text by what each of them is, the main one first, under ""; those beside it
    under words such as "lower" and "upper". None stands for one that there is none of. Whatever cuts or joins the text
    gives plain text.
    """

    values: Mapping[str, float | int | None]

    def __new__(cls, text: str, values: Mapping[str, float | int | None] = MappingProxyType({})) -> Rounded:
        """Put the numbers beside their text; those of numpy become Python's."""
        made = super().__new__(cls, text)
        made.values = {part: value.item() if hasattr(value, "item") else value for part, value in values.items()}
        return made


def values_of(texts: str | Iterable[str]) -> dict[str, float | int | None]:
    """The numbers behind a text, or behind the texts of one cell; none behind plain text."""
    texts = [texts] if isinstance(texts, str) else texts
    return {part: value for text in texts if isinstance(text, Rounded) for part, value in text.values.items()}


def decimal(value: float | None, places: int = 2) -> str:
    """A number with a fixed count of decimals, a true minus sign and commas between thousands; never "−0.00"."""
    return MISSING if _is_missing(value) else Rounded(_decimal(value, places), {"": value})


def _decimal(value: float, places: int) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else MINUS + "∞"
    text = f"{abs(value):,.{max(0, places)}f}"
    negative = value < 0 and any(digit in text for digit in "123456789")
    return MINUS + text if negative else text


def bounded(value: float | None, places: int = 2) -> str:
    """A number that cannot exceed 1 in size (r, R², ICC, p): printed without its leading zero, as APA asks."""
    if _is_missing(value):
        return MISSING
    text = _decimal(value, places)
    return Rounded(text.replace("0.", ".", 1) if abs(value) < 1 else text, {"": value})


def p_value(p: float | None) -> str:
    """The relation and the value: "p = .032", "p < .001", "p > .999"; an en dash where there is none."""
    value = p_number(p)
    return value if value == MISSING else f"p {value}" if value[0] in "<>" else f"p = {value}"


def p_number(p: float | None) -> str:
    """A p-value for a table cell whose column is headed p: ".032", "< .001", "> .999"."""
    if _is_missing(p):
        return MISSING
    return Rounded("< .001" if p < 0.001 else "> .999" if p > 0.999 else bounded(p, 3), {"": p})


def places_for(standard_error: float | None) -> int:
    """Decimals that an estimate deserves: two digits of its standard error, three where that needs no more than 2.

    Negative where the last whole digits are beyond the standard error; they are printed all the same.
    """
    if _is_missing(standard_error) or standard_error <= 0 or math.isinf(standard_error):
        return 2
    magnitude = math.floor(math.log10(standard_error))
    return 2 - magnitude if magnitude >= 0 else max(2, 1 - magnitude)


def estimate(value: float | None, standard_error: float | None) -> str:
    """An estimate rounded to what its standard error supports; powers of ten where decimals would run away."""
    return _scaled(value, places_for(standard_error))


def significant(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits, never fewer decimals cut than its whole part has: 1,234 stays 1,234."""
    if _is_missing(value) or value == 0 or math.isinf(value):
        return decimal(value, 0)
    magnitude = math.floor(math.log10(abs(value)))
    if round(abs(value) / 10.0**magnitude, digits - 1) >= 10:
        magnitude += 1
    return _scaled(value, digits - 1 - magnitude)


def plain(value: float | None, digits: int = 4) -> str:
    """A value of the data as one would write it: "9", "−2.5", "1,234"; rounded, but without padding zeros."""
    text = significant(value, digits)
    return Rounded(text.rstrip("0").rstrip("."), {"": value}) if "." in text and "×" not in text else text


def interval(lower: float | None, upper: float | None, places: int = 2) -> str:
    """The limits of an interval in brackets: "[7.44, 13.50]"."""
    return in_brackets(_scaled(lower, places), _scaled(upper, places))


def in_brackets(lower: str, upper: str) -> str:
    """Two limits, rounded already, in brackets."""
    limits = {"lower": values_of(lower).get(""), "upper": values_of(upper).get("")}
    return Rounded(f"[{lower}, {upper}]", limits)


def degrees(df: float | None) -> str:
    """Degrees of freedom: "17", "8.9", "1,204"; a tenth where that says something; ∞ for the normal distribution."""
    if df is None or math.isinf(df):
        return Rounded("∞", {"": math.inf})
    return decimal(df, 0 if df >= 100 or abs(df - round(df)) < 0.05 else 1)


def percent(share: float | None) -> str:
    """A share of a whole as a percentage: "57%", "< 1%", "> 99%"."""
    if _is_missing(share):
        return MISSING
    text = "< 1%" if 0 < share < 0.005 else "> 99%" if 0.995 <= share < 1 else f"{decimal(100 * share, 0)}%"
    return Rounded(text, {"": share})


def count(number: int) -> str:
    """A whole number with commas between thousands."""
    return Rounded(f"{number:,d}", {"": number})


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun in the right form: "1 row", "18 rows"."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def listing(items: Sequence[str], conjunction: str = "and") -> str:
    """Items as a sentence lists them: "a", "a and b", "a, b and c"."""
    items = [str(item) for item in items]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {conjunction} {items[-1]}" if items else ""


def _scaled(value: float | None, places: int) -> str:
    """A decimal, or a power of ten where more than six decimals or eight whole digits would be needed."""
    if _is_missing(value) or math.isinf(value) or (places <= 6 and abs(value) < 1e8):
        return decimal(value, places)
    if value == 0:
        return Rounded("0", {"": value})
    power = math.floor(math.log10(abs(value)))
    mantissa = _decimal(value / 10.0**power, max(0, min(places + power, 4)))
    return Rounded(f"{mantissa} × 10{str(power).translate(_SUPERSCRIPT)}", {"": value})


def _is_missing(value: float | None) -> bool:
    return value is None or math.isnan(value)
