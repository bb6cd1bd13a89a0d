"""Refuse in the repository what may not be there: registry addresses, paths of a machine, long modules.

usage: check_text.py
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HOST = re.compile(r"https?://[^ /]*(py" r"pi|python" r"hosted|np" r"mjs|deb" r"ian)[^ /]*", re.IGNORECASE)
MACHINE_PATH = re.compile(r"(^|[^.\w])/(wor" r"k|ho" r"me|Us" r"ers)/\w+")
LONGEST_MODULE = 600
"""Lines; a module is one idea."""


def main() -> int:
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    faults = []
    for name in filter(None, listed.split("\0")):
        path = Path(name)
        if not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if HOST.search(line) or MACHINE_PATH.search(line):
                faults.append(
                    f"{name}:{number}: names a registry or a path of a machine: {line.strip()[:80]}"
                )
        if name.startswith("src/") and name.endswith(".py") and text.count("\n") > LONGEST_MODULE:
            faults.append(
                f"{name}: {text.count(chr(10))} lines; more than {LONGEST_MODULE} is more than one idea"
            )
    print(f"text: {len(faults)} faults")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
