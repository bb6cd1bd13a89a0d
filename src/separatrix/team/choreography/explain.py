"""The verb: why a script is as it is, or why there is none and what would mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from separatrix.core.progress import Progress, silent
from separatrix.core.runtime import available_threads
from separatrix.team.choreography.binding import binding_chain, waits_by_kind
from separatrix.team.choreography.clash import Judge, clashes
from separatrix.team.choreography.explanation_model import Clash, Explanation, Link, Repair, Saving, SkillDay
from separatrix.team.choreography.facts import another, listed, plain, quoted
from separatrix.team.choreography.model import Schedule
from separatrix.team.choreography.plan import choreograph
from separatrix.team.choreography.repairs import REPAIRS_BECAUSE, repairs
from separatrix.team.choreography.workload import bottleneck, person_days, skill_days
from separatrix.team.protocol.model import Procedure
from separatrix.team.protocol.staffing import hours_text

MOST_SKILLS = 16
"""So many skills are tried with one more person, those that hold up most first."""

_WAIT_WORDS = {
    "work": "work",
    "order": "waits that the order asks for",
    "earliest": "times before which a step may not start",
    "shift": "waiting for somebody to come on duty",
    "field": "waiting for the sterile field",
    "room": "waiting for a room",
    "equipment": "waiting for a device",
    "person": "waiting for people",
    "break": "waiting for breaks",
    "unexplained": "waiting for what is not visible in the plan",
}


def explain(
    procedure: Procedure,
    schedule: Schedule,
    *,
    seed: int = 1,
    threads: int | None = None,
    progress: Progress = silent,
) -> Explanation:
    """Why a schedule is as it is.

    Parameters
    ----------
    procedure, schedule
        What was planned and what came of it.
    seed
        As the schedule was made.
    threads
        Processors to use; they change nothing but the time it takes.
    progress
        Hears how far it is.

    Returns
    -------
    Explanation
        For an infeasible schedule its clashes and repairs; else what binds it. If the planner finds a plan
        on a second look, it is feasible with that said and nothing else.
    """
    used = threads or available_threads()
    if schedule.status == "infeasible":
        return _of_none(procedure, schedule, Judge(seed=seed, threads=used), progress)
    links = binding_chain(procedure, schedule)
    skills = skill_days(procedure, schedule)
    tried = _worth_trying(links, skills)
    savings = _savings(procedure, tried, seed, used, progress)
    waits = waits_by_kind(links)
    return Explanation(
        feasible=True,
        summary=(
            _bound_words(schedule),
            *_chain_words(links, waits, schedule),
            *_bottleneck_words(skills),
            *_saving_words(savings),
        ),
        chain=links,
        waits_min=waits,
        bottleneck=bottleneck(skills),
        skills=skills,
        people=person_days(procedure, schedule),
        savings=savings,
        savings_because=_savings_because(procedure, tried, skills, bool(savings)),
    )


def _of_none(procedure: Procedure, schedule: Schedule, judge: Judge, progress: Progress) -> Explanation:
    found = clashes(
        procedure, judge, because=schedule.because, progress=lambda share, words: progress(0.7 * share, words)
    )
    if not found:
        text = "A plan was found on a second look with a longer search: plan again with more effort."
        return Explanation(feasible=True, summary=(text,))
    ways = repairs(procedure, found, judge, progress=lambda share, words: progress(0.7 + 0.3 * share, words))
    none = (
        "No repair that was tried is enough. What was tried: more of what is counted, longer shifts, up to "
    )
    none += (
        "twelve more people of a skill, weaker rules, and one of each together where several things clash."
    )
    return Explanation(
        feasible=False,
        summary=tuple(_none_words(found, ways, schedule)),
        clashes=found,
        repairs=ways,
        repairs_because=REPAIRS_BECAUSE if ways else none,
    )


def _none_words(found: Sequence[Clash], ways: Sequence[Repair], schedule: Schedule) -> list[str]:
    words = []
    for clash in found:
        facts = "; ".join(named.fact.words for named in clash.named)
        sure = "It is proven that there is no plan" if clash.is_proven else "No plan was found"
        words.append(f"{sure} as long as all of this holds: {facts or schedule.because}.")
    if ways:
        words.append(f"Cheapest repair: {' and '.join(ways[0].words)}.")
    return words


def _bound_words(schedule: Schedule) -> str:
    if schedule.status == "optimal":
        return f"No plan can be shorter ({schedule.bound_because})."
    parts = []
    bound = schedule.facts.get("separation_bound_min")
    if schedule.separation_min is not None and bound is not None:
        parts.append(_gap("separation", schedule.separation_min, int(bound)))
    parts.append(_gap("end", schedule.end_min, schedule.bound_min))
    return f"{'; '.join(parts)}. The bound rests on: {schedule.bound_because}."


def _gap(what: str, value: int, bound: int) -> str:
    if value <= bound:
        return f"the {what} cannot be earlier than planned, {hours_text(value)}"
    share = 100 * (value - bound) / max(bound, 1)
    return (
        f"the {what} is planned at {hours_text(value)} and cannot be earlier than {hours_text(bound)}: at "
        f"most {value - bound} min ({share:.1f} %) could be gained"
    )


def _chain_words(
    links: Sequence[Link], waits: Sequence[tuple[str, int]], schedule: Schedule
) -> tuple[str, ...]:
    if not links:
        return ()
    goal = "separation" if schedule.separation_min is not None else "end"
    split = ", ".join(f"{minutes} min {_WAIT_WORDS[kind]}" for kind, minutes in waits if minutes)
    text = f"What sets the {goal} is a chain of {len(links)} steps: {split}."
    longest = max(links, key=lambda link: link.waited_min)
    if longest.waited_min:
        text += (
            f" Longest wait: {quoted(longest.title)}, {longest.waited_min} min beyond its order – "
            f"{longest.words}."
        )
    return (text,)


def _bottleneck_words(skills: Sequence[SkillDay]) -> tuple[str, ...]:
    name = bottleneck(skills)
    if not name:
        return ("Of every skill somebody on duty is always free.",)
    day = next(s for s in skills if s.skill == name)
    count = day.hours_without_spare
    return (
        f"Scarcest skill: {day.title}; in {count} of {len(day.hours)} hours there is a moment at which "
        "nobody on duty with it is free.",
    )


def _saving_words(savings: Sequence[Saving]) -> tuple[str, ...]:
    if not savings:
        return ()
    gains = [s for s in savings if (s.separation_saved_min or 0) > 0 or s.end_saved_min > 0]
    if not gains:
        return ("By the quick planner, one more person of any skill that was tried saves nothing.",)
    best = max(gains, key=lambda s: (s.separation_saved_min or 0, s.end_saved_min))
    parts = []
    if best.separation_saved_min:
        parts.append(f"{best.separation_saved_min} min to the separation")
    parts.append(f"{best.end_saved_min} min to the end")
    return (f"By the quick planner, one more {best.title} would save {' and '.join(parts)}.",)


def _worth_trying(links: Sequence[Link], skills: Sequence[SkillDay]) -> list[str]:
    """Skills that the chain waits for, longest wait first, then those with nobody to spare."""
    waited: dict[str, int] = {}
    for link in links:
        if link.skill:
            waited[link.skill] = waited.get(link.skill, 0) + link.waited_min + 1
    scarce = {s.skill: s.hours_without_spare for s in skills if s.hours_without_spare}
    order = sorted(waited, key=lambda s: -waited[s])
    order += [s for s in sorted(scarce, key=lambda s: -scarce[s]) if s not in waited]
    return order[:MOST_SKILLS]


def _savings(
    procedure: Procedure, tried: Sequence[str], seed: int, threads: int, progress: Progress
) -> tuple[Saving, ...]:
    """The quick planner with and without one more person, so that like is compared with like."""

    def quick(made: Procedure) -> Schedule:
        return choreograph(made, effort="first", seed=seed, threads=threads)

    base = quick(procedure)
    if base.status == "infeasible":
        return ()
    found = []
    for number, skill in enumerate(tried):
        progress(number / len(tried), "one more person")
        plan = quick(replace(procedure, people=(*procedure.people, another(procedure, skill))))
        is_plan = plan.status != "infeasible"
        apart = None
        if base.separation_min is not None and plan.separation_min is not None:
            apart = max(base.separation_min - plan.separation_min, 0) if is_plan else 0
        found.append(
            Saving(
                skill=skill,
                title=plain(procedure, "skill", skill),
                separation_saved_min=apart,
                end_saved_min=max(base.end_min - plan.end_min, 0) if is_plan else 0,
            )
        )
    return tuple(found)


def _savings_because(
    procedure: Procedure, tried: Sequence[str], skills: Sequence[SkillDay], has_base: bool
) -> str:
    if not tried:
        return "No skill holds the plan up or runs out, so none was tried with one more person."
    if not has_base:
        return (
            "The quick planner finds no plan to compare with, so no skill was tried with one more person: "
            "what it would save is unknown."
        )
    names = listed([plain(procedure, "skill", skill) for skill in tried], most=len(tried))
    left = [s.title for s in skills if s.hours_without_spare and s.skill not in tried]
    others = ""
    if left:
        names_left = listed(left, most=len(left))
        others = f"; not tried: {names_left}, which run out at moments but do not hold the chain up"
    elif len(tried) < len(skills):
        others = "; every other skill always has somebody free"
    return (
        f"By the quick planner, without and with one more person on duty all day. Tried: {names}, the skills "
        f"that the chain waits for, then those that run out most often{others}. The quick planner does not "
        "search: its times differ from the plan's, and 0 min means that it found no gain."
    )
