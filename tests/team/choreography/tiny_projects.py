"""Random tiny projects, and a project written in each of the known formats."""

from __future__ import annotations

import hypothesis.strategies as st

from separatrix.team.choreography.project import Project, SkillMeaning

PARROT = Project(
    name="parrot",
    durations=(0, 3, 2, 4, 1, 0),
    successors=((1, 2), (3,), (3, 4), (5,), (5,), ()),
    capacities=(4, 2),
    demands=((0, 0), (3, 1), (2, 0), (1, 2), (4, 1), (0, 0)),
)
"""Six activities, two resources; nothing in it is symmetric."""

CREW = Project(
    name="crew",
    durations=(0, 3, 2, 4, 0),
    successors=((1, 2), (3,), (4,), (4,), ()),
    mastery=(frozenset({0}), frozenset({0, 1}), frozenset({1})),
    requirements=((0, 0), (1, 1), (0, 1), (1, 0), (0, 0)),
)
"""Three people, two skills."""


def as_rcp(project: Project) -> str:
    lines = [f"{project.size} {len(project.capacities)}", " ".join(map(str, project.capacities))]
    for n in range(project.size):
        after = [other + 1 for other in project.successors[n]]
        lines.append(" ".join(map(str, [project.durations[n], *project.demands[n], len(after), *after])))
    return "\n".join(lines) + "\n"


def as_sm(project: Project) -> str:
    star, dash = "*" * 72, "-" * 72
    resources = len(project.capacities)
    lines = [
        star,
        "file with basedata            : made.bas",
        f"jobs (incl. supersource/sink ):  {project.size}",
        f"horizon                       :  {sum(project.durations)}",
        "RESOURCES",
        f"  - renewable                 :  {resources}   R",
        "  - nonrenewable              :  0   N",
        "  - doubly constrained        :  0   D",
        star,
        "PRECEDENCE RELATIONS:",
        "jobnr.    #modes  #successors   successors",
    ]
    for n, after in enumerate(project.successors):
        lines.append(" ".join(map(str, [n + 1, 1, len(after), *[other + 1 for other in after]])))
    lines += [star, "REQUESTS/DURATIONS:", "jobnr. mode duration  R 1  R 2", dash]
    for n in range(project.size):
        lines.append(" ".join(map(str, [n + 1, 1, project.durations[n], *project.demands[n]])))
    lines += [star, "RESOURCEAVAILABILITIES:", "  R 1  R 2", " ".join(map(str, project.capacities)), star]
    return "\n".join(lines) + "\n"


def as_one_skill_dzn(project: Project) -> str:
    pairs = [(n + 1, other + 1) for n, after in enumerate(project.successors) for other in after]
    rows = "\n\t| ".join(",".join(map(str, row)) for row in project.requirements)
    has = "\n\t| ".join(
        ",".join("true" if s in skills else "false" for s in range(project.skills))
        for skills in project.mastery
    )
    return (
        f"% made\nmint = {project.critical_path};\nnActs = {project.size};\n"
        f"dur = {list(project.durations)};\nnSkills = {project.skills};\nsreq = [| {rows}, |];\n"
        f"nResources = {len(project.mastery)};\nmastery = [| {has}, |];\nnPrecs = {len(pairs)};\n"
        f"pred = {[a for a, _ in pairs]};\nsucc = {[b for _, b in pairs]};\n"
        "nUnrels = 0;\nunpred = [];\nunsucc = [];\nUSEFUL_RES = [{},\n\t{1,2}];\n"
    )


def as_every_skill_dzn(project: Project) -> str:
    def sets(rows: list[list[int]]) -> str:
        return "[" + ", ".join("{" + ", ".join(map(str, row)) + "}" for row in rows) + "]"

    by_skill = zip(*project.requirements, strict=True)
    rows = "\n      | ".join(", ".join(map(str, row)) for row in by_skill)
    return (
        f"n_skills = {project.skills};\nn_workers = {len(project.mastery)};\n"
        f"has_skills = {sets([sorted(s + 1 for s in skills) for skills in project.mastery])};\n"
        f"n_tasks = {project.size};\nd = {list(project.durations)};\nrr = [| {rows} |];\n"
        f"suc = {sets([[other + 1 for other in after] for after in project.successors])};"
    )


@st.composite
def tiny_projects(draw: st.DrawFn, *, people: bool = True, most: int = 4) -> Project:
    """Two to `most` activities on one resource, with up to four people of up to three skills."""
    size = draw(st.integers(2, most))
    skills = draw(st.integers(1, 3)) if people else 0
    successors = [
        tuple(other for other in range(n + 1, size) if draw(st.integers(0, 3)) == 0) for n in range(size)
    ]
    some_skills = st.frozensets(st.integers(0, max(skills - 1, 0)), min_size=1)
    return Project(
        name="tiny",
        durations=tuple(draw(st.integers(0, 4)) for _ in range(size)),
        successors=tuple(successors),
        capacities=(3,),
        demands=tuple((draw(st.integers(0, 3)),) for _ in range(size)),
        mastery=tuple(draw(some_skills) for _ in range(draw(st.integers(2, 4)))) if people else (),
        requirements=tuple(tuple(draw(st.integers(0, 2)) for _ in range(skills)) for _ in range(size))
        if people
        else (),
        meaning=draw(st.sampled_from(SkillMeaning)) if people else SkillMeaning.ONE_SKILL,
    )
