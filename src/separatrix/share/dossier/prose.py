"""Sentences of the stations made ready for readers: values in place of the names of evidence entries."""

from __future__ import annotations

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

from separatrix.core import Unknown
from separatrix.evidence import Entry
from separatrix.share.dossier.wording import evidence_value, span

_ENTRY_ID = re.compile(r"(?:the entry )?\b([a-z]+(?:\.[A-Za-z0-9_]+)+)\b")
_ITS_RANGE = re.compile(r"\brange over that entry['’]s$|\brange over that entry['’]s(?=[.;,])")
_PLURAL = re.compile(r"\b(\d+)((?: \w+)*?) (\w+)\(s\)")


def with_values(text: str, entries: Mapping[str, Entry]) -> Markup:
    """A sentence with the value and unit of every evidence entry it names; the name stays, in small type.

    Parameters
    ----------
    text
        Plain text; it is escaped.
    entries
        By id. A name that is not among them stays as it is.

    Examples
    --------
    >>> str(with_values("2 piece(s) & more", {}))
    '2 pieces &amp; more'
    """
    text = _PLURAL.sub(lambda m: f"{m[1]}{m[2]} {m[3]}{'' if m[1] == '1' else 's'}", text)
    text = _ITS_RANGE.sub("the result’s range follows from the range in brackets", text)
    done, at = Markup(""), 0
    for found in _ENTRY_ID.finditer(text):
        entry = entries.get(found[1])
        if entry is None:
            continue
        done += escape(text[at : found.start()]) + _told(entry)
        at = found.end()
    return done + escape(text[at:])


def _told(entry: Entry) -> Markup:
    reach = span(entry.low, entry.high, entry.unit)
    known = str(entry.value) if isinstance(entry.value, Unknown) else evidence_value(entry.value, entry.unit)
    value = known + (f" ({reach})" if reach else "")
    return Markup('{} <small class="entry">{}</small>').format(value, entry.id)
