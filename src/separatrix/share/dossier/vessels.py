"""The chapter of the vessels: whose blood goes where, who keeps what, in what order."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from separatrix.body.vessels.model import Division, Edge, VesselGraph, VesselKind
from separatrix.core import Owner, Twin
from separatrix.share.dossier.charts import front_chart, step_chart
from separatrix.share.dossier.model import Chapter, Statement
from separatrix.share.dossier.wording import counted, number, owner_text, percent, sentence, twin_text

_HERE = Path(__file__).parent
_SLIDER = """(() => {
  const slider = document.getElementById("division-slider");
  if (!slider) return;
  const marker = document.getElementById("division-marker");
  const rows = [...document.querySelectorAll("#division-states tr[data-step]")];
  const told = document.getElementById("division-told");
  const places = marker ? marker.dataset.x.split(" ") : [];
  const show = () => {
    const step = Number(slider.value);
    if (marker) { marker.setAttribute("x1", places[step]); marker.setAttribute("x2", places[step]); }
    for (const row of rows) row.classList.toggle("now", Number(row.dataset.step) === step);
    told.textContent = rows[step] ? rows[step].dataset.words : "";
    document.dispatchEvent(new CustomEvent("division-step", { detail: step }));
  };
  slider.addEventListener("input", show);
  show();
})();"""
_CSS = """svg.chart { display: block; width: 100%; max-width: 860px; height: auto; border: 1px solid var(--line); }
#division-slider { width: 100%; max-width: 860px; }
#division-states tr.now th, #division-states tr.now td { background: #fff3d6; }
.order td, .order th { font-size: 0.92em; }
.order .to-a { border-left: 0.5em solid var(--a); }
.order .to-b { border-left: 0.5em solid var(--b); }
.omitted { font-size: 0.92em; color: #333; }
"""


def vessels_chapter(
    graph: VesselGraph, division: Division | None, flow: Mapping[str, Any], *, because: str = ""
) -> Chapter:
    """The pages about vessels and their division.

    Parameters
    ----------
    graph
        What vessels there are.
    division
        Who keeps what; None where no division could be planned, for the reason `because`.
    flow
        The station's ``flow``: exchange, drainage, vessels by pressure and direction.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=number, percent=percent, twin=twin_text, owner=owner_text, sentence=sentence
    )
    template = environment.get_template("vessels.html.j2")
    content = _content(graph, division, flow) | {"because": because}
    return Chapter(
        sections=(("vessels", "Vessels: whose blood goes where"), ("division", "Division: who keeps what")),
        screen=template.render(paper=False, **content),
        paper=template.render(paper=True, **content),
        statements=tuple(_statements(graph, division, because)),
        css=_CSS,
        script=_SLIDER if division is not None and division.steps else "",
    )


def view_of_vessels(graph: VesselGraph, division: Division | None, flow: Mapping[str, Any]) -> dict[str, Any]:
    """What the 3D view shows of the vessels: courses, owners, and the state after every step."""
    shown = [e for e in graph.edges if e.accepted and len(e.polyline_mm) > 1]
    step_of = {s.vessel: s.order for s in division.steps} if division else {}
    course = division.facts.get("course", {"vessels": [], "steps": []}) if division else flow["course"]
    place = {vessel: k for k, vessel in enumerate(course["vessels"])}
    known = {v["id"]: v.get("direction") != "unknown" for v in flow.get("vessels", ())}
    words = ["before any division"]
    if division is not None:
        words += [f"after step {s.order}: {s.vessel} {s.action}d" for s in division.steps]
    pick = [place.get(e.id) for e in shown]
    steps = [
        {
            "words": words[k] if k < len(words) else f"step {k}",
            "pressure": [None if i is None else row["pressure_mmHg"][i] for i in pick],
            "flow": [None if i is None else row["flow_ml_per_min"][i] for i in pick],
        }
        for k, row in enumerate(course["steps"])
    ]
    every = [p for step in steps for p in step["pressure"] if p is not None]
    return {
        "edges": [
            {
                "id": e.id,
                "words": f"{e.id}, {kind_words(e.kind)}",
                "owner": {Owner.A: "A", Owner.B: "B"}.get(e.owner, "shared"),
                "points": [list(p) for p in e.polyline_mm],
                "radius": [round(sum(e.radius_mm) / len(e.radius_mm), 3)],
                "step": step_of.get(e.id),
                "directionKnown": known.get(e.id, True),
            }
            for e in shown
        ],
        "steps": steps,
        "range_mmHg": [min(every, default=0.0), max(every, default=1.0)],
    }


