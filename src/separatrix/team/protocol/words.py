"""Words that protocol and team files are made of: numbers, names, groups of keys, lengths."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

Number = Annotated[float, Strict()]
"""A number, never quoted text or a truth value."""

Whole = Annotated[int, Strict()]
"""A whole number."""

Minutes = Annotated[Number, Field(ge=0, le=10_080)]
"""A length in minutes, a week at most."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""A short name of your own: letters, digits, dot, dash, underscore."""

Text = Annotated[str, Field(min_length=1, max_length=400)]
"""A few words."""


class Part(BaseModel):
    """A group of keys; unknown keys are refused, a key with nothing after it is not given."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_not_given(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}
        return data


class FromEvidence(Part):
    """A number that stands in the evidence tables, with its range and source."""

    evidence: str
    """Id of an entry; times are converted to minutes, or hours where the key says so."""


AMinutes = Minutes | FromEvidence
"""Minutes, or the id of an entry in any unit of time."""

ANumber = Number | FromEvidence


class DurationSpec(Part):
    """Three points of a duration in minutes: either an entry of the evidence, or your own."""

    evidence: str | None = None
    """Id of an entry with value, low and high; ``{patient}`` in it is replaced by A, B or mother."""
    share: Annotated[Number, Field(gt=0, le=1)] = 1.0
    """The part of the entry that this activity is, where one entry covers several."""
    low_min: Minutes | None = None
    """Shortest to reckon with."""
    mode_min: Minutes | None = None
    """Most likely."""
    high_min: Minutes | None = None
    """Longest to reckon with."""
    note: str = ""
    """What your own numbers rest on."""
