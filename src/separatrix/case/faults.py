"""What the model refuses, told in plain words with line, expectation and mend."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from separatrix.case.document import Document, Place
from separatrix.case.expected import Expectations
from separatrix.case.schema import case_expectations
from separatrix.case.text import brief
from separatrix.core import Fault, near_names


def place_of(loc: Iterable[str | int], data: Any) -> Place:
    """The place in the file that a location of the model means.

    The model's locations also name branches of unions and the keys of mappings themselves; what is
    in the data is kept, the rest dropped.
    """
    place: list[str | int] = []
    for part in loc:
        if isinstance(data, dict):
            key = str(part)
            if key not in data and place and part == "[key]":
                continue
            place.append(key)
            data = data.get(key)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            place.append(part)
            data = data[part]
    return tuple(place)


def value_at(data: Any, place: Place) -> Any:
    """The value at a place, or None where nothing stands."""
    for part in place:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def shown(value: Any) -> str:
    """A value as a message repeats it."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a group of keys" if value else "an empty group"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, bool):
        return str(value).lower()
    text = brief(str(value))
    return f"'{text}'" if isinstance(value, str) else text


def near(name: str, known: Iterable[str]) -> str:
    """Near names as a clause; a name that differs in capitals alone comes first."""
    names = list(known)
    same = [n for n in names if n.casefold() == name.casefold().strip()]
    return f"did you mean '{same[0]}'?" if same else near_names(name, names)


def model_faults(
    document: Document, errors: Iterable[Any], expectations: Expectations | None = None
) -> dict[Place, Fault]:
    """One fault for each place that the model refuses; without expectations, a place of ``case.yaml``."""
    schema = expectations or case_expectations()
    faults: dict[Place, Fault] = {}
    unknown: dict[Place, str] = {}
    missing: list[Place] = []
    for error in errors:
        place = place_of(error["loc"], document.data)
        if place in faults:
            continue
        if error["type"] == "missing":
            missing.append(place)
        elif error["type"] == "extra_forbidden" or (
            error["type"] == "literal_error" and "[key]" in error["loc"]
        ):
            faults[place] = _unknown_key(document, place, schema)
            unknown[place] = faults[place].mend
        else:
            faults[place] = _wrong_value(document, place, error, schema)
    for place in missing:
        # A mistyped key is told once, not as unknown and as missing.
        if not any(key[:-1] == place[:-1] and f"'{place[-1]}'" in mend for key, mend in unknown.items()):
            faults[place] = _missing_key(document, place, schema)
    return faults


def _unknown_key(document: Document, place: Place, schema: Expectations) -> Fault:
    key = str(place[-1])
    mend = near(key, schema.known_keys(place[:-1]))
    if not key:
        mend = "write a key before the colon"
    elif key.isdigit():
        mend = "if it belongs to the number before it, write a point, not a comma; " + mend
    return document.fault(place, f"unknown key {shown(key)}", mend=mend)


def _missing_key(document: Document, place: Place, schema: Expectations) -> Fault:
    key = str(place[-1])
    problem = f"nothing stands after '{key}:'" if place in document.lines else f"'{key}' is missing"
    mend = f"add `{key}: 1`" if place == ("format",) else f"add `{key}: …`"
    return document.fault(place, problem, expected=schema.expectation(place), mend=mend)


def _wrong_value(document: Document, place: Place, error: Any, schema: Expectations) -> Fault:
    value = value_at(document.data, place)
    if place == ("format",) and isinstance(value, int) and not isinstance(value, bool):
        return document.fault(
            place,
            f"found format {value}; this version reads format 1",
            expected="1",
            mend="update Separatrix if the file comes from a newer one",
        )
    expected = schema.expectation(place)
    if error["type"] == "string_pattern_mismatch":
        expected = "letters, digits, dot, dash or underscore, at most 64, beginning with a letter or digit"
    elif error["type"] == "string_too_short":
        expected = "a name or a few words"
    elif error["type"] == "too_long":
        expected = f"at most {error['ctx']['max_length']} of them"
    elif error["type"] == "too_short":
        expected = f"at least {error['ctx']['min_length']} of them"
    return document.fault(
        place, f"found {shown(value)}", expected=expected, mend=_mend(place, value, expected)
    )


def _mend(place: Place, value: Any, expected: str) -> str:
    key = str(place[-1]) if place else ""
    if value is None:
        return "write a value, or delete the key"
    if isinstance(value, bool | dict | list):
        return ""
    if isinstance(value, int | float):
        return _other_unit(key, value) if expected.startswith(("a number", "a whole")) else ""
    if expected.startswith(("a number", "a whole")):
        return _number_from(str(value))
    if expected.startswith("a date"):
        return _date_from(value)
    if expected.startswith("true or"):
        return "write true for yes, false for no"
    names = re.split(r", | or ", expected)
    if isinstance(value, str) and len(names) > 1 and expected != "text or a number":
        meant = _ALIASES.get(value.casefold())
        return f"write {meant}" if meant in names else near(value, names)
    return ""


_ALIASES = {
    "mri": "MR",
    "mra": "MR",
    "t1": "MR",
    "t2": "MR",
    "cta": "CT",
    "f": "female",
    "m": "male",
    "girl": "female",
    "boy": "male",
}
"""Words that people write for a fixed choice."""


def _other_unit(key: str, value: float) -> str:
    """A value given in another unit than its key says."""
    if key == "weight_kg" and 200 <= value < 150_000:
        return f"this looks like grams: write {value / 1000:g}"
    if key == "haematocrit" and 5 < value < 80:
        return f"this looks like per cent: write {value / 100:g}"
    if key == "gestation_weeks" and 20 * 7 <= value <= 44 * 7:
        return f"this looks like days: write {value / 7:.1f}"
    if key == "grid_mm" and 0 < value < 0.01:
        return f"this looks like metres: write {value * 1000:g}"
    if value < 0:
        return "write it without the minus sign if that is what is meant"
    return ""


def _number_from(text: str) -> str:
    bare = text.strip()
    if re.fullmatch(r"[-+]?\d+,\d+", bare):
        return f"use a point, not a comma: {bare.replace(',', '.')}"
    if re.fullmatch(r"[-+]?\d+(\.\d+)?", bare):
        return f"write it without quotes or leading zeros: {float(bare):g}"
    if found := re.fullmatch(r"([-+]?\d+(?:[.,]\d+)?)\s*(%|[A-Za-z°²\d/]+)", bare):
        return f"write the number alone, {found[1].replace(',', '.')}: the key names the unit"
    return "write a number, or delete the key if it is not known"


def _date_from(value: Any) -> str:
    text = str(value).strip()
    if found := re.fullmatch(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})", text):
        first, second, year = (int(part) for part in found.groups())
        days = {(year, second, first), (year, first, second)}
        real = sorted(day for day in days if _is_day(*day))
        if len(real) == 1:
            return f"write {dt.date(*real[0]).isoformat()}"
        return "write year, month, day, so that nobody takes the month for the day"
    if found := re.fullmatch(r"(\d{4}-\d{2}-\d{2})[T ].*", text):
        return f"write the day alone: {found[1]}"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return "there is no such day; look at month and day"
    return "write year-month-day"


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True
