"""Whatever stands in a protocol or team file, the reader answers with a file or with faults."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from separatrix.core import Fault

Tells = Callable[[str | bytes], tuple[Fault, ...]]
SETTINGS = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

SCRAPS = (
    "null",
    "[]",
    "{}",
    "0",
    "-1",
    "1e9",
    "true",
    "[A]",
    "{a: b}",
    "airway",
    "airway@A",
    "x" * 90,
    "'@'",
    "2026-02-30",
    "{evidence: }",
    "{evidence: x}",
    "[[[]]]",
    "same",
    "first",
    "{patient}",
    "☂",
    "*a",
    "&a",
    "!!int 3",
)


def _untold(faults: tuple[Fault, ...]) -> list[Fault]:
    """Faults without words, or with signs that a terminal would obey or cannot be written."""
    return [
        fault
        for fault in faults
        if not (
            fault.problem
            and str(fault).isprintable()
            and str(fault).encode(errors="ignore").decode() == str(fault)
        )
    ]


@SETTINGS
@given(raw=st.binary(max_size=300))
def test_any_bytes_give_faults(raw: bytes, faults_of: Tells) -> None:
    faults = faults_of(raw)
    assert faults
    assert _untold(faults) == []


@SETTINGS
@given(data=st.data())
def test_any_value_put_anywhere_gives_a_protocol_or_faults(
    data: st.DataObject, sound_text: str, faults_of: Tells
) -> None:
    """Values after a colon or in brackets replaced by others: never anything but faults with words."""
    lines = sound_text.split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(lines) - 2))
        parts = lines[index].split(": ")
        at = data.draw(st.integers(0, len(parts) - 1))
        parts[at] = data.draw(st.sampled_from(SCRAPS) | st.just(parts[at] + ","))
        lines[index] = ": ".join(parts)
    assert _untold(faults_of("\n".join(lines))) == []


@SETTINGS
@given(data=st.data())
def test_any_line_lost_or_doubled_gives_a_protocol_or_faults(
    data: st.DataObject, sound_text: str, faults_of: Tells
) -> None:
    lines = sound_text.split("\n")
    index = data.draw(st.integers(0, len(lines) - 1))
    times = data.draw(st.sampled_from([0, 2]))
    assert _untold(faults_of("\n".join([*lines[:index], *[lines[index]] * times, *lines[index + 1 :]]))) == []


@SETTINGS
@given(data=st.data())
def test_any_value_in_a_team_gives_a_team_or_faults(
    data: st.DataObject, sound_team_text: str, team_faults_of: Tells
) -> None:
    lines = sound_team_text.split("\n")
    index = data.draw(st.integers(0, len(lines) - 2))
    parts = lines[index].split(": ")
    at = data.draw(st.integers(0, len(parts) - 1))
    parts[at] = data.draw(st.sampled_from(SCRAPS))
    lines[index] = ": ".join(parts)
    assert _untold(team_faults_of("\n".join(lines))) == []
