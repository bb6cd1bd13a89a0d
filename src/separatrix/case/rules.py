"""Rules between fields, and what the schema cannot say of a single one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from separatrix.case.document import Document, Place
from separatrix.case.faults import near, shown, value_at
from separatrix.case.model import (
    GATE_NAMES,
    IGNORE,
    OWNER_NAMES,
    PROTOCOL_NAMES,
    STRUCTURE_NAMES,
    CaseFile,
    LabelSpec,
    WishSpec,
)
from separatrix.case.paths import is_own_protocol
from separatrix.case.schema import known_keys
from separatrix.core import Fault

EXAMPLE_BIRTH = dt.date(2000, 1, 1)
"""The day of birth that a new case file holds until the true one is written."""

EARLIEST_BIRTH = dt.date(1950, 1, 1)
"""A birth before this is a slip of the hand: no living pair is older."""

LATEST_DATE = dt.date(2200, 1, 1)
"""A date after this is a slip of the hand, whatever today is."""

BEFORE_BIRTH = dt.timedelta(days=300)
"""Images may be taken before birth, but not before the pregnancy."""

OVERDUE = dt.timedelta(days=42)
"""An expected birth longer ago than this has happened, one way or the other."""

LONGEST_PREGNANCY = dt.timedelta(days=300)
"""No birth is expected further ahead than this."""

_NEED_STRUCTURES = (".nii", ".nii.gz", ".mha", ".mhd")
"""Label formats that cannot carry names for their values."""


def rule_faults(file: CaseFile, document: Document, *, today: dt.date | None) -> Iterator[Fault]:
    """Faults of a file whose single fields are sound.

    Parameters
    ----------
    file
        The file, without the fields that were found faulty.
    document
        The text it comes from.
    today
        The day of the check; without it no date is compared with the present.
    """
    births = list(_birth_faults(file, document, today))
    yield from births
    yield from _dated_faults(
        file, document, today, birth=None if births else file.born or file.expected_birth
    )
    yield from _imaging_faults(file, document)
    yield from _suitability_faults(file, document)
    yield from _decision_faults(file, document)
    yield from _wish_faults(file, document)
    yield from _other_faults(file, document)


def _is_written(document: Document, *place: str) -> bool:
    """Whether a key is written, or something so like it that it was meant."""
    group = value_at(document.data, place[:-1])
    if not isinstance(group, dict):
        return False
    known = known_keys(place[:-1])
    return group.get(place[-1]) not in (None, {}, []) or any(
        f"'{place[-1]}'" in near(key, known) for key in group if key not in known
    )


def _birth_faults(file: CaseFile, document: Document, today: dt.date | None) -> Iterator[Fault]:
    born, expected = _is_written(document, "born"), _is_written(document, "expected_birth")
    if born and expected:
        yield document.fault(
            ("expected_birth",),
            "both born and expected_birth are given",
            expected="exactly one of them",
            mend="after birth delete expected_birth, before birth delete born",
        )
    elif not born and not expected:
        yield document.fault(
            ("born",),
            "neither born nor expected_birth is given",
            expected="exactly one of them",
            mend="add `born: 2026-02-14` with the true date, or expected_birth before birth",
        )
    for name, day in (("born", file.born), ("expected_birth", file.expected_birth)):
        if day is not None and not EARLIEST_BIRTH <= day <= LATEST_DATE:
            yield document.fault((name,), f"found {day}", expected="a plausible day", mend="look at the year")
            return
    if file.born == EXAMPLE_BIRTH and (_is_written(document, "imaging") or _is_written(document, "anatomy")):
        yield document.fault(
            ("born",),
            f"found {EXAMPLE_BIRTH}, the example of a new case",
            expected="the true day of birth, now that the case is filled in",
            mend="write it; before birth write expected_birth instead",
        )
    if today is None:
        return
    if file.born is not None and file.born > today:
        yield document.fault(
            ("born",),
            f"found {file.born}, which is after today ({today})",
            expected="a day in the past",
            mend="look at year and month; before birth write expected_birth instead",
        )
    if file.expected_birth is not None and today - file.expected_birth > OVERDUE:
        yield document.fault(
            ("expected_birth",),
            f"found {file.expected_birth}, long before today ({today})",
            expected="a day to come",
            mend="if the children are born, write born: with the day of birth",
        )
    if file.expected_birth is not None and file.expected_birth - today > LONGEST_PREGNANCY:
        yield document.fault(
            ("expected_birth",),
            f"found {file.expected_birth}, longer than a pregnancy after today ({today})",
            expected="a day within ten months",
            mend="look at year and month",
        )


def _dates(file: CaseFile) -> Iterator[tuple[Place, dt.date]]:
    """Every date but those of birth, with its place."""
    if file.imaging is not None:
        for name, image in file.imaging.images.items():
            if image.date is not None:
                yield ("imaging", "images", name, "date"), image.date
    for gate, finding in file.suitability.items():
        yield ("suitability", gate, "on"), finding.on
    if file.decision.on is not None:
        yield ("decision", "on"), file.decision.on
    for index, observation in enumerate(file.observations):
        yield ("observations", index, "date"), observation.date
    if file.vessels.choice is not None:
        yield ("vessels", "choice", "on"), file.vessels.choice.on


def _dated_faults(
    file: CaseFile, document: Document, today: dt.date | None, *, birth: dt.date | None
) -> Iterator[Fault]:
    for place, day in _dates(file):
        if birth is not None and birth - day > BEFORE_BIRTH:
            yield document.fault(
                place,
                f"found {day}, before the pregnancy (birth {birth})",
                expected="a day since then",
                mend="look at the year",
            )
        elif day > (today or LATEST_DATE):
            yield document.fault(
                place,
                f"found {day}, which is after {f'today ({today})' if today else LATEST_DATE}",
                expected="a day in the past",
                mend="look at year and month",
            )


def _imaging_faults(file: CaseFile, document: Document) -> Iterator[Fault]:
    spec = file.imaging
    if spec is None:
        return
    if not spec.images and not _is_written(document, "imaging", "images"):
        yield document.fault(
            ("imaging", "images"),
            "no image is named",
            expected="at least one image, such as `ct: {path: imaging/ct, modality: CT}`",
            mend="name an image, or delete the whole imaging section",
        )
    written = value_at(document.data, ("imaging", "images"))
    if spec.reference is not None and written and spec.reference not in written:
        yield document.fault(
            ("imaging", "reference"),
            f"found {shown(spec.reference)}, which is no image",
            expected="the name of an image",
            mend=near(spec.reference, spec.images),
        )
    if spec.labels is not None:
        yield from _label_faults(spec.labels, document)


def _label_faults(labels: LabelSpec, document: Document) -> Iterator[Fault]:
    place: Place = ("imaging", "labels", "structures")
    written = _is_written(document, "imaging", "labels", "structures")
    if not labels.structures and not written and labels.path.lower().endswith(_NEED_STRUCTURES):
        yield document.fault(
            place,
            f"nothing says what the values of {shown(labels.path)} mean",
            expected="value: structure, such as `{1: intracranial, 2: skull}`",
            mend="add structures:; .seg.nrrd from 3D Slicer carries names and needs none",
        )
    seen: dict[int, str | int] = {}
    for key, name in labels.structures.items():
        here: Place = (*place, str(key))
        if isinstance(key, int) or key.isdigit():
            value = int(key)
            if value == 0:
                yield document.fault(
                    here, "0 is the background", expected="values from 1", mend="delete this line"
                )
            if value in seen:
                yield document.fault(here, f"the value {value} stands twice", mend="delete one of the two")
            seen[value] = key
        yield from _structure_faults(name, here, document)


def _structure_faults(name: str, place: Place, document: Document) -> Iterator[Fault]:
    if name == IGNORE:
        return
    kind, at, owner = name.partition("@")
    if kind not in STRUCTURE_NAMES:
        yield document.fault(
            place,
            f"unknown structure {shown(name)}",
            expected="a structure, with its owner if known: brain@A",
            mend=near(kind, (*STRUCTURE_NAMES, IGNORE)),
        )
    if at and owner not in OWNER_NAMES:
        yield document.fault(
            place,
            f"unknown owner {shown(owner)} in {shown(name)}",
            expected="A, B or shared after the @",
            mend=near(owner, OWNER_NAMES),
        )


def _suitability_faults(file: CaseFile, document: Document) -> Iterator[Fault]:
    known = [*GATE_NAMES, *(f"{gate}.{child}" for gate in GATE_NAMES for child in "AB")]
    for gate in file.suitability:
        if gate not in known:
            base = near(gate, known)
            yield document.fault(
                ("suitability", gate),
                f"unknown gate {shown(gate)}",
                expected="a gate, or a gate and a child: heart.A",
                mend=base if base.startswith("did you mean") else near(gate, GATE_NAMES),
            )


def _decision_faults(file: CaseFile, document: Document) -> Iterator[Fault]:
    decision = file.decision
    if decision.is_empty:
        return
    if not decision.by and not _is_written(document, "decision", "by"):
        yield document.fault(
            ("decision", "by"),
            "a choice is given, but not who decided",
            expected="names and roles",
            mend="add by: [name and role, …], or leave the decision empty",
        )
    if decision.on is None and not _is_written(document, "decision", "on"):
        yield document.fault(
            ("decision", "on"),
            "a choice is given, but not when it was decided",
            expected="a date as year-month-day",
            mend="add on: with the day, or leave the decision empty",
        )
    if missing := [child for child in "AB" if not _is_written(document, "decision", "choice", child)]:
        yield document.fault(
            ("decision", "choice"),
            f"nothing is decided for {' and '.join(missing)}",
            expected="a choice for each child",
            mend="decide for both, or leave the decision empty",
        )


def _wish_faults(file: CaseFile, document: Document) -> Iterator[Fault]:
    kinds = ", ".join(k for k in WishSpec.model_fields if k != "why")
    for index, wish in enumerate(file.vessels.wishes):
        given = value_at(document.data, ("vessels", "wishes", index))
        known = [k for k in WishSpec.model_fields if k != "why" and isinstance(given, dict) and given.get(k)]
        if not wish.kind and len(known) != 1:
            yield document.fault(
                ("vessels", "wishes", index),
                "tells nothing" if not known else f"tells {' and '.join(known)} at once",
                expected=f"exactly one of {kinds}",
                mend="write one wish per list item",
            )


def _other_faults(file: CaseFile, document: Document) -> Iterator[Fault]:
    if file.protocol not in PROTOCOL_NAMES and not is_own_protocol(file.protocol):
        yield document.fault(
            ("protocol",),
            f"unknown protocol {shown(file.protocol)}",
            expected=f"{', '.join(PROTOCOL_NAMES)}, or the path of an own protocol (.yaml)",
            mend=near(file.protocol, PROTOCOL_NAMES),
        )
    for index, seen in enumerate(file.observations):
        told = (seen.direction, seen.flow_ml_per_min, seen.pressure_mmHg, seen.fills_from)
        if all(value is None for value in told):
            yield document.fault(
                ("observations", index),
                f"the observation of {shown(seen.vessel)} tells nothing",
                expected="direction, flow_ml_per_min, pressure_mmHg or fills_from",
                mend="add what was seen, or delete it",
            )
