"""How a long computation tells where it is, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A listener for the progress of one station."""

    def __call__(self, fraction: float, doing: str) -> None:
        """Hear that `fraction` (0 to 1) is done and what is being done now."""


def silent(fraction: float, doing: str) -> None:
    """Listen to nothing."""
