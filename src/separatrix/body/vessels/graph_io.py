"""``graph.json``: the vessel graph as a file, written by us, edited by hand, read with all its faults."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from separatrix.body.vessels.model import DroppedPiece, Edge, Node, VesselGraph, VesselKind
from separatrix.core import Fault, InputError, Owner, near_names
from separatrix.core.storage import to_json, write_atomic

FORMAT = 1

NODE_KINDS = ("junction", "end", "territory", "jugular", "calibre", "contact")

OWNERS = {"A": Owner.A, "B": Owner.B, "shared": Owner.SHARED}

_KINDS = {k.value: k for k in VesselKind}

_FINEST_MM = 0.001
"""A radius below the smallest capillary's is a slip of the pen."""

_LONGEST_MM = 2000.0
"""No vessel is longer; more is a slip of units."""


def graph_as_data(graph: VesselGraph) -> dict[str, Any]:
    """The graph as plain data, keys in a fixed order."""
    return {
        "format": FORMAT,
        "viscosity_mPa_s": graph.viscosity_mPa_s,
        "nodes": [_node_data(n) for n in graph.nodes],
        "edges": [_edge_data(e) for e in graph.edges],
        "dropped": [
            {"volume_mm3": d.volume_mm3, "centre_mm": list(d.centre_mm), "because": d.because}
            for d in graph.dropped
        ],
        "edits": list(graph.edits),
        "notes": list(graph.notes),
        "assumptions": list(graph.assumptions),
    }


def save_graph(graph: VesselGraph, path: Path) -> None:
    """Write ``graph.json``: the same bytes for the same graph."""
    write_atomic(path, to_json(graph_as_data(graph)))


def _node_data(node: Node) -> dict[str, Any]:
    data: dict[str, Any] = {"id": node.id}
    if node.xyz_mm is not None:
        data["xyz_mm"] = list(node.xyz_mm)
    data |= {"kind": node.kind, "owner": _owner_name(node.owner)}
    if node.name:
        data["name"] = node.name
    if node.volume_ml is not None:
        data["volume_ml"] = node.volume_ml
    return data


def _edge_data(edge: Edge) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": edge.id,
        "a": edge.a,
        "b": edge.b,
        "kind": edge.kind.value,
        "owner": _owner_name(edge.owner),
        "crossing": edge.crossing,
        "length_mm": edge.length_mm,
        "radius_mm": list(edge.radius_mm),
        "radius_sd_mm": edge.radius_sd_mm,
        "polyline_mm": [list(p) for p in edge.polyline_mm],
    }
    if edge.probability is not None:
        data["probability"] = edge.probability
    if not edge.accepted:
        data["accepted"] = False
    if edge.marks:
        data["marks"] = list(edge.marks)
    return data


def _owner_name(owner: Owner) -> str:
    return next((name for name, o in OWNERS.items() if o is owner), "shared")


def load_graph(path: Path, *, named: str = "") -> VesselGraph:
    """Read a vessel graph; keys that are not known are passed over.

    Parameters
    ----------
    path
        The file.
    named
        How messages call it; the path if empty.

    Raises
    ------
    InputError
        With every fault at once, each with its place in the file such as ``edges[3].radius_mm[0]``.
    """
    file = named or str(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            Fault(file=file, problem=f"cannot be read ({error.strerror})", expected="a vessel graph (JSON)")
        ) from error
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise InputError(Fault(file=file, line=line, problem=f"is not JSON ({error})")) from error
    reading = _Reading(file=file)
    graph = reading.graph(data)
    if reading.faults:
        raise InputError(*reading.faults)
    assert graph is not None
    return graph


