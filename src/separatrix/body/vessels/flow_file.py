"""A network as a JSON file: read with all its faults at once, solved, and told as plain data."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from separatrix.body.vessels.model import FlowState, Network, VesselKind
from separatrix.body.vessels.newton import components
from separatrix.body.vessels.poiseuille import vessel_resistance
from separatrix.body.vessels.solve import solve
from separatrix.core import Fault, InfeasibleError, InputError, near_names

MAX_FAULTS = 50
"""Faults told of one file; a converter that goes wrong does so on every line."""

_SHOWN_NODES = 5
"""Nodes of a part without an outlet that are named."""

Id = str | int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowFile:
    """A network and the names its file gave."""

    network: Network
    node_ids: tuple[Id, ...]
    edge_ids: tuple[Id, ...]
    file: str

    def result(self, state: FlowState) -> dict[str, Any]:
        """Pressures and flows as plain data; a pressure that nothing fixes is None."""
        return {
            "nodes": [
                {"id": name, "pressure_mmHg": None if math.isnan(p) else p}
                for name, p in zip(self.node_ids, state.pressure.tolist(), strict=True)
            ],
            "edges": [
                {"id": name, "flow_ml_per_min": q + 0.0}
                for name, q in zip(self.edge_ids, state.flow.tolist(), strict=True)
            ],
            "residual": state.residual,
        }


def read_flow_file(path: Path) -> FlowFile:
    """Read a network.

    Parameters
    ----------
    path
        JSON with ``nodes`` and ``edges``, as ``plan/vessels/graph.json`` or any network with explicit
        resistances in a consistent unit. Keys that are not known are ignored.

    Raises
    ------
    InputError
        With every fault of the file, each with its JSON path.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(Fault(file=str(path), problem=f"cannot be read ({error.strerror})")) from None
    except UnicodeDecodeError:
        raise InputError(Fault(file=str(path), problem="is not text in UTF-8")) from None
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"is not JSON: {error.msg} (column {error.colno})"
        raise InputError(Fault(file=str(path), line=error.lineno, problem=problem)) from None
    except RecursionError:
        raise InputError(Fault(file=str(path), problem="is nested too deep")) from None
    except ValueError:  # a whole number of thousands of digits
        raise InputError(Fault(file=str(path), problem="holds a number too long to read")) from None
    return parse_flow_data(data, file=str(path))


def parse_flow_data(data: Any, *, file: str = "") -> FlowFile:
    """Make a network of plain data; see `read_flow_file`."""
    reader = _Reader(file)
    found = reader.read(data)
    if reader.faults:
        more = len(reader.faults) - MAX_FAULTS
        rest = [Fault(file=file, problem=f"and {more} more faults")] if more > 0 else []
        raise InputError(*reader.faults[:MAX_FAULTS], *rest)
    return found


