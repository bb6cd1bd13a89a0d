"""What is planned for a crossing may be asked for at what is repeated for each crossing, nowhere else."""

from __future__ import annotations

from collections.abc import Callable

from separatrix.core import Fault

FaultsOf = Callable[[str], tuple[Fault, ...]]

CLAMP = "{id: clamp, title: Clamp test, phase: parting, "


def test_the_action_of_a_crossing_may_be_asked_for_at_it(faults_of: FaultsOf, sound_text: str) -> None:
    text = sound_text.replace(CLAMP, CLAMP + "when: {input: crossing.action, value: [divide, bypass]}, ")
    assert text != sound_text
    assert faults_of(text) == ()


def test_an_action_that_no_crossing_has_is_told(faults_of: FaultsOf, sound_text: str) -> None:
    text = sound_text.replace(CLAMP, CLAMP + "when: {input: crossing.action, value: bypas}, ")
    (fault,) = faults_of(text)
    assert fault.field.endswith("when.value")
    assert "bypass" in fault.mend


def test_where_nothing_is_repeated_for_crossings_there_is_no_action(
    faults_of: FaultsOf, sound_text: str
) -> None:
    was = "when: {input: night, value: yes}"
    assert was in sound_text
    (fault,) = faults_of(sound_text.replace(was, "when: {input: crossing.action, value: bypass}"))
    assert "crossing.action" in fault.problem
    assert fault.field.endswith("when.input")
