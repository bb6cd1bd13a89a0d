"""The commands. Each imports what it needs when it runs, so that ``--help`` stays instant."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from separatrix.cli.console import SAFETY, Out
from separatrix.cli.verify import verify

app = typer.Typer(
    name="separatrix",
    help="Plan and rehearse the separation of twins joined at the head: from the scans to a dossier.\n\n"
    + SAFETY,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
evidence_app = typer.Typer(help="The sourced numbers that every result rests on.", no_args_is_help=True)
app.add_typer(evidence_app, name="evidence")

CaseFolder = Annotated[
    Path, typer.Argument(help="Case folder: the one that holds case.yaml.", metavar="CASE")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no text beyond the result.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of every random draw.")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="Threads; changes no result.")]


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        from separatrix.core.provenance import package_version

        typer.echo(package_version())
        raise typer.Exit


@app.command(epilog="Example: separatrix new my-case")
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make.", metavar="CASE")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Start a case: a folder with a commented case.yaml to fill in."""
    out = Out(as_json=as_json, quiet=quiet)
    with out.errors():
        from separatrix.case import new_case
        from separatrix.team.protocol.schema import lay_schemas

        made = new_case(folder)
        lay_schemas(made)
        out.answer(
            {"case": str(made)},
            f"made {made}\nNext: point it at the scans, then run: separatrix check {folder}",
        )


