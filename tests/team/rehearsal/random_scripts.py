"""Small hostile scripts with every feature of the arrays, from a seed: implementations must agree on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from separatrix.team.rehearsal.play.arrays import (
    AFTER,
    CIRCULATIONS_PART,
    CRITICAL,
    KNOTS,
    OF_PAIR,
    PAR_FIELDS,
    RELIEF,
    ROOM,
    SEPARATION,
    STANDBY,
    Arrays,
    as_arrays,
)
from separatrix.team.rehearsal.play.outputs import Layout

USUAL = {
    "operation_ln_mean": 0.05,
    "operation_ln_sd": 0.2,
    "phase_ln_sd": 0.2,
    "tail_probability": 0.2,
    "tail_factor": 2.0,
    "preemption": 0.0,
    "free_min": 1.0,
    "break_call_min": 4.0,
    "preempt_min": 2.0,
    "other_cover_min": 3.0,
    "equipment_min": 2.0,
    "short_handed_factor": 1.5,
    "handover_min": 5.0,
    "retry_min": 7.0,
    "standby_ready_min": 25.0,
    "loss_ln_sd": 0.6,
    "tick_min": 10.0,
    "tick_bleeding_min": 1.0,
    "haematocrit_trigger": 0.24,
    "haematocrit_target": 0.3,
    "red_pack_ml": 280.0,
    "red_pack_haematocrit": 0.6,
    "red_pack_potassium_mmol": 7.0,
    "plasma_pack_ml": 250.0,
    "platelet_pack_ml": 200.0,
    "platelet_pack_clotting": 0.8,
    "product_delay_min": 9.0,
    "massive_ml_per_kg": 25.0,
    "fluid_ml_per_kg_per_min": 1.5,
    "diuresis_ml_per_kg_per_min": 0.05,
    "clotting_trigger": 0.5,
    "clotting_threshold": 0.4,
    "potassium_threshold_mmol_per_l": 6.0,
    "potassium_uptake_per_min": 0.02,
    "temperature_rest_c": 36.5,
    "temperature_rate_per_min": 0.01,
    "product_c": 8.0,
    "heat_ratio": 1.2,
    "volume_floor": 0.5,
    "temperature_rest_sd_c": 0.4,
    "product_ml_per_kg": 15.0,
}
"""Numbers of a plain rehearsal, one for each of `PAR_FIELDS`."""


def par_of(**changes: float) -> list[float]:
    """The usual numbers with some changed."""
    numbers = {**USUAL, **changes}
    return [numbers[name] for name in PAR_FIELDS]


def _pointer(lists: list[list[Any]]) -> list[int]:
    return [0, *np.cumsum([len(some) for some in lists], dtype=np.int64).tolist()]


def _flat(lists: list[list[Any]]) -> list[Any]:
    return [one for some in lists for one in some]


def _tables(rng: np.random.Generator, rows: int, least: float, most: float) -> np.ndarray:
    """(rows, KNOTS) rising quantiles; every seventh row is a fixed number of minutes."""
    ends = np.sort(rng.uniform(least, most, (rows, 2)), axis=1)
    tables = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * np.linspace(0.0, 1.0, KNOTS) ** rng.uniform(0.5, 2.0)
    tables[::7] = np.round(tables[::7, :1])
    return tables


def random_script(seed: int) -> tuple[Arrays, Layout]:
    """A script of 5-12 nodes, one to three patients, one to three chains."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 11))
    branch_nodes = int(rng.integers(1, 4))
    all_nodes = n + branch_nodes
    m, people, skills = int(rng.integers(1, 4)), int(rng.integers(5, 10)), 4
    phases = 3
    everybody = (1 << m) - 1

    # who
    need_people = [
        sorted(rng.choice(people, size=int(rng.integers(1, people)), replace=False).tolist())
        for _ in range(skills)
    ]
    standby_need, nobody_need = skills, skills + 1
    need_people += [[people, people + 1], []]
    pool = [ROOM] * (people - 2) + [RELIEF] * 2 + [STANDBY] * 2
    shift = np.zeros((people + 2, 2))
    shift[:, 1] = rng.choice([100.0, 300.0, 2000.0], people + 2)
    shift[: people // 3, 0] = rng.choice([0.0, 40.0])
    shift[people:] = (0.0, 3000.0)

    # nodes
    slots = []
    for node in range(all_nodes):
        mine = rng.choice(people, size=int(rng.integers(1, 4)), replace=False).tolist()
        need = int(rng.integers(skills))
        slots.append([(person if node < n and rng.random() < 0.8 else -1, need) for person in mine])
    marks = np.where(rng.random(all_nodes) < 0.25, CRITICAL, 0)
    parting = n // 2
    marks[parting] |= SEPARATION
    marks[parting + 1] |= CIRCULATIONS_PART
    group = np.full(all_nodes, -1)
    if rng.random() < 0.5:
        group[[0, 1]] = 0
    patients = rng.integers(1, everybody + 1, all_nodes)
    loss = rng.uniform(0.0, 6.0, (all_nodes, m)) * (rng.random((all_nodes, 1)) < 0.6)
    loss *= (patients[:, None] >> np.arange(m)) & 1

    # chains and their turns
    chains = int(rng.integers(1, 4))
    turns: list[list[int]] = []
    planned: list[list[float]] = []
    chain_needs, chain_begins, chain_ends = [], [], []
    for _ in range(chains):
        begins, ends = sorted(rng.choice(n, 2, replace=False).tolist())
        chain_needs.append(int(rng.integers(skills)))
        chain_begins.append(begins)
        chain_ends.append(ends)
        turns.append(rng.choice(people, size=int(rng.integers(1, 4)), replace=False).tolist())
        planned.append(np.sort(np.round(rng.uniform(0.0, 150.0, len(turns[-1])))).tolist())
    t = sum(map(len, turns))

    # arcs between items
    arcs: list[list[tuple[int, float, int, int]]] = [[] for _ in range(all_nodes + t)]
    for to in range(1, n):
        for before in set(rng.integers(0, to, int(rng.integers(0, 3))).tolist()):
            if group[to] >= 0 and group[before] >= 0:
                continue
            from_start = int(rng.random() < 0.2)
            lag = float(rng.choice([0.0, 0.0, 5.0, 12.5]))
            person = int(rng.integers(people)) if lag > 0.0 and not from_start and rng.random() < 0.5 else -1
            arcs[before].append((to, lag, from_start, person))
    for turn in range(t):
        if rng.random() < 0.5:
            arcs[int(rng.integers(n))].append((all_nodes + turn, 3.0, 0, -1))
        if rng.random() < 0.3:
            arcs[all_nodes + turn].append((int(rng.integers(n // 2, n)), 0.0, 0, -1))
    if branch_nodes > 1:
        arcs[n].append((n + 1, 1.0, 0, -1))
    waits = np.zeros(all_nodes + t, np.int64)
    for to, *_ in _flat(arcs):
        waits[to] += 1

    # what there is
    equipment = rng.integers(1, 3, 2)
    stock_patient = [*range(m), -1, -1, -1, -1]
    stock_blood = [1] * m + [1, 2, 3, 0]
    stock = [*rng.integers(0, 6, m + 3).tolist(), 2]
    columns = len(stock)

    # complications and responses
    k, r = 5, 8
    response_of = rng.integers(-1, r - 1, (k, 2, m + 1))
    response_of[k - 1] = r - 1
    flags = np.where(rng.random(r) < 0.3, OF_PAIR, 0)
    flags[r - 1] |= AFTER
    calls = [
        rng.integers(0, skills + (rng.random() < 0.2) * 2, int(rng.integers(1, 4))).tolist()
        for _ in range(r - 1)
    ]
    calls = [[need if need != standby_need else nobody_need for need in some] for some in calls]
    calls.append([standby_need, standby_need])
    response_consumables = rng.integers(0, 3, (r, columns)) * (rng.random((r, columns)) < 0.3)

    # causes
    x = 7
    count = (rng.random(x) < 0.3).astype(int)
    number = np.where(count == 1, rng.uniform(0.2, 2.0, x), rng.uniform(0.1, 0.9, x))
    drawn = np.where((rng.random(x) < 0.3) & (count == 0), np.minimum(0.95, number * 1.5), number)
    drawn = np.where((rng.random(x) < 0.3) & (count == 1), number * 1.4, drawn)
    sites = [
        sorted(rng.choice(all_nodes, size=int(rng.integers(1, 5)), replace=False).tolist()) for _ in range(x)
    ]
    up_to = [np.cumsum(np.full(len(some), 1.0 / len(some))).tolist() for some in sites]
    for some in up_to:
        some[-1] = 1.0

    # branches
    b = 2
    options = [int(rng.integers(1, 4)) for _ in range(b)]
    adds: list[list[int]] = []
    drops: list[list[int]] = []
    links: list[list[tuple[int, int, float]]] = []
    branch_at = np.sort(rng.choice(n - 1, b, replace=False))
    for branch in range(b):
        for _ in range(options[branch]):
            at = int(branch_at[branch])
            adds.append(sorted({n + int(rng.integers(branch_nodes))}) if rng.random() < 0.7 else [])
            later = list(range(at + 1, n))
            drops.append(
                sorted(rng.choice(later, size=int(rng.integers(0, 2)), replace=False).tolist())
                if later
                else []
            )
            wanted = [(at, new, 2.0) for new in adds[-1]]
            wanted += [(new, int(rng.choice(later)), 1.0) for new in adds[-1] if later]
            if later and rng.random() < 0.3:
                wanted.append((int(rng.choice(all_nodes)), int(rng.choice(later)), 4.0))
            links.append([link for link in wanted if link[0] != link[1]])
    option_up_to = _flat([np.linspace(0.0, 1.0, o + 1)[1:].tolist() for o in options])

    y = 4
    arrays = as_arrays(
        node_patients=patients,
        node_marks=marks,
        node_phase=rng.integers(0, phases, all_nodes),
        node_group=group,
        node_branch=[-1] * n + rng.integers(0, b, branch_nodes).tolist(),
        node_planned=np.zeros((all_nodes, 2)),
        node_release=np.where(rng.random(all_nodes) < 0.3, np.round(rng.uniform(0.0, 60.0, all_nodes)), 0.0),
        node_quantiles=_tables(rng, all_nodes, 0.0, 60.0),
        node_common=rng.random(all_nodes) < 0.7,
        node_equipment=rng.integers(0, 2, (all_nodes, 2)),
        node_consumables=np.column_stack([np.zeros((all_nodes, columns - 1)), rng.integers(0, 2, all_nodes)]),
        node_closes=rng.random(all_nodes) < 0.3,
        node_loss=loss,
        waits=waits,
        arc_ptr=_pointer(arcs),
        arc_to=[arc[0] for arc in _flat(arcs)],
        arc_lag=[arc[1] for arc in _flat(arcs)],
        arc_from_start=[arc[2] for arc in _flat(arcs)],
        arc_break=[arc[3] for arc in _flat(arcs)],
        slot_ptr=_pointer(slots),
        slot_person=[slot[0] for slot in _flat(slots)],
        slot_need=[slot[1] for slot in _flat(slots)],
        need_ptr=_pointer(need_people),
        need_person=_flat(need_people),
        person_shift=shift,
        person_pool=pool,
        person_colour=np.zeros(people + 2),
        person_last=rng.choice([-1.0, 30.0, 120.0], people + 2),
        person_awake=rng.uniform(0.0, 5.0, people + 2),
        chain_ptr=_pointer(turns),
        chain_need=chain_needs,
        chain_patients=rng.integers(1, everybody + 1, chains),
        chain_begins=chain_begins,
        chain_ends=chain_ends,
        chain_longest=np.round(rng.uniform(20.0, 90.0, chains)),
        turn_person=_flat(turns),
        turn_planned=_flat(planned),
        turn_anchor=rng.integers(-1, n, t),
        turn_anchor_lag=np.round(rng.uniform(0.0, 20.0, t)),
        equipment=equipment,
        stock=stock,
        stock_patient=stock_patient,
        stock_blood=stock_blood,
        response_of=response_of,
        response_flags=flags,
        response_within=rng.choice([1.0, 3.0], r),
        response_quantiles=_tables(rng, r, 2.0, 30.0),
        response_equipment=rng.integers(0, 2, (r, 2)),
        response_fetch=rng.choice([0.5, 4.0], (r, 2)),
        response_consumables=response_consumables,
        call_ptr=_pointer(calls),
        call_need=_flat(calls),
        cause_complication=rng.integers(0, k - 1, x),
        cause_patient=rng.integers(-1, m, x),
        cause_number=number,
        cause_drawn=drawn,
        cause_count=count,
        cause_worse=np.where(rng.random(x) < 0.4, rng.integers(0, k - 1, x), -1),
        cause_worse_share=np.full(x, 0.5),
        site_ptr=_pointer(sites),
        site_node=_flat(sites),
        site_up_to=_flat(up_to),
        bleed=rng.uniform(0.0, 40.0, (k, m)) * (rng.random((k, 1)) < 0.6),
        threshold_complication=[int(rng.integers(-1, k - 1)), int(rng.integers(-1, k - 1))],
        branch_at=branch_at,
        branch_complication=rng.integers(0, k - 1, b),
        option_ptr=[0, *np.cumsum(options).tolist()],
        option_up_to=option_up_to,
        option_stages=rng.random(sum(options)) < 0.2,
        add_ptr=_pointer(adds),
        add_node=_flat(adds),
        drop_ptr=_pointer(drops),
        drop_node=_flat(drops),
        link_ptr=_pointer(links),
        link=np.array([link[:2] for link in _flat(links)], np.int64).reshape(-1, 2),
        link_lag=[link[2] for link in _flat(links)],
        after_complication=np.full(y, k - 1),
        after_patient=rng.integers(-1, m, y),
        after_number=rng.uniform(0.2, 0.9, y),
        after_window=np.sort(rng.uniform(0.0, 40.0, (y, 2)), axis=1),
        after_returns=rng.random(y) < 0.6,
        body=np.column_stack(
            [
                rng.uniform(6.0, 12.0, m),
                rng.uniform(500.0, 900.0, m),
                rng.uniform(0.25, 0.4, m),
                rng.uniform(35.5, 37.0, m),
                np.full(m, 4.0),
            ]
        ),
        exchange=np.array(
            [rng.uniform(0.0, 30.0, (m, m)) * (1.0 - np.eye(m)) for _ in range(3)] + [np.zeros((m, m))]
        ),
        par=par_of(preemption=float(rng.integers(3))),
    )
    return arrays, Layout(tuple("ABC"[:m]), tuple(f"phase_{i}" for i in range(phases)))
