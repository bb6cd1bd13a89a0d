"""What every command shares: where text goes, how progress shows, how errors end."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:  # loading the ground floor loads numpy, which `--help` does not need
    from separatrix.core import Progress as ProgressListener
    from separatrix.core import SeparatrixError

SAFETY = (
    "For planning and rehearsal by a qualified team; not a certified medical device. "
    "It advises and never decides; entries marked A are assumptions."
)
"""Said wherever a result is handed over."""

_MIN_INTERVAL_S = 0.05
"""Progress is redrawn at most this often."""


class Out:
    """Where one command writes: people's text or JSON on stdout, progress on stderr."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a sign gets its number
                stream.reconfigure(errors="backslashreplace")
        self._text = Console(soft_wrap=True, highlight=False)
        self._errors = Console(stderr=True, soft_wrap=True, highlight=False)

    def say(self, text: str = "", *, style: str | None = None) -> None:
        """Print a line for people; nothing in JSON or quiet mode."""
        if not (self.as_json or self.quiet):
            self._text.print(escape(text), style=style)

    def answer(self, data: dict[str, Any], text: str) -> None:
        """Print the command's result: JSON with ``--json``, else the text, also when quiet."""
        if self.as_json:
            sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
        else:
            self._text.print(escape(text))

    @contextlib.contextmanager
    def progress(self) -> Iterator[ProgressListener]:
        """A bar on stderr with the remaining time; silent in quiet mode or without a terminal."""
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        from separatrix.core import silent

        if self.quiet or not self._errors.is_terminal:
            yield silent
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._errors, transient=True) as bar:
            task = bar.add_task("starting", total=1.0)
            last = 0.0

            def listen(fraction: float, doing: str) -> None:
                nonlocal last
                now = time.monotonic()
                if now - last >= _MIN_INTERVAL_S or fraction >= 1:
                    last = now
                    bar.update(task, completed=fraction, description=escape(doing[:48].ljust(48)))

            yield listen

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn errors into a message and an exit code; a fault of ours into a report, not a traceback."""
        from separatrix.core import SeparatrixError

        try:
            yield
        except SeparatrixError as error:
            self._report(error)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            self._errors.print("stopped; what was stored is whole, run again to go on")
            sys.exit(130)

    def _report(self, error: SeparatrixError) -> None:
        if self.as_json:
            faults = [
                {
                    "file": f.file,
                    "field": f.field,
                    "line": f.line,
                    "problem": f.problem,
                    "expected": f.expected,
                    "mend": f.mend,
                }
                for f in error.faults
            ]
            record = {"error": type(error).__name__, "exit_code": error.exit_code, "faults": faults}
            sys.stdout.write(json.dumps(record, ensure_ascii=False, indent=1) + "\n")
        count = len(error.faults)
        self._errors.print(
            f"{count} fault{'s' if count != 1 else ''}:" if count else str(error), style="bold red"
        )
        for number, fault in enumerate(error.faults, start=1):
            self._errors.print(escape(_shown(f" {number}. {fault}")))


def _shown(text: str) -> str:
    """Text without what a terminal would obey, such as a colour in the name of a file."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
