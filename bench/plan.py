"""The demonstration plan: wall time by station, peak memory, and a second plan without change.

Named limit: reading the stored results once (the floor of any plan that must read its own inputs).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def timed(*arguments: str) -> tuple[float, float, str]:
    """Wall seconds, peak resident GiB of the largest process, and stdout of one command."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "separatrix.cli", *arguments, "--json", "--quiet"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"separatrix {' '.join(arguments)} ended with status {status}:\n{text}")
    return time.perf_counter() - began, usage.ru_maxrss / 2**20, text


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        case = Path(place) / "demo"
        seconds, memory_gib, _ = timed("demo", str(case))
        print(f"make the pair and plan it  {seconds:7.1f} s   peak {memory_gib:.2f} GiB")
        seconds, memory_gib, _ = timed("plan", str(case), "--force")
        run = json.loads((case / "plan" / "run.json").read_text())
        shape = json.loads((case / "plan" / "imaging" / "result.json").read_text())["grid"]["shape_zyx"]
        size_m = shape[0] * shape[1] * shape[2] / 1e6
        print(
            f"plan, all stations         {seconds:7.1f} s   peak {memory_gib:.2f} GiB   {size_m:.1f} M voxels"
        )
        for station in run["stations"]:
            print(f"  {station['name']:<24} {station['seconds']:7.1f} s")
        first = seconds
        seconds, memory_gib, _ = timed("plan", str(case))
        print(f"plan again, no change      {seconds:7.1f} s   1/{first / seconds:.0f} of the first")
        began = time.perf_counter()
        size = sum(len(p.read_bytes()) for p in case.rglob("*") if p.is_file())
        floor = time.perf_counter() - began
        print(
            f"floor: reading its {size / 2**20:.0f} MiB   {floor:7.2f} s  plan again: {seconds / floor:.0f} x"
        )


if __name__ == "__main__":
    main()