@app.command(epilog="Example: separatrix check my-case")
def check(case_folder: CaseFolder, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Tell every fault of a case in one report; changes nothing."""
    out = Out(as_json=as_json, quiet=quiet)
    with out.errors():
        from separatrix.pipeline import check_case

        with out.progress() as progress:
            report = check_case(case_folder, progress=progress)
        out.answer(report.to_dict(), report.to_text())


@app.command(epilog="Example: separatrix plan my-case --until anatomy")
def plan(
    case_folder: CaseFolder,
    until: Annotated[
        str | None, typer.Option("--until", help="Last station to run.", metavar="STATION")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Redo from this station on.", metavar="STATION")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Redo every station.")] = False,
    seed: Seed = 1,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Plan a case: from the scans to the dossier; resumes, and reuses what still fits."""
    out = Out(as_json=as_json, quiet=quiet)
    with out.errors():
        from separatrix.case import read_case
        from separatrix.cli.report import plan_report
        from separatrix.pipeline import plan as run_plan

        with out.progress() as progress:
            run = run_plan(
                read_case(case_folder),
                until=until,
                start=start,
                force=force,
                seed=seed,
                threads=threads,
                progress=progress,
            )
        out.answer(*plan_report(run))
        if run.refused is not None:
            sys.exit(3)


@app.command(epilog="Example: separatrix demo demo")
def demo(
    folder: Annotated[
        Path, typer.Argument(help="Folder for the demonstration case.", metavar="[DIR]")
    ] = Path("demo"),
    seed: Seed = 1,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make the demonstration pair from a real human brain image, and plan it."""
    out = Out(as_json=as_json, quiet=quiet)
    with out.errors():
        from separatrix.case import read_case
        from separatrix.cli.report import plan_report
        from separatrix.pipeline import make_demo
        from separatrix.pipeline import plan as run_plan

        with out.progress() as progress:
            make_demo(folder, seed=seed, progress=progress)
        with out.progress() as progress:
            run = run_plan(read_case(folder), threads=threads, progress=progress)
        out.answer(*plan_report(run))


@app.command(epilog="Example: separatrix rehearse my-case -n 100000")
def rehearse(
    case_folder: CaseFolder,
    n: Annotated[
        int, typer.Option("-n", "--number", min=1, help="How many rehearsals.", metavar="N")
    ] = 100_000,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            help="Dask scheduler (tcp://host:8786), or local:2 for two processes here; changes no result.",
            metavar="ADDRESS",
        ),
    ] = None,
    operation: Annotated[
        int | None, typer.Option("--operation", min=1, help="Which operation; the parting one if not given.")
    ] = None,
    replay: Annotated[
        int | None,
        typer.Option("--replay", min=0, help="Tell this one rehearsal minute by minute.", metavar="NUMBER"),
    ] = None,
    strike: Annotated[
        str | None,
        typer.Option(
            "--strike",
            help="With --replay: force ACTIVITY/COMPLICATION or ACTIVITY/COMPLICATION@PATIENT.",
            metavar="CELL",
        ),
    ] = None,
    seed: Seed = 1,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Rehearse a planned case, beside the plan: many times, or one rehearsal told minute by minute."""
    out = Out(as_json=as_json, quiet=quiet)
    with out.errors():
        from separatrix.case import read_case
        from separatrix.cli.report import run_report, story_report
        from separatrix.pipeline.rehearsal import rehearse_case, replay_case

        case = read_case(case_folder)
        if strike is not None and replay is None:
            from separatrix.core import Fault, InputError

            raise InputError(Fault(field="--strike", problem="needs --replay", mend="add --replay 0"))
        if cluster is not None and replay is not None:
            from separatrix.core import Fault, InputError

            raise InputError(
                Fault(field="--cluster", problem="one rehearsal is replayed here", mend="take out --cluster")
            )
        if replay is not None:
            out.answer(
                *story_report(replay_case(case, number=replay, seed=seed, strike=strike, operation=operation))
            )
            return
        with out.progress() as progress:
            folder, run = rehearse_case(
                case,
                n=n,
                seed=seed,
                threads=threads,
                cluster=cluster,
                operation=operation,
                progress=progress,
            )
        out.answer(*run_report(folder, run))


@app.command(epilog="Example: separatrix schedule j120_11_9.rcp --time 60 --json")
def schedule(
    file: Annotated[
        Path,
        typer.Argument(
            help="Project: PSPLIB .sm, Patterson .rcp, MSPSP .dzn, or a saved .json.", metavar="FILE"
        ),
    ],
    time_s: Annotated[
        float | None,
        typer.Option(
            "--time",
            min=0.1,
            help="Seconds by the clock; without it work is counted, and the same seed gives the same plan.",
            metavar="SECONDS",
        ),
    ] = None,
    seed: Seed = 1,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Schedule a project of the scheduling benchmarks: as short as can be found, with a proven bound."""
    out = Out(as_json=as_json, quiet=quiet)
    with out.errors():
        from separatrix.cli.report import schedule_report
        from separatrix.core.runtime import settle_compiled_cache
        from separatrix.team.choreography.instance_files import read_project
        from separatrix.team.choreography.project_solve import solve_project

        settle_compiled_cache()
        project = read_project(file)
        with out.progress() as progress:
            found = solve_project(project, time_s=time_s, seed=seed, progress=progress)
        out.answer(*schedule_report(project, found))
        if found.status == "infeasible":
            sys.exit(3)


@app.command(epilog="Example: separatrix explain classification.angle_vertical_min")
def explain(
    entry_id: Annotated[
        str, typer.Argument(help="Evidence id; `separatrix evidence list` shows all.", metavar="ID")
    ],
    case_folder: Annotated[
        Path | None, typer.Option("--case", help="Show the value as this case sets it.", metavar="CASE")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Tell where a number comes from: value, range, mark, source, and what depends on it."""
    out = Out(as_json=as_json, quiet=quiet)
    with out.errors():
        from separatrix.case import evidence_for, read_case
        from separatrix.evidence import EvidenceReader, all_entries
        from separatrix.evidence import explain as explain_entry

        reader = evidence_for(read_case(case_folder)) if case_folder else EvidenceReader(all_entries())
        found = explain_entry(entry_id, reader)
        out.answer(found.to_dict(), found.to_text())


@app.command(epilog="Example: separatrix flow network.json --json")
def flow(
    file: Annotated[
        Path,
        typer.Argument(
            help="Network as JSON: plan/vessels/graph.json, or nodes and edges with resistances.",
            metavar="FILE",
        ),
    ],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Solve the steady flow of a network of vessels: pressure at each node, flow in each edge."""
    out = Out(as_json=as_json, quiet=quiet)
    with out.errors():
        from separatrix.body.vessels.flow_file import read_flow_file, solve_flow_file
        from separatrix.cli.report import flow_report

        given = read_flow_file(file)
        out.answer(*flow_report(given, solve_flow_file(given)))


@evidence_app.command("list", epilog="Example: separatrix evidence list --search sinus")
def evidence_list(
    search: Annotated[
        str, typer.Option("--search", help="Only entries with this word.", metavar="TEXT")
    ] = "",
    mark: Annotated[
        str, typer.Option("--mark", help="Only this mark: M, R, E, D or A.", metavar="MARK")
    ] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List evidence entries with value, range, unit and mark."""
    out = Out(as_json=as_json, quiet=quiet)
    with out.errors():
        from separatrix.cli.report import evidence_report
        from separatrix.evidence import search_entries

        out.answer(*evidence_report(search_entries(search), mark))


app.command(epilog="Example: separatrix verify --logs logs --out verification")(verify)


def main() -> None:
    """Run the command line; the entry point of the ``separatrix`` script."""
    try:
        app()
    except Exception as error:  # the last resort: say it is our fault, and keep the trace for the report
        import traceback

        typer.echo(f"our fault: {type(error).__name__}: {error}", err=True)
        typer.echo("Please report it with the lines below.\n" + traceback.format_exc(), err=True)
        sys.exit(1)
