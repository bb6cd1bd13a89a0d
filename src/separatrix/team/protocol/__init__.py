"""Protocol: what is done, by whom, where, on whom and after what, as data that a team can write.

Question: what are the activities, people, rooms and rules of this operation?
Input: a protocol that the program brings or a file of the team's own, ``team.yaml``, and what the body
stations found (`ProtocolInputs`).
Output: `Procedure`, one for each operation.
Assumption: durations are independent three-point estimates; what rests on no source says so.
Tests: ``tests/team/protocol``.
"""

from separatrix.team.protocol.expand import procedures
from separatrix.team.protocol.file import ProtocolFile
from separatrix.team.protocol.given import assumed_crossings, inputs_for
from separatrix.team.protocol.inputs import Closure, Crossing, Exchange, ProtocolInputs
from separatrix.team.protocol.library import check_files, default_team, read_protocol, read_team
from separatrix.team.protocol.model import Procedure
from separatrix.team.protocol.network import earliest_starts
from separatrix.team.protocol.staff import Staff

__all__ = [
    "Closure",
    "Crossing",
    "Exchange",
    "Procedure",
    "ProtocolFile",
    "ProtocolInputs",
    "Staff",
    "assumed_crossings",
    "check_files",
    "default_team",
    "earliest_starts",
    "inputs_for",
    "procedures",
    "read_protocol",
    "read_team",
]
