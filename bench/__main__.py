"""Run every benchmark: `python -m bench` (all), `python -m bench owners surface` (some).

Each prints its figures beside a named peer or a known truth measured in the same run.
"""

from __future__ import annotations

import subprocess
import sys

BENCHES = ("plan", "surface", "owners", "choreography", "scheduling")
"""From short to long."""


def main(names: list[str]) -> int:
    unknown = set(names) - set(BENCHES)
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}")
        return 2
    failed = []
    for name in names or BENCHES:
        print(f"\n== {name} ==", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode != 0:
            failed.append(name)
    print("\nbenchmarks that failed: " + (", ".join(failed) or "none"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
