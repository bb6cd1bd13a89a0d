"""What is not known stays not known, and says why: never 0, never NaN."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that could not be had, with the reason in plain words.

    Examples
    --------
    >>> str(Unknown("no angiography in the case"))
    'unknown because no angiography in the case'
    """

    because: str

    def __str__(self) -> str:
        return f"unknown because {self.because}"

    def to_dict(self) -> dict[str, str]:
        """Plain data for JSON."""
        return {"unknown_because": self.because}
