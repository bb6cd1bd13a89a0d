"""Compiled: how a rehearsal begins: state anew, factors drawn, strikes fixed."""

from __future__ import annotations

import math

from separatrix.team.rehearsal.engine.inner_kernel import NONE, inner
from separatrix.team.rehearsal.engine.item_kernel import enter, leave
from separatrix.team.rehearsal.engine.philox_kernel import (
    CAUSE,
    FORCED_DRAW,
    OPERATION,
    PER_STRIKE,
    PHASE,
    STRIKE,
    normal_of,
    uniforms,
)
from separatrix.team.rehearsal.play import places as at
from separatrix.team.rehearsal.play.arrays import PAR
from separatrix.team.rehearsal.play.outputs import WHOLE

_LN_MEAN, _LN_SD, _PHASE_SD = PAR["operation_ln_mean"], PAR["operation_ln_sd"], PAR["phase_ln_sd"]
_TAIL, _TAIL_FACTOR = PAR["tail_probability"], PAR["tail_factor"]
_LOG_WEIGHT = WHOLE.index("log_weight")


@inner
def begin_anew(ints, reals):  # type: ignore[no-untyped-def]
    """The state as it is before anything has happened."""
    fresh = ints[at.FRESH_INTS]
    for i in range(at.STATE_BEGINS, ints[at.RESET_INTS]):
        ints[i] = ints[fresh + i]
    fresh = ints[at.FRESH_REALS]
    for i in range(ints[at.RESET_REALS]):
        reals[i] = reals[fresh + i]
    reals[at.NODE_AT] = math.inf
    reals[at.CHAIN_FIRST] = math.inf
    reals[at.CHAIN_AHEAD] = math.inf


@inner
def draw_factors(ints, reals):  # type: ignore[no-untyped-def]
    """The common factor of each phase."""
    seed, replication, par = ints[at.SEED], ints[at.REPLICATION], ints[at.PAR]
    u0, u1, tail, _ = uniforms(seed, replication, OPERATION, OPERATION)
    whole = reals[par + _LN_MEAN] + reals[par + _LN_SD] * normal_of(u0, u1)
    if tail < reals[par + _TAIL]:
        whole += math.log(reals[par + _TAIL_FACTOR])
    for phase in range(ints[at.PHASES]):
        draws = uniforms(seed, replication, phase, PHASE)
        own = reals[par + _PHASE_SD] * normal_of(draws[0], draws[1])
        reals[ints[at.COMMON] + phase] = math.exp(whole + own)


@inner
def plan_strike(  # type: ignore[no-untyped-def]
    ints, reals, node, fraction, kind, patient, control, cause, turn
):
    """Fix a strike: by fraction among the node's strikes, behind those of the same fraction."""
    strike, following = ints[at.STRIKE_COUNT], ints[at.STRIKE_NEXT]
    ints[at.STRIKE_COUNT] = strike + 1
    ints[ints[at.STRIKE_KIND] + strike] = kind
    ints[ints[at.STRIKE_PATIENT] + strike] = patient
    ints[ints[at.STRIKE_CAUSE] + strike] = cause
    ints[ints[at.STRIKE_TURN] + strike] = turn
    fractions = ints[at.STRIKE_FRACTION]
    reals[fractions + strike] = fraction
    reals[ints[at.STRIKE_CONTROL] + strike] = control
    place = ints[at.FIRST_STRIKE] + node
    other = ints[place]
    while other >= 0:
        first = reals[fractions + other]
        if first > fraction or (first == fraction and cause == at.FROM_FORCED):
            break
        place = following + other
        other = ints[place]
    ints[following + strike] = other
    ints[place] = strike


@inner
def plan_forced(ints, reals):  # type: ignore[no-untyped-def]
    """Fix the forced strike."""
    node = ints[at.FORCED_NODE]
    draws = uniforms(ints[at.SEED], ints[at.REPLICATION], node, FORCED_DRAW)
    kind, patient = ints[at.FORCED_COMPLICATION], ints[at.FORCED_PATIENT]
    plan_strike(ints, reals, node, draws[0], kind, patient, draws[1], at.FROM_FORCED, NONE)


@inner
def strikes_of(ints, reals, cause):  # type: ignore[no-untyped-def]
    """How often a cause strikes; its part of the weight is entered into the row."""
    number, drawn = reals[ints[at.CAUSE_NUMBER] + cause], reals[ints[at.CAUSE_DRAWN] + cause]
    if drawn <= 0.0:
        return 0
    u = uniforms(ints[at.SEED], ints[at.REPLICATION], cause, CAUSE)[0]
    strikes = 0
    if ints[ints[at.CAUSE_COUNT] + cause] == 0:
        if u < drawn:
            strikes = 1
        true, false = number, drawn
        if strikes == 0:
            true, false = 1.0 - number, 1.0 - drawn
    else:
        true, false = math.exp(-number), math.exp(-drawn)
        term, all_true, all_false = 1.0, true, false
        true_term, false_term = true, false
        while strikes < at.MOST_OF_A_CAUSE and u >= all_false:
            strikes += 1
            term = float(strikes)
            true_term *= number / term
            false_term *= drawn / term
            if strikes == at.MOST_OF_A_CAUSE:
                true, false = 1.0 - all_true, 1.0 - all_false
            else:
                true, false = true_term, false_term
                all_true += true_term
                all_false += false_term
    if number != drawn:
        reals[ints[at.ROW] + _LOG_WEIGHT] += math.log(true / false) if true > 0.0 else -math.inf
    return strikes


@inner
def plan_causes(ints, reals):  # type: ignore[no-untyped-def]
    """Draw which causes strike, where and when."""
    seed, replication = ints[at.SEED], ints[at.REPLICATION]
    for cause in range(ints[at.CAUSES]):
        strikes = strikes_of(ints, reals, cause)
        for turn in range(strikes):
            draws = uniforms(seed, replication, cause, STRIKE + PER_STRIKE * turn)
            site, last = ints[ints[at.SITE_PTR] + cause], ints[ints[at.SITE_PTR] + cause + 1]
            while site < last and reals[ints[at.SITE_UP_TO] + site] <= draws[0]:
                site += 1
            if site == last:
                continue
            kind = ints[ints[at.CAUSE_COMPLICATION] + cause]
            worse = ints[ints[at.CAUSE_WORSE] + cause]
            if worse >= 0 and draws[3] < reals[ints[at.CAUSE_WORSE_SHARE] + cause]:
                kind = worse
            node, patient = ints[ints[at.SITE_NODE] + site], ints[ints[at.CAUSE_PATIENT] + cause]
            plan_strike(ints, reals, node, draws[1], kind, patient, draws[2], cause, turn)


@inner
def find_ready(ints, reals):  # type: ignore[no-untyped-def]
    """Nodes that wait for nothing are among the ready."""
    for node in range(ints[at.NODES]):
        if ints[ints[at.WAITS] + node] == 0 and ints[ints[at.STATUS] + node] == at.WAITING:
            leave(ints, node)
            enter(ints, reals, node)