def kind_words(kind: VesselKind) -> str:
    """A kind of vessel in words."""
    return kind.value.replace("_", " ")


def _content(graph: VesselGraph, division: Division | None, flow: Mapping[str, Any]) -> dict[str, Any]:
    crossing = [e for e in graph.edges if e.crossing and e.kind is not VesselKind.CONTACT]
    contacts = [e for e in graph.edges if e.kind is VesselKind.CONTACT]
    flows = {v["id"]: v for v in flow.get("vessels", ())}
    found: dict[str, Any] = {
        "graph": graph,
        "division": division,
        "flow": flow,
        "twins": tuple(Twin),
        "crossing": [_vessel_row(e, flows.get(e.id)) for e in crossing],
        "contacts": contacts,
        "kinds": _kinds(graph.edges),
        "chart": "",
        "front": "",
        "letters": {},
    }
    if division is not None and division.steps:
        found["chart"] = _pressure_chart(division)
        letters = dict(zip([r["plan"] for r in division.front], string.ascii_uppercase[2:], strict=False))
        found["letters"] = letters
        if len(division.front) > 1:
            chosen = next((k for k, r in enumerate(division.front) if r["is_chosen"]), 0)
            points = [
                (r["rise_mmHg"]["A"], r["rise_mmHg"]["B"], letters.get(r["plan"], "…"))
                for r in division.front
            ]
            found["front"] = front_chart(
                points,
                chosen,
                x_title="worst rise of venous pressure in ● A, mmHg",
                y_title="in ◆ B, mmHg",
            )
    return found


def _kinds(edges: Sequence[Edge]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for edge in edges:
        counts[kind_words(edge.kind)] = counts.get(kind_words(edge.kind), 0) + 1
    return sorted(counts.items())


def _vessel_row(edge: Edge, flow: Mapping[str, Any] | None) -> dict[str, Any]:
    diameter = [2 * r for r in edge.radius_mm]
    return {
        "id": edge.id,
        "kind": kind_words(edge.kind),
        "owner": {Owner.A: "A", Owner.B: "B"}.get(edge.owner, "shared"),
        "calibre": sum(diameter) / len(diameter),
        "narrowest": min(diameter),
        "doubt": 2 * edge.radius_sd_mm,
        "length": edge.length_mm,
        "marks": edge.marks,
        "flow": flow,
    }


def _pressure_chart(division: Division) -> Markup:
    rows = division.exchange
    values = {t: [row["worst_pressure_mmHg"][t.value] for row in rows] for t in Twin}
    return step_chart(
        values,
        x_title="vessels divided, in order",
        y_title="worst venous pressure, mmHg",
        x_words=[str(row["divisions"]) for row in rows],
        id="division-marker",
    )


def _statements(graph: VesselGraph, division: Division | None, because: str) -> list[Statement]:
    crossing = sum(e.crossing and e.accepted for e in graph.edges)
    contacts = sum(e.kind is VesselKind.CONTACT for e in graph.edges)
    found = [
        Statement(
            about="Vessels between the children",
            says=f"{counted(crossing, 'piece')} of vessel join the children or cross between them; "
            f"{counted(contacts, 'mere contact')} left out until accepted.",
            sure="as sure as the images and the label map; very thin veins may not show",
        )
    ]
    if division is None or not division.steps:
        says = sentence(because or (division.title if division else "no division was planned"))
        found.append(Statement(about="Division", says=says, sure="nothing is claimed"))
        return found
    rises = "; ".join(
        f"{twin_text(t)} worst rise {number(division.pressures[t.value]['peak_rise_mmHg'], 2)} mmHg"
        for t in Twin
    )
    draws = division.robustness.get("draws", 0)
    best = division.robustness.get("plans", ({},))[0].get("as_good_as_the_best")
    sure = "by the flow model, whose omissions stand beside it; risk bands are not validated"
    if draws and best is not None:
        sure += f"; as good as the best in {percent(best / draws)} of {draws} draws over its assumptions"
    found.append(
        Statement(
            about="Who keeps what, in what order",
            says=f"{sentence(division.title)} {counted(len(division.steps), 'division')}. {rises}.",
            sure=sure,
        )
    )
    return found
