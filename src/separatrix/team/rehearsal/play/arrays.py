"""The rehearsed procedure as flat arrays: what the compiled engine reads, and nothing else.

`compile.py` makes them from a procedure, its schedule and the numbers drawn or assumed; the engine
(`*_kernel.py`) and the slow twin in the tests follow the same rules over them, written out in
``docs/method/rehearsal.md``. Times are minutes from wheels in, volumes ml, rates ml/min.

*Items* are nodes followed by turns: item ``i < n`` is node i, item ``n + t`` is turn t. A *node* is an
activity of the procedure (in its order) or one that only a branch adds; a *turn* is one person's stretch of
a cover's chain.
"""

from __future__ import annotations

from typing import Any, NamedTuple, get_type_hints

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

KNOTS = 65
"""Knots of a quantile table, at 0, 1/64, …, 1."""

CRITICAL, NO_RETURN, SEPARATION, CIRCULATIONS_PART, STOP_AND_STAGE, FIELD, TURN = 1, 2, 4, 8, 16, 32, 64
"""Bits of `Arrays.node_marks`; FIELD: it occupies a sterile field."""

ROOM, RELIEF, STANDBY = 0, 1, 2
"""Values of `Arrays.person_pool`."""

JOINED, APART = 0, 1
"""Rows of `Arrays.response_of`."""

OF_PAIR, AFTER, SAYS_CONTROL = 1, 2, 4
"""Bits of `Arrays.response_flags`; SAYS_CONTROL: the protocol gave a time to control."""

RESUME, RESTART, RESAMPLE = 0, 1, 2
"""What becomes of an activity that a complication stopped: its rest is done, all of it, or a new rest."""


class Arrays(NamedTuple):
    """A procedure, its schedule and numbers (n nodes, t turns, p people, m patients, k complications)."""

    # --- nodes ---
    node_patients: Ints
    """(n,) bit per patient."""
    node_marks: Ints
    """(n,)"""
    node_phase: Ints
    """(n,)"""
    node_group: Ints
    """(n,) nodes with the same value >= 0 start together; -1: alone."""
    node_branch: Ints
    """(n,) -1 for activities of the procedure; otherwise asleep until that branch's option adds it."""
    node_planned: Ints
    """(n, 2) planned start and end; of a node of a branch, the planned end of where the branch is taken."""
    node_release: Floats
    """(n,) not before."""
    node_quantiles: Floats
    """(n, KNOTS) minutes, before the common factors."""
    node_common: Ints
    """(n,) 1 where the factors of operation and phase apply."""
    node_equipment: Ints
    """(n, e) units held."""
    node_consumables: Ints
    """(n, c) units used at its start; 0 for blood, which the physiology uses up."""
    node_closes: Ints
    """(n,) 1 where its end closes one crossing."""
    node_loss: Floats
    """(n, m) blood lost while it runs, ml/min, before the factors."""
    # --- what waits for what ---
    waits: Ints
    """(n + t,) how many arcs lead to an item."""
    arc_ptr: Ints
    """(n + t + 1,) arcs out of each item."""
    arc_to: Ints
    arc_lag: Floats
    arc_from_start: Ints
    """1: counted from the start of the first, 0: from its end."""
    arc_break: Ints
    """Person who is on a break for the first so many minutes of the lag (all of it); -1: none."""
    # --- who ---
    slot_ptr: Ints
    """(n + 1,)"""
    slot_person: Ints
    """Named by the schedule; -1 in nodes of branches: whoever can."""
    slot_need: Ints
    need_ptr: Ints
    """(needs + 1,)"""
    need_person: Ints
    """People who meet a need, fewest skills first, then in the team's order; standby left out."""
    person_shift: Floats
    """(p, 2) on duty from, to; of standby, from the end of the operation."""
    person_pool: Ints
    person_colour: Ints
    """(p,) bit of the patient whose colour it is, 0 for none."""
    person_last: Floats
    """(p,) planned end of the last thing the schedule has for the person; -1 where it has nothing."""
    person_awake: Floats
    """(p,) hours awake at the start of the shift."""
    # --- cover ---
    chain_ptr: Ints
    """(chains + 1,) turns of each chain, in order."""
    chain_need: Ints
    chain_patients: Ints
    chain_begins: Ints
    """Node at whose start."""
    chain_ends: Ints
    """Node at whose end."""
    chain_longest: Floats
    turn_person: Ints
    """(t,)"""
    turn_planned: Floats
    """(t,) planned start."""
    turn_anchor: Ints
    """(t,) node whose start tells that the operation is as far as planned at `turn_planned`; -1: none."""
    turn_anchor_lag: Floats
    """(t,) minutes from that start to the turn's, as planned."""
    # --- equipment and stock ---
    equipment: Ints
    """(e,) units there are."""
    stock: Ints
    """(c,) units there are."""
    stock_patient: Ints
    """(c,) patient for whom, -1 for anybody."""
    stock_blood: Ints
    """(c,) 0 no blood, 1 red cells, 2 plasma, 3 platelets."""
    # --- responses ---
    response_of: Ints
    """(k, 2, m + 1) response to a complication in a state of a patient, last column of the pair; -1 none."""
    response_flags: Ints
    response_within: Floats
    response_quantiles: Floats
    """(r, KNOTS) minutes to control."""
    response_equipment: Ints
    """(r, e)"""
    response_fetch: Floats
    """(r, e) minutes until a free unit is at the table."""
    response_consumables: Ints
    """(r, c) that must be at hand when it begins."""
    call_ptr: Ints
    """(r + 1,) the leader is the first call of each."""
    call_need: Ints
    """One row a person called; a need met by nobody in the team has no people. Responses after the operation
    call needs whose people are on standby, all others leave standby out."""
    # --- what strikes during the operation ---
    cause_complication: Ints
    """(x,)"""
    cause_patient: Ints
    """(x,) -1: the pair, or the room."""
    cause_number: Floats
    """(x,) probability, or mean of a Poisson count."""
    cause_drawn: Floats
    """(x,) the same as it is drawn: larger under importance sampling."""
    cause_count: Ints
    """(x,) 1: a count, 0: a probability."""
    cause_worse: Ints
    """(x,) complication that it may turn into, -1: none."""
    cause_worse_share: Floats
    """(x,) in how many cases."""
    site_ptr: Ints
    """(x + 1,) where it can strike."""
    site_node: Ints
    site_up_to: Floats
    """Cumulative weight, the last of each cause is 1."""
    bleed: Floats
    """(k, m) ml/min that a complication adds while it is not under control, in every patient it strikes."""
    threshold_complication: Ints
    """(2,) complication when clotting falls below, and when potassium rises above its threshold; -1: none."""
    # --- branches ---
    branch_at: Ints
    """(b,) node at whose end."""
    branch_complication: Ints
    """(b,) complication that opens it; -1: none, it is never taken."""
    option_ptr: Ints
    """(b + 1,)"""
    option_up_to: Floats
    """Cumulative share."""
    option_stages: Ints
    """1 where it ends the operation without parting."""
    add_ptr: Ints
    add_node: Ints
    drop_ptr: Ints
    drop_node: Ints
    link_ptr: Ints
    link: Ints
    """(l, 2) from node, to node: finish-start arcs that an option adds."""
    link_lag: Floats
    # --- after the operation ---
    after_complication: Ints
    after_patient: Ints
    after_number: Floats
    after_window: Floats
    """(y, 2) hours after the end."""
    after_returns: Ints
    """1 where it means a return to theatre."""
    # --- numbers ---
    body: Floats
    """(m, BODY) of each patient: see `BODY_FIELDS`."""
    exchange: Floats
    """(rows, m, m) gross flow from one patient's circulation to another's after so many crossings closed; the
    last row, all zero, is after the circulations have parted."""
    par: Floats
    """(PAR,) see `PAR_FIELDS`."""


