"""The two children: never left and right, never 1 and 2, and always with their colour and shape."""

from __future__ import annotations

import enum


class Twin(enum.Enum):
    """One of the two children."""

    A = "A"
    B = "B"

    @property
    def other(self) -> Twin:
        """The other child."""
        return Twin.B if self is Twin.A else Twin.A

    @property
    def code(self) -> int:
        """The value in owner maps: 1 for A, 2 for B."""
        return 1 if self is Twin.A else 2

    @property
    def colour(self) -> str:
        """Purple for A, orange for B, distinct to all common forms of colour blindness."""
        return "#7b3fa0" if self is Twin.A else "#e8801a"

    @property
    def mark(self) -> str:
        """A shape beside the letter, so that colour is never the only sign."""
        return "●" if self is Twin.A else "◆"


class Owner(enum.IntEnum):
    """Values of an owner map."""

    NONE = 0
    A = 1
    B = 2
    SHARED = 3