def solve_flow_file(given: FlowFile) -> FlowState:
    """Solve what a file describes.

    Raises
    ------
    InfeasibleError
        If blood is brought into a part that reaches no node of given pressure, or nodes of different pressure
        are joined without resistance.
    InputError
        If the numbers are too large to reckon with.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        state = solve(given.network)
    if state.undrained:
        raise InfeasibleError(*_parts_without_outlet(given, set(state.undrained)))
    if not (np.isfinite(state.flow).all() and math.isfinite(state.residual)):
        raise InputError(Fault(file=given.file, problem="its numbers are too large or too far apart"))
    return state


def _parts_without_outlet(given: FlowFile, undrained: set[str]) -> list[Fault]:
    """One fault for each part of the network that blood is brought into and cannot leave."""
    network = given.network
    used = network.is_open
    _, part = components(len(network.node_ids), network.a[used], network.b[used])
    fed = [n for n, name in enumerate(network.node_ids) if name in undrained]
    faults = []
    for label in dict.fromkeys(int(part[n]) for n in fed):
        sources = [n for n in fed if part[n] == label]
        size = int(np.count_nonzero(part == label))
        names = ", ".join(f"'{given.node_ids[n]}'" for n in sources[:_SHOWN_NODES])
        names += ", …" if len(sources) > _SHOWN_NODES else ""
        faults.append(
            Fault(
                file=given.file,
                field=f"nodes[{sources[0]}]",
                problem=f"blood is brought in at {names} but its part of the network ({size} nodes) reaches "
                "no node with a given pressure",
                expected="an open way to a node with pressure_mmHg",
                mend="give an outlet its pressure, or open a clamp",
            )
        )
    return faults


class _Reader:
    """Reads plain data and gathers its faults."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def note(self, field: str, problem: str, expected: str = "", mend: str = "") -> None:
        self.faults.append(Fault(file=self.file, field=field, problem=problem, expected=expected, mend=mend))

    def read(self, data: Any) -> FlowFile:
        if not isinstance(data, Mapping):
            self.note("", f"found {_kind(data)}", "an object with `nodes` and `edges`")
            data = {}
        elif data.get("format") not in (None, 1):
            self.note("format", f"found {_brief(data['format'])}", "1")
        nodes = self._list(data, "nodes")
        edges = self._list(data, "edges")
        node_ids = self._ids(nodes, "nodes")
        edge_ids = self._ids(edges, "edges")
        index = {str(name): n for n, name in enumerate(node_ids)}
        pressure = [self._number(n, f"nodes[{i}]", "pressure_mmHg") for i, n in enumerate(nodes)]
        inflow = [self._number(n, f"nodes[{i}]", "inflow_ml_per_min") for i, n in enumerate(nodes)]
        for i, (p, q) in enumerate(zip(pressure, inflow, strict=True)):
            if p is not None and q:
                self.note(f"nodes[{i}]", "gives both pressure_mmHg and inflow_ml_per_min", "one of the two")
        viscosity = self._number(data, "", "viscosity_mPa_s", least=0.0, is_open_ended=False)
        rows = [self._edge(e, f"edges[{i}]", index, viscosity) for i, e in enumerate(edges)]
        return FlowFile(
            network=_network(node_ids, pressure, inflow, edge_ids, rows),
            node_ids=tuple(node_ids),
            edge_ids=tuple(edge_ids),
            file=self.file,
        )

    def _list(self, data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        found = data.get(key)
        if not isinstance(found, list):
            if key in data:
                self.note(key, f"found {_kind(found)}", "a list of objects")
            elif data or not self.faults:
                self.note(key, "is missing", "a list of objects", near_names(key, data) if data else "")
            return []
        kept: list[Mapping[str, Any]] = []
        for i, item in enumerate(found):
            if not isinstance(item, Mapping):
                self.note(f"{key}[{i}]", f"found {_kind(item)}", "an object")
            kept.append(item if isinstance(item, Mapping) else {"id": f"\0{key}{i}"})
        if key == "nodes" and not found:
            self.note(key, "the list is empty", "at least one node")
        return kept

    def _ids(self, items: Sequence[Mapping[str, Any]], key: str) -> list[Id]:
        found: list[Id] = []
        first: dict[str, int] = {}
        for i, item in enumerate(items):
            name = item.get("id")
            if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
                problem = "is missing" if name is None else f"found {_brief(name)}"
                self.note(f"{key}[{i}].id", problem, "a name")
                name = f"\0{key}{i}"
            elif str(name) in first:
                place = f"{key}[{first[str(name)]}]"
                self.note(f"{key}[{i}].id", f"'{name}' is the id of {place} too", "a name of its own")
            first.setdefault(str(name), i)
            found.append(name)
        return found

    def _number(
        self,
        item: Mapping[str, Any],
        place: str,
        key: str,
        *,
        least: float | None = None,
        is_open_ended: bool = True,
    ) -> float | None:
        """A number, None where not given (or faulty); `least` is itself allowed if `is_open_ended`."""
        value = item.get(key)
        if value is None:
            return None
        field = f"{place}.{key}" if place else key
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.note(field, f"found {_brief(value)}", "a number")
            return None
        number = _finite(value)
        if number is None:
            self.note(field, f"found {_brief(value)}", "a finite number")
            return None
        if least is not None and (number < least or (number == least and not is_open_ended)):
            self.note(field, f"found {number:g}", f"a number {'≥' if is_open_ended else '>'} {least:g}")
            return None
        return number

    def _edge(
        self, edge: Mapping[str, Any], place: str, index: Mapping[str, int], viscosity: float | None
    ) -> _Row:
        a, b = (self._end(edge, place, end, index) for end in ("a", "b"))
        quadratic = self._number(edge, place, "quadratic_mmHg_min2_per_ml2", least=0.0) or 0.0
        external = self._number(edge, place, "external_mmHg")
        resistance = self._resistance(edge, place, viscosity)
        if external is not None and resistance == 0:
            field = f"{place}.resistance_mmHg_min_per_ml"
            self.note(field, "a collapsible vessel (external_mmHg) has resistance 0", "a number > 0")
        clamped = edge.get("clamped")
        if clamped is not None and not isinstance(clamped, bool):
            self.note(f"{place}.clamped", f"found {_brief(clamped)}", "true or false")
        waits = edge.get("kind") == VesselKind.CONTACT.value and edge.get("accepted") is not True
        return _Row(
            a=a,
            b=b,
            resistance=resistance,
            quadratic=quadratic,
            external=math.nan if external is None else external,
            is_open=clamped is not True and not waits and edge.get("accepted") is not False,
        )

    def _end(self, edge: Mapping[str, Any], place: str, end: str, index: Mapping[str, int]) -> int:
        name = edge.get(end)
        if name is None or isinstance(name, bool) or not isinstance(name, str | int):
            if "\0" not in str(edge.get("id")):
                problem = "is missing" if name is None else f"found {_brief(name)}"
                self.note(f"{place}.{end}", problem, "the id of a node")
            return 0
        if str(name) not in index:
            known = [k for k in index if not k.startswith("\0")]
            self.note(f"{place}.{end}", f"there is no node '{name}'", "", near_names(str(name), known))
            return 0
        return index[str(name)]

    def _resistance(self, edge: Mapping[str, Any], place: str, viscosity: float | None) -> float:
        """As given, else by Poiseuille from length and radii; 1 where faulty."""
        key = "resistance_mmHg_min_per_ml"
        if edge.get(key) is not None:
            given = self._number(edge, place, key, least=0.0)
            return 1.0 if given is None else given
        if edge.get("length_mm") is None and edge.get("radius_mm") is None:
            if edge.get("quadratic_mmHg_min2_per_ml2") is not None:
                return 0.0
            if "\0" not in str(edge.get("id")):
                self.note(place, "has neither resistance nor calibre", f"{key}, or length_mm and radius_mm")
            return 1.0
        return self._poiseuille(edge, place, viscosity)

    def _poiseuille(self, edge: Mapping[str, Any], place: str, viscosity: float | None) -> float:
        length = self._number(edge, place, "length_mm", least=0.0)
        if edge.get("length_mm") is None:
            self.note(f"{place}.length_mm", "is missing", "a number ≥ 0")
        radii = self._radii(edge, place)
        if viscosity is None:
            field = "viscosity_mPa_s"
            if not any(f.field == field for f in self.faults):
                self.note(field, "is missing", "a number > 0: vessels are given by length and radius")
            return 1.0
        if length is None or not radii:
            return 1.0
        with np.errstate(over="ignore", divide="ignore"):
            resistance = vessel_resistance(length, radii, viscosity)
        if not math.isfinite(resistance):
            self.note(f"{place}.radius_mm", f"found {min(radii):g}", "a radius that blood can pass")
            return 1.0
        return resistance

    def _radii(self, edge: Mapping[str, Any], place: str) -> list[float]:
        given = edge.get("radius_mm")
        if given is None:
            self.note(f"{place}.radius_mm", "is missing", "a list of numbers > 0")
            return []
        values = given if isinstance(given, list) else [given]
        if not values:
            self.note(f"{place}.radius_mm", "the list is empty", "at least one number > 0")
        radii = []
        for i, value in enumerate(values):
            key = f"radius_mm[{i}]" if isinstance(given, list) else "radius_mm"
            if value is None:
                self.note(f"{place}.{key}", "found null", "a number > 0")
                continue
            number = self._number({key: value}, place, key, least=0.0, is_open_ended=False)
            if number is not None:
                radii.append(number)
        return radii if len(radii) == len(values) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    a: int
    b: int
    resistance: float
    quadratic: float
    external: float
    is_open: bool


def _network(
    node_ids: Sequence[Id],
    pressure: Sequence[float | None],
    inflow: Sequence[float | None],
    edge_ids: Sequence[Id],
    rows: Sequence[_Row],
) -> Network:
    def column(name: str) -> Any:
        return np.array([getattr(row, name) for row in rows], dtype=np.float64)

    return Network(
        node_ids=tuple(str(n) for n in node_ids),
        fixed=np.array([math.nan if p is None else p for p in pressure], dtype=np.float64),
        inflow=np.array([q or 0.0 for q in inflow], dtype=np.float64),
        edge_ids=tuple(str(e) for e in edge_ids),
        a=np.array([row.a for row in rows], dtype=np.int64),
        b=np.array([row.b for row in rows], dtype=np.int64),
        resistance=column("resistance"),
        quadratic=column("quadratic"),
        external=column("external"),
        is_open=np.array([row.is_open for row in rows], dtype=bool),
    )


def _finite(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return number if math.isfinite(number) else None


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "…"
