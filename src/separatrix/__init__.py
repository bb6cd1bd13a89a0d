"""Separatrix: planning and rehearsing the separation of twins joined at the head.

For planning and rehearsal by a qualified team; not a certified medical device.

>>> import separatrix as sx
>>> case = sx.open_case("demo")                  # doctest: +SKIP
>>> plan = sx.plan(case, until="surface")        # doctest: +SKIP
>>> plan.separatrix.areas_cm2                    # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from separatrix.case import Case
    from separatrix.case import read_case as open_case
    from separatrix.pipeline import PlanRun, plan

__all__ = ["Case", "PlanRun", "open_case", "plan"]

_HOME = {
    "Case": ("separatrix.case", "Case"),
    "PlanRun": ("separatrix.pipeline", "PlanRun"),
    "open_case": ("separatrix.case", "read_case"),
    "plan": ("separatrix.pipeline", "plan"),
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that importing the package is instant."""
    if name not in _HOME:
        raise AttributeError(f"module 'separatrix' has no attribute '{name}'")
    from importlib import import_module

    module, attribute = _HOME[name]
    return getattr(import_module(module), attribute)
