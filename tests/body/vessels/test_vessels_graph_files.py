"""``graph.json``: bytes, round trip, faults of hand-edited graphs, and what was edited in words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from separatrix.body.vessels.edits import BY_HAND, accept_contacts, differences, misfits
from separatrix.body.vessels.graph_io import graph_as_data, load_graph, save_graph
from separatrix.body.vessels.model import DroppedPiece, Edge, Node, VesselGraph, VesselKind
from separatrix.core import Grid, InputError, Owner

GRID = Grid(shape=(60, 50, 40), spacing_mm=(1, 1, 1), origin_mm=(-20, -25, -30))


def small_graph() -> VesselGraph:
    """A bridging vein of A into the ring, a vein of B beside it: no two ends alike."""
    return VesselGraph(
        nodes=(
            Node(id="n1", kind="territory", owner=Owner.A, xyz_mm=(1.5, -12.0, -20.25)),
            Node(id="n2", kind="junction", owner=Owner.SHARED, xyz_mm=(4.0, 3.0, 1.0)),
            Node(id="n3", kind="contact", owner=Owner.B, xyz_mm=(6.0, 4.0, 2.0), volume_ml=12.5, name="here"),
        ),
        edges=(
            Edge(
                id="A-BV01",
                a="n1",
                b="n2",
                kind=VesselKind.BRIDGING_VEIN,
                owner=Owner.A,
                crossing=False,
                length_mm=26.1,
                radius_mm=(0.8, 0.9, 1.25),
                radius_sd_mm=0.3,
                polyline_mm=((1.5, -12.0, -20.25), (2.0, -4.0, -9.0), (4.0, 3.0, 1.0)),
                marks=("gap closed 2 voxels",),
            ),
            Edge(
                id="C01",
                a="n2",
                b="n3",
                kind=VesselKind.CONTACT,
                owner=Owner.SHARED,
                crossing=True,
                length_mm=2.4,
                radius_mm=(0.7,),
                polyline_mm=((4.0, 3.0, 1.0), (6.0, 4.0, 2.0)),
                probability=0.2,
                accepted=False,
            ),
        ),
        viscosity_mPa_s=3.0,
        dropped=(DroppedPiece(volume_mm3=2.0, centre_mm=(1.0, 2.0, 3.0), because="short"),),
        notes=("a note",),
    )


def written(tmp_path: Path, change: Any) -> Path:
    data = graph_as_data(small_graph())
    change(data)
    path = tmp_path / "edited.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def fields(error: InputError) -> set[str]:
    return {f.field for f in error.faults}


def test_a_graph_is_read_as_it_was_written_and_bytes_are_stable(tmp_path: Path) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    save_graph(small_graph(), one)
    assert load_graph(one) == small_graph()
    save_graph(load_graph(one), other)
    assert one.read_bytes() == other.read_bytes()


def _break_everything(data: Any) -> None:
    data["viscosity_mPa_s"] = 0
    data["nodes"][0]["kind"] = "teritory"
    data["nodes"][1]["id"] = "n3"
    data["edges"][0]["radius_mm"][1] = 0
    data["edges"][0]["radius_mm"][2] = -1.0
    data["edges"][0]["b"] = "n99"
    data["edges"][1]["kind"] = "arterie"
    data["edges"][1]["length_mm"] = -3


def test_all_faults_of_a_file_are_told_at_once_with_their_place(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_graph(written(tmp_path, _break_everything), named="edited.json")
    assert {
        "viscosity_mPa_s",
        "nodes[0].kind",
        "edges[0].radius_mm[1]",
        "edges[0].radius_mm[2]",
        "edges[0].b",
        "edges[1].kind",
        "edges[1].length_mm",
    } <= fields(caught.value)
    text = str(caught.value)
    assert "territory" in text
    assert "artery" in text
    assert "edited.json" in text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: d["nodes"].append(dict(d["nodes"][0])), "nodes[3].id"),  # the same id twice
        (lambda d: d["edges"].append(dict(d["edges"][0])), "edges[2].id"),
        (lambda d: d["edges"][0].update(b="n1"), "edges[0]"),  # begins and ends at one node
        (lambda d: d["edges"][0].update(radius_mm=[]), "edges[0].radius_mm"),
        (lambda d: d["edges"][0].update(radius_mm=[float("nan")]), "edges[0].radius_mm[0]"),
        (lambda d: d["edges"][0].pop("length_mm"), "edges[0].length_mm"),
        (lambda d: d["nodes"][0].update(xyz_mm=[1, 2]), "nodes[0].xyz_mm"),
        (lambda d: d["nodes"][0].update(owner="C"), "nodes[0].owner"),
        (lambda d: d.update(format=2), "format"),
        (lambda d: d.update(edges=[]), "edges"),
    ],
)
def test_each_fault_has_its_place(tmp_path: Path, change: Any, field: str) -> None:
    with pytest.raises(InputError) as caught:
        load_graph(written(tmp_path, change))
    assert field in fields(caught.value)


def test_what_is_no_json_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text('{"format": 1,\n "nodes": [}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_graph(path)
    assert caught.value.faults[0].line == 2


def test_an_unedited_graph_differs_in_nothing() -> None:
    assert differences(small_graph(), small_graph()) == ()


def test_edits_are_told_in_words() -> None:
    before = small_graph()
    vein, contact = before.edges
    moved = replace(before.nodes[0], xyz_mm=(1.5, -12.0, -17.25), owner=Owner.B)
    wider = replace(vein, radius_mm=(1.0, 1.1, 1.25))
    added = replace(vein, id="new", a="n1", b="n3")
    after = replace(before, nodes=(moved, *before.nodes[1:]), edges=(wider, added))
    assert differences(before, after) == (
        "node n1: moved by 3.0 mm",
        "node n1: owner A → B",
        "vessel A-BV01: radius 0.80-1.25 → 1.00-1.25 mm",
        f"vessel {contact.id} taken out",
        "vessel new added",
    )


def test_a_graph_that_no_longer_fits_the_images_is_refused_by_node() -> None:
    images = small_graph()
    outside = replace(images.nodes[0], xyz_mm=(1.5, -12.0, -50.0))
    astray = replace(images.nodes[1], xyz_mm=(-15.0, 15.0, 20.0))
    edited = replace(images, nodes=(outside, astray, images.nodes[2]))
    faults = misfits(edited, images, GRID, file="edited.json", reach_mm=5.0)
    assert [f.field for f in faults] == ["nodes[0].xyz_mm", "nodes[1].xyz_mm"]
    assert "outside the images" in faults[0].problem
    assert "from any vessel" in faults[1].problem


def test_a_vessel_told_by_hand_may_lie_where_the_images_show_none() -> None:
    images = small_graph()
    far = Node(id="n9", kind="territory", owner=Owner.B, xyz_mm=(-15.0, 15.0, 20.0))
    vein = replace(images.edges[0], id="new", a="n9", b="n2")
    for marks, count in (((), 1), ((BY_HAND,), 0)):
        edited = replace(
            images, nodes=(*images.nodes, far), edges=(*images.edges, replace(vein, marks=marks))
        )
        assert len(misfits(edited, images, GRID, file="edited.json", reach_mm=5.0)) == count


def test_an_accepted_contact_carries_blood_and_is_told() -> None:
    graph = accept_contacts(small_graph(), ["C01"])
    assert [e.accepted for e in graph.edges] == [True, True]
    assert graph.edits == ("vessel C01: accepted as open",)


def test_a_contact_that_is_none_is_refused_with_a_near_name() -> None:
    with pytest.raises(InputError, match="C01") as caught:
        accept_contacts(small_graph(), ["C1", "A-BV01"])
    assert [f.field for f in caught.value.faults] == [
        "vessels.accept_contacts[0]",
        "vessels.accept_contacts[1]",
    ]
