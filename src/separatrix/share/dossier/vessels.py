"""The chapter of the vessels: whose blood goes where, who keeps what, in what order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from separatrix.body.vessels.model import Division, Edge, VesselGraph, VesselKind
from separatrix.core import Owner, Twin
from separatrix.share.dossier.charts import front_chart, step_chart
from separatrix.share.dossier.model import Chapter, Statement
from separatrix.share.dossier.wording import counted, number, owner_text, percent, sentence, twin_text
from separatrix.share.templates import templates_in

_HERE = Path(__file__).parent
_BALANCED = "none: the model sets the hearts’ venous pressures so that the pair is in balance at rest"
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
_CSS = """svg.chart { display: block; width: 100%; max-width: 860px; height: auto; }
#division-slider { width: 100%; max-width: 860px; }
#division-states tr.now th, #division-states tr.now td { background: #fff3d6; }
.order { table-layout: fixed; }
.order td, .order th { font-size: 0.88em; padding: 0.25em 0.5em; }
.order col.n { width: 6%; } .order col.v { width: 11%; } .order col.k { width: 12%; }
.order col.d { width: 24%; } .order col.r { width: 16%; }
.order col.w { width: 15%; } .order col.t { width: 8%; }
@media print { .order td, .order th { font-size: 0.72em; padding: 0.12em 0.4em; } }
.joining { table-layout: fixed; }
.joining td, .joining th { font-size: 0.9em; padding: 0.25em 0.5em; }
.joining small { font-weight: normal; }
.joining col.v { width: 22%; } .joining col.s { width: 20%; } .joining col.f { width: 33%; }
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
    environment = templates_in(_HERE / "templates")
    environment.filters.update(
        number=number,
        percent=percent,
        twin=twin_text,
        owner=owner_text,
        sentence=sentence,
        rise=_rise,
        region=_region,
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
    course = (division.facts.get("course") if division else None) or _before(flow)
    place = {vessel: k for k, vessel in enumerate(course["vessels"])}
    known = {v["vessel"]: v["direction_known"] for v in flow["vessels"]}
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
    veins = [k for k, e in enumerate(shown) if e.kind is not VesselKind.ARTERY]
    every = [p for step in steps for k in veins if (p := step["pressure"][k]) is not None]
    return {
        "edges": [
            {
                "id": e.id,
                "words": f"{e.id}, {kind_words(e.kind)}",
                "owner": {Owner.A: "A", Owner.B: "B"}.get(e.owner, "shared"),
                "points": [list(p) for p in e.polyline_mm],
                "radius": [round(sum(e.radius_mm) / len(e.radius_mm), 3)],
                "step": step_of.get(e.id),
                "directionKnown": known.get(e.id, False),
            }
            for e in shown
        ],
        "steps": steps,
        "range_mmHg": [min(every, default=0.0), max(every, default=1.0)],
    }


def _before(flow: Mapping[str, Any]) -> dict[str, Any]:
    """The course where nothing is divided: the state before alone."""
    rows = flow["vessels"]
    now = {"divisions": 0, **{key: [r[key] for r in rows] for key in ("pressure_mmHg", "flow_ml_per_min")}}
    return {"vessels": [r["vessel"] for r in rows], "steps": [now]}


def kind_words(kind: VesselKind) -> str:
    """A kind of vessel in words."""
    return kind.value.replace("_", " ")


def _content(graph: VesselGraph, division: Division | None, flow: Mapping[str, Any]) -> dict[str, Any]:
    crossing = [e for e in graph.edges if e.crossing and e.kind is not VesselKind.CONTACT]
    contacts = [e for e in graph.edges if e.kind is VesselKind.CONTACT]
    ends = _ends(graph)
    flows = {v["vessel"]: _flow_words(v, ends) for v in flow["vessels"]}
    whose = {v["vessel"]: _whose_words(v) for v in flow["vessels"]}
    found: dict[str, Any] = {
        "graph": graph,
        "division": division,
        "exchange": _exchange_words(flow["exchange"]),
        "observations": flow["observations"],
        "tilt": flow["tilt"],
        "twins": tuple(Twin),
        "crossing": [_vessel_row(e, flows.get(e.id)) | {"whose": whose.get(e.id, "–")} for e in crossing],
        "contacts": contacts,
        "kinds": _kinds(graph.edges),
        "chart": "",
        "front": "",
        "not_carried": not_carried(division),
        "net_transfusion": division.facts.get("net_transfusion", "") if division else "",
    }
    if division is not None and division.steps:
        found["chart"] = _pressure_chart(division)
        if len(division.front) > 1:
            chosen = next((k for k, r in enumerate(division.front) if r["is_chosen"]), 0)
            points = [(r["rise_mmHg"]["A"], r["rise_mmHg"]["B"], r["plan"]) for r in division.front]
            found["front"] = front_chart(
                points,
                chosen,
                x_title="worst rise of venous pressure in ● A, mmHg",
                y_title="in ◆ B, mmHg",
            )
    return found


def _rise(value: float) -> str:
    """A change with its sign; none where it rounds to nothing."""
    return "0" if abs(value) < 0.05 else f"{value:+.1f}"


def _kinds(edges: Sequence[Edge]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for edge in edges:
        counts[kind_words(edge.kind)] = counts.get(kind_words(edge.kind), 0) + 1
    return sorted(counts.items())


def _region(name: str, twin: Twin) -> str:
    """A region's name where its column tells the child already."""
    return name.removeprefix(f"{twin.value} {twin.mark} ")


def _ends(graph: VesselGraph) -> dict[str, dict[str, str]]:
    """What stands at the ends of each vessel: an outlet, a region, or the vessels beyond."""
    meeting: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.accepted:
            for end in {edge.a, edge.b}:
                meeting.setdefault(end, []).append(edge.id)
    found: dict[str, dict[str, str]] = {}
    for node in graph.nodes:
        child = {Owner.A: f"{twin_text(Twin.A)}’s ", Owner.B: f"{twin_text(Twin.B)}’s "}.get(node.owner, "")
        what = {"jugular": "jugular vein", "territory": node.name or "cortex"}.get(node.kind, node.name)
        for vessel in meeting.get(node.id, ()):
            beyond = [v for v in meeting[node.id] if v != vessel]
            found.setdefault(vessel, {})[node.id] = f"{child}{what}" if what else " and ".join(beyond)
    return found


def _flow_words(row: Mapping[str, Any], ends: Mapping[str, Mapping[str, str]]) -> str:
    """How much flows where, and how sure that is."""
    flow, low, high = row["flow_ml_per_min"], row["low_ml_per_min"], row["high_ml_per_min"]
    if flow is None:
        return "no way out: nothing flows"
    amount = f"{number(abs(flow), 2)} ml/min"
    if not row["direction_known"]:
        span = "" if low is None or high is None else f" ({number(max(abs(low), abs(high)), 2)} at most)"
        return f"{amount}{span}, direction unknown"
    if low is not None and high is not None:
        least, most = sorted((abs(low), abs(high))) if low * high > 0 else (0.0, max(abs(low), abs(high)))
        amount += f" ({number(least, 2)} to {number(most, 2)})"
    seen = ", as observed" if row["direction_observed"] else ""
    end = ends.get(row["vessel"], {}).get(row["towards"]) or row["towards"]
    return f"{amount} towards {end}{seen}" if row["towards"] else amount + seen


def _whose_words(row: Mapping[str, Any]) -> str:
    """Whose blood a vessel carries and with whom it ends; nothing where the direction is unknown."""
    if not row["direction_known"]:
        return "unknown, as the direction"
    if row["share_of_a"] is None or row["share_to_a"] is None:
        return "–"
    parts = (_parted(row["share_of_a"]), _parted(row["share_to_a"]))
    return f"of {parts[0]}; to {parts[1]}"


def _parted(share_of_a: float) -> str:
    """A share as what falls to each child."""
    a, b = twin_text(Twin.A), twin_text(Twin.B)
    if share_of_a > 0.995 or share_of_a < 0.005:
        return f"{a if share_of_a > 0.5 else b} alone"
    return f"{a} {share_of_a:.0%}, {b} {1 - share_of_a:.0%}"


def _exchange_words(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    mixing, net = row["mixing_time_min"], row["net_ml_per_min"] or 0.0
    losing, gaining = (Twin.A, Twin.B) if net > 0 else (Twin.B, Twin.A)
    drained = row["drained_by_other"]
    return [
        ("Gross, from ● A to ◆ B", f"{row['a_to_b_ml_per_min'] or 0:.0f} ml/min"),
        ("Gross, from ◆ B to ● A", f"{row['b_to_a_ml_per_min'] or 0:.0f} ml/min"),
        (
            "Net transfusion",
            _BALANCED
            if abs(net) < 0.5
            else f"{abs(net):.0f} ml/min from {twin_text(losing)} to {twin_text(gaining)}",
        ),
        *(
            (f"Of the blood of {twin_text(t)}, drained by the other child", percent(drained[t.value] or 0, 2))
            for t in Twin
        ),
        ("Time constant of mixing", mixing if isinstance(mixing, str) else f"{number(mixing, 2)} min"),
    ]


def _vessel_row(edge: Edge, flow: str | None) -> dict[str, Any]:
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


def not_carried(division: Division | None) -> str:
    """A warning where another end state is best more often than this one; empty where none is."""
    robustness = division.robustness if division else {}
    plans = {p["plan"]: p for p in robustness.get("plans", ())}
    chosen = next((r["plan"] for r in division.front if r["is_chosen"]), "") if division else ""
    if chosen not in plans:
        return ""
    rival = max(plans.values(), key=lambda p: int(p["as_good_as_the_best"]))
    mine = plans[chosen]
    if rival["as_good_as_the_best"] <= mine["as_good_as_the_best"]:
        return ""
    share, other = (percent(p["as_good_as_the_best"] / robustness["draws"], 2) for p in (mine, rival))
    return (
        f"The uncertainty does not carry this choice: over {robustness['draws']} draws of the assumptions "
        f"this end state is as good as the best in {share}, another ({rival['plan']}) in {other}. "
        "It is shown as a basis for the team’s discussion, not as a recommendation."
    )


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
