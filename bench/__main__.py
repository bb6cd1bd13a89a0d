"""Run every benchmark: `python -m bench` (all), `python -m bench owners surface` (some).
Options (`--large`) are handed on to each named.

Each prints its figures beside a named peer or a known truth measured in the same run.
"""

from __future__ import annotations

import subprocess
import sys

BENCHES = ("plan", "vessels", "surface", "owners", "choreography", "rehearsal", "scheduling")
"""From short to long."""


def main(arguments: list[str]) -> int:
    options = [argument for argument in arguments if argument.startswith("--")]
    names = [argument for argument in arguments if argument not in options]
    unknown = set(names) - set(BENCHES)
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}")
        return 2
    failed = []
    for name in names or BENCHES:
        print(f"\n== {name} ==", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}", *options], check=False).returncode != 0:
            failed.append(name)
    print("\nbenchmarks that failed: " + (", ".join(failed) or "none"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