@dataclass(slots=True)
class _Reading:
    """One reading of a graph's data, faults collected on the way."""

    file: str
    faults: list[Fault] = field(default_factory=list)

    def fault(self, place: str, problem: str, expected: str = "", mend: str = "") -> None:
        self.faults.append(Fault(file=self.file, field=place, problem=problem, expected=expected, mend=mend))

    def graph(self, data: Any) -> VesselGraph | None:
        if not isinstance(data, Mapping):
            self.fault("", "is no vessel graph", "an object with format, viscosity_mPa_s, nodes and edges")
            return None
        if data.get("format") != FORMAT:
            self.fault("format", f"found {data.get('format')!r}", str(FORMAT))
        viscosity = self.number(data, "", "viscosity_mPa_s", above=0)
        nodes = [n for i, d in enumerate(self.listed(data, "nodes")) if (n := self.node(d, f"nodes[{i}]"))]
        edges = [e for i, d in enumerate(self.listed(data, "edges")) if (e := self.edge(d, f"edges[{i}]"))]
        self.names(data, "nodes")
        self.names(data, "edges")
        self.ends(data, [n.id for n in nodes])
        if self.faults:
            return None
        return VesselGraph(
            nodes=tuple(nodes),
            edges=tuple(edges),
            viscosity_mPa_s=viscosity,
            dropped=tuple(self.dropped(data)),
            edits=self.words(data, "edits"),
            notes=self.words(data, "notes"),
            assumptions=self.words(data, "assumptions"),
        )

    def listed(self, data: Mapping[str, Any], key: str) -> list[Any]:
        found = data.get(key)
        if isinstance(found, list) and found:
            return found
        self.fault(key, "holds nothing" if key in data else "is missing", f"a list of {key}")
        return []

    def node(self, data: Any, place: str) -> Node | None:
        if not isinstance(data, Mapping):
            self.fault(place, f"found {data!r}", "an object with id, kind and owner")
            return None
        name = self.text(data, place, "id")
        kind = self.choice(data, place, "kind", dict.fromkeys(NODE_KINDS, ""))
        owner = self.choice(data, place, "owner", OWNERS)
        xyz = self.point(data["xyz_mm"], f"{place}.xyz_mm") if data.get("xyz_mm") is not None else None
        volume = self.number(data, place, "volume_ml", above=0) if data.get("volume_ml") is not None else None
        if not name or kind is None or owner is None:
            return None
        return Node(
            id=name,
            kind=kind,
            owner=OWNERS[owner],
            xyz_mm=xyz,
            name=str(data.get("name", "")),
            volume_ml=volume,
        )

    def edge(self, data: Any, place: str) -> Edge | None:
        if not isinstance(data, Mapping):
            self.fault(place, f"found {data!r}", "an object with id, a, b, kind, owner, length_mm, radius_mm")
            return None
        before = len(self.faults)
        name, a, b = (self.text(data, place, key) for key in ("id", "a", "b"))
        kind = self.choice(data, place, "kind", _KINDS)
        owner = self.choice(data, place, "owner", OWNERS)
        length = self.number(data, place, "length_mm", above=0, most=_LONGEST_MM)
        radius = self.radii(data, place)
        doubt = self.number(data, place, "radius_sd_mm", least=0, default=0.0)
        line = [
            self.point(p, f"{place}.polyline_mm[{i}]") for i, p in enumerate(data.get("polyline_mm") or [])
        ]
        probability = None
        if data.get("probability") is not None:
            probability = self.number(data, place, "probability", least=0, most=1)
        crossing, accepted = (
            self.flag(data, place, "crossing", False),
            self.flag(data, place, "accepted", True),
        )
        if a and a == b:
            self.fault(place, f"begins and ends at {a}", "two nodes", "set a node of kind calibre on a ring")
        if len(self.faults) > before or kind is None or owner is None:
            return None
        return Edge(
            id=name,
            a=a,
            b=b,
            kind=_KINDS[kind],
            owner=OWNERS[owner],
            crossing=crossing,
            length_mm=length,
            radius_mm=radius,
            radius_sd_mm=doubt,
            polyline_mm=tuple(p for p in line if p is not None),
            probability=probability,
            accepted=accepted and (_KINDS[kind] is not VesselKind.CONTACT or "accepted" in data),
            marks=self.words(data, "marks"),
        )

    def radii(self, data: Mapping[str, Any], place: str) -> tuple[float, ...]:
        found = data.get("radius_mm")
        if not isinstance(found, list) or not found:
            self.fault(f"{place}.radius_mm", f"found {found!r}", "one or more inner radii in mm")
            return ()
        for i, value in enumerate(found):
            if not _is_number(value) or not _FINEST_MM <= value <= _LONGEST_MM:
                self.fault(
                    f"{place}.radius_mm[{i}]",
                    f"found {value!r}",
                    f"a radius above 0 mm: from {_FINEST_MM:g} to {_LONGEST_MM:g}",
                    "a closed vessel is taken out of edges, not given radius 0",
                )
        return tuple(float(v) for v in found if _is_number(v))

    def names(self, data: Mapping[str, Any], key: str) -> None:
        seen: dict[str, int] = {}
        for i, item in enumerate(_list_of(data, key)):
            name = item.get("id") if isinstance(item, Mapping) else None
            if isinstance(name, str) and name in seen:
                self.fault(f"{key}[{i}].id", f"'{name}' is also {key}[{seen[name]}]", "every id once")
            elif isinstance(name, str):
                seen[name] = i

    def ends(self, data: Mapping[str, Any], nodes: list[str]) -> None:
        known = set(nodes)
        for i, item in enumerate(_list_of(data, "edges")):
            for key in ("a", "b"):
                name = item.get(key) if isinstance(item, Mapping) else None
                if isinstance(name, str) and name and name not in known:
                    self.fault(
                        f"edges[{i}].{key}",
                        f"there is no node '{name}'",
                        "an id of nodes",
                        near_names(name, nodes),
                    )

    def text(self, data: Mapping[str, Any], place: str, key: str) -> str:
        value = data.get(key)
        if isinstance(value, str) and value:
            return value
        self.fault(f"{place}.{key}", f"found {value!r}" if key in data else "is missing", "a name")
        return ""

    def choice(
        self, data: Mapping[str, Any], place: str, key: str, among: Mapping[str, object]
    ) -> str | None:
        value = data.get(key)
        if isinstance(value, str) and value in among:
            return value
        problem = f"found {value!r}" if key in data else "is missing"
        mend = near_names(value, list(among)) if isinstance(value, str) else ""
        self.fault(f"{place}.{key}", problem, f"one of {', '.join(among)}", mend)
        return None

    def number(
        self,
        data: Mapping[str, Any],
        place: str,
        key: str,
        *,
        above: float | None = None,
        least: float | None = None,
        most: float | None = None,
        default: float | None = None,
    ) -> float:
        value = data.get(key, default)
        low, high = above if above is not None else least, most
        good = (
            _is_number(value)
            and (above is None or value > above)
            and (least is None or value >= least)
            and (high is None or value <= high)
        )
        if good:
            return float(value)
        limit = "" if low is None else f" {'above' if above is not None else 'from'} {low:g}"
        limit += "" if high is None else f" to {high:g}"
        found = f"found {value!r}" if key in data else "is missing"
        self.fault(f"{place}.{key}".lstrip("."), found, f"a number{limit}")
        return 0.0

    def flag(self, data: Mapping[str, Any], place: str, key: str, default: bool) -> bool:
        value = data.get(key, default)
        if not isinstance(value, bool):
            self.fault(f"{place}.{key}", f"found {value!r}", "true or false")
            return default
        return value

    def point(self, value: Any, place: str) -> tuple[float, float, float] | None:
        if isinstance(value, list) and len(value) == 3 and all(_is_number(v) for v in value):
            x, y, z = (float(v) for v in value)
            return x, y, z
        self.fault(place, f"found {value!r}", "x, y, z in mm (LPS)")
        return None

    def words(self, data: Mapping[str, Any], key: str) -> tuple[str, ...]:
        found = data.get(key)
        return tuple(str(w) for w in found) if isinstance(found, list) else ()

    def dropped(self, data: Mapping[str, Any]) -> Iterator[DroppedPiece]:
        for i, item in enumerate(data.get("dropped") or []):
            place = f"dropped[{i}]"
            centre = (
                self.point(item.get("centre_mm"), f"{place}.centre_mm") if isinstance(item, Mapping) else None
            )
            if centre is not None:
                volume = self.number(item, place, "volume_mm3", least=0)
                yield DroppedPiece(volume_mm3=volume, centre_mm=centre, because=str(item.get("because", "")))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _list_of(data: Mapping[str, Any], key: str) -> list[Any]:
    found = data.get(key)
    return found if isinstance(found, list) else []
