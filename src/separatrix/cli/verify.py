"""`separatrix verify`: the rehearsal against what happened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from separatrix.cli.console import SAFETY, Out


def verify(
    logs: Annotated[
        Path | None,
        typer.Option(
            "--logs",
            help="Folder with cases.csv, phases.csv and events.csv; without it, the published spans.",
            metavar="DIR",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the page, its charts, table and result.", metavar="DIR"),
    ] = None,
    runs: Annotated[
        int, typer.Option("-n", min=100, max=1_000_000, help="Rehearsals of each kind of operation.")
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of every random draw.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, no text beyond the result.")
    ] = False,
) -> None:
    """Hold the rehearsal against logs of real operations: span by span, with a verdict."""
    out = Out(as_json=as_json, quiet=quiet)
    with out.errors():
        from separatrix.core.runtime import settle_compiled_cache

        settle_compiled_cache()
        from separatrix.evidence import EvidenceReader, all_entries
        from separatrix.share.retrodiction import check_folder, write_retrodiction
        from separatrix.share.retrodiction.table import to_text
        from separatrix.team.rehearsal.retrodiction.verify import verify as retrodict

        if folder is not None:
            check_folder(folder)
        with out.progress() as progress:
            result = retrodict(
                logs, evidence=EvidenceReader(all_entries()), n=runs, seed=seed, progress=progress
            )
        written = write_retrodiction(result, folder) if folder else ()
        where = f"Page: {written[-1]}" if written else "With --out DIR: a page with charts."
        out.answer(
            {**result.to_dict(), "files": [str(path) for path in written]},
            "\n".join((to_text(result), where, SAFETY)),
        )
