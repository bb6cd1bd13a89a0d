"""Refuse a dependency whose licence the product may not carry.

usage: check_licences.py LOCKFILE...
Reads the installed packages' own metadata; a package that is not installed here is skipped.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

ALLOWED = re.compile(
    r"MIT|BSD|Apache|PSF|Python Software Foundation|ISC|Zlib|HPND|MPL|Mozilla|Unlicense|LGPL|Lesser General"
    r"|CC0|0BSD|Permission is hereby granted, free of charge|Public Domain|Historical Permission|Pillow|CMU"
    r"|NCSA|Zope|AFL|Academic Free|MIT-CMU|Blue Oak",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(r"(?<!L)(?<!Lesser )\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)
DUAL = re.compile(r" OR |Mozilla|MPL", re.IGNORECASE)
"""Signs of a choice: an expression with OR, or several licences listed with a permissive one among them."""


def licence_of(name: str) -> str | None:
    """All that the metadata says of a package's licence, or None where it is not installed."""
    try:
        data = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    classifiers = [c for c in data.get_all("Classifier") or [] if c.startswith("License ::")]
    text = " ".join((data.get("License") or "").split())[:300]
    expression = data.get("License-Expression") or ""
    return "; ".join(filter(None, [expression, *classifiers, text]))


def main(locks: list[str]) -> int:
    names = sorted(
        {
            m.group(1)
            for lock in locks
            for m in re.finditer(r"^([A-Za-z0-9_.-]+)==", Path(lock).read_text(), re.M)
        }
    )
    faults = []
    for name in names:
        licence = licence_of(name)
        if licence is None:
            continue
        if not ALLOWED.search(licence) or (FORBIDDEN.search(licence) and not DUAL.search(licence)):
            faults.append(f"{name}: {licence or 'no licence stated'}")
    print(f"licences: {len(names)} packages, {len(faults)} not allowed")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
