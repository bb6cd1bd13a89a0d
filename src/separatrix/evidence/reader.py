"""Reading evidence by id, with the team's own values on top and a record of what was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from separatrix.core import DataMissingError, Fault, Unknown, near_names
from separatrix.evidence.model import Entry, Kind, Value, plain


class EvidenceReader:
    """Evidence as one computation sees it; remembers every id it was asked for.

    Parameters
    ----------
    entries
        All entries by id, the team's overrides already applied.
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries
        self._used: dict[str, Entry] = {}

    def entry(self, entry_id: str) -> Entry:
        """The whole entry.

        Raises
        ------
        DataMissingError
            If there is no such id; near names are suggested.
        """
        found = self._entries.get(entry_id)
        if found is None:
            raise DataMissingError(
                Fault(
                    problem=f"no evidence entry '{entry_id}'",
                    mend=near_names(entry_id, self._entries),
                )
            )
        self._used[entry_id] = found
        return found

    def number(self, entry_id: str) -> float:
        """The value of a number, fraction or count.

        Raises
        ------
        DataMissingError
            If there is no such entry, it is of another kind, or nobody knows its value.
        """
        found = self.entry(entry_id)
        if found.kind not in (Kind.NUMBER, Kind.FRACTION, Kind.COUNT):
            raise DataMissingError(Fault(problem=f"'{entry_id}' is a {found.kind.value}, not a number"))
        if isinstance(found.value, Unknown):
            raise DataMissingError(
                Fault(
                    problem=f"'{entry_id}' is {found.value}", mend="set it under `assumptions:` in case.yaml"
                )
            )
        return float(found.value)

    def count(self, entry_id: str) -> int:
        """The value of a count."""
        return int(self.number(entry_id))

    def text(self, entry_id: str) -> str:
        """The value of a rule or name in words."""
        return str(self.entry(entry_id).value)

    def flag(self, entry_id: str) -> bool:
        """Whether a flag is set."""
        found = self.entry(entry_id)
        if found.kind is not Kind.FLAG:
            raise DataMissingError(Fault(problem=f"'{entry_id}' is a {found.kind.value}, not a flag"))
        return bool(found.value)

    @property
    def used(self) -> tuple[Entry, ...]:
        """Entries read so far, in the order of their ids."""
        return tuple(self._used[key] for key in sorted(self._used))

    def values_of(self, entry_ids: Iterable[str]) -> dict[str, list[Value | None]]:
        """``[value, low, high]`` of each id as it stands now, or ``[]`` where there is no such id.

        A value that nobody knows is ``None``.
        """
        found = {key: self._entries.get(key) for key in sorted(entry_ids)}
        return {key: [plain(e.value), e.low, e.high] if e else [] for key, e in found.items()}

    def used_values(self) -> dict[str, list[Value | None]]:
        """``[value, low, high]`` of every id read so far; part of a result's cache key."""
        return self.values_of(self._used)

    def fork(self) -> EvidenceReader:
        """The same entries with an empty record, for another computation."""
        return EvidenceReader(self._entries)