BODY_FIELDS = (
    "weight_kg",
    "volume_ml",
    "haematocrit",
    "temperature_c",
    "potassium_mmol_per_l",
)
"""Columns of `Arrays.body`: each patient when the operation begins. Clotting begins at 1, which is normal."""

PAR_FIELDS = (
    "operation_ln_mean",
    "operation_ln_sd",
    "phase_ln_sd",
    "tail_probability",
    "tail_factor",
    "preemption",
    "free_min",
    "break_call_min",
    "preempt_min",
    "other_cover_min",
    "equipment_min",
    "short_handed_factor",
    "handover_min",
    "retry_min",
    "standby_ready_min",
    "loss_ln_sd",
    "tick_min",
    "tick_bleeding_min",
    "haematocrit_trigger",
    "haematocrit_target",
    "red_pack_ml",
    "red_pack_haematocrit",
    "red_pack_potassium_mmol",
    "plasma_pack_ml",
    "platelet_pack_ml",
    "platelet_pack_clotting",
    "product_delay_min",
    "massive_ml_per_kg",
    "fluid_ml_per_kg_per_min",
    "diuresis_ml_per_kg_per_min",
    "clotting_trigger",
    "clotting_threshold",
    "potassium_threshold_mmol_per_l",
    "potassium_uptake_per_min",
    "temperature_rest_c",
    "temperature_rate_per_min",
    "product_c",
    "heat_ratio",
    "volume_floor",
    "temperature_rest_sd_c",
    "product_ml_per_kg",
)
"""Entries of `Arrays.par`."""

PAR = {name: i for i, name in enumerate(PAR_FIELDS)}
BODY = {name: i for i, name in enumerate(BODY_FIELDS)}


def as_arrays(**fields: Any) -> Arrays:
    """Arrays of the declared kinds, contiguous, so that one compiled engine fits all.

    Raises
    ------
    TypeError
        If a field is missing or unknown.
    """
    made: dict[str, Any] = {
        name: np.ascontiguousarray(value, np.int64 if name in _WHOLE else np.float64)
        for name, value in fields.items()
    }
    return Arrays(**made)


_WHOLE = frozenset(name for name, kind in get_type_hints(Arrays).items() if kind == Ints)
"""Fields of whole numbers; worked out once, since it takes longer than making the arrays."""
