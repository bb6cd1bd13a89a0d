"""Cover in the slow twin: chains of turns, handovers and reliefs."""

from __future__ import annotations

from tests.reference import rehearsal_script as script_of
from tests.reference.rehearsal_stage import NEVER, Process, Stage


class Cover(Stage):
    """Chains of turns."""

    def _open_chain(self, chain: int) -> None:
        first, last = self.script.chain_ptr[chain : chain + 2]
        if first < last and not self.chains[chain].closed:
            self.chains[chain].open = True
            self.chains[chain].opening.succeed()
            self._hold_chain(chain, self.script.turn_person[first], self.script.nodes + first)

    def _hold_chain(self, chain: int, person: int, item: int) -> None:
        cover = self.chains[chain]
        cover.holder, cover.item, cover.began = person, item, self.now
        self.chains_of[person].append(chain)
        self._enter(person)
        if item >= 0:
            cover.begun += 1
            self._deliver(item, self.script.arcs_at_start[item], self.now)

    def _hand_over(self, chain: int, person: int, item: int) -> None:
        """Another person holds the chain from now on; the one before goes a little later."""
        cover = self.chains[chain]
        leaving = (cover.holder, cover.item)
        cover.handing.append(leaving)
        cover.handed_at = self.now + self.number.handover_min
        self.ahead += 1
        event = self.clock.at(cover.handed_at, (script_of.CHAINS, chain, script_of.RELEASES))
        event.callbacks.append(lambda _: self._handed_over(chain, leaving))
        self.events.append((self.now, "take over", chain, person))
        self._hold_chain(chain, person, item)

    def _handed_over(self, chain: int, leaving: tuple[int, int]) -> None:
        if leaving in self.chains[chain].handing:
            self.chains[chain].handing.remove(leaving)
            self._release(chain, *leaving)
            self._happened()

    def _release(self, chain: int, person: int, item: int) -> None:
        self.ahead -= 1
        self.chains_of[person].remove(chain)
        self._leave(person)
        if item >= 0:
            self._deliver(item, self.script.arcs_at_end[item], self.now)

    def _close_chain(self, chain: int) -> None:
        cover, script = self.chains[chain], self.script
        if cover.open:
            for leaving in cover.handing:
                self._release(chain, *leaving)
            cover.handing.clear()
            self.ahead += 1  # the holder's own going was not ahead
            self._release(chain, cover.holder, cover.item)
            if cover.vain_since < NEVER:
                self.whole["unrelieved_min"] += self.now - cover.vain_since
            if cover.relief_ahead:
                self.ahead -= 1
        cover.open, cover.closed, cover.relief_ahead = False, True, False
        first, last = script.chain_ptr[chain : chain + 2]
        for item in range(script.nodes + first + cover.begun, script.nodes + last):
            self._disarm(item)
            self._deliver(item, script.arcs_at_start[item], self.now)
            self._deliver(item, script.arcs_at_end[item], self.now)

    def _cover(self, chain: int) -> Process:
        script, cover = self.script, self.chains[chain]
        first, last = script.chain_ptr[chain : chain + 2]
        yield cover.opening
        key = (script_of.CHAINS, chain, script_of.TAKES_OVER)
        for turn in range(first + 1, last):
            yield self.turn_in[turn]
            event = self.clock.at(self.now, key)
            while True:
                yield event
                if cover.closed:
                    return
                comes = self._free(script.turn_person[turn]) and not cover.handing
                if comes and self.crisis_of[cover.holder] is None:
                    break
                event = self._stirred(key)
            self._hand_over(chain, script.turn_person[turn], script.nodes + turn)
            self._happened()
        yield from self._relieve(chain)

    def _relieve(self, chain: int) -> Process:
        """The last turn of a chain: as long as it is open, nobody too long and nobody past the shift."""
        script, cover = self.script, self.chains[chain]
        while True:
            due = min(cover.began + script.chain_longest[chain], script.person_shift[cover.holder][1])
            due = max(due, cover.handed_at if cover.handing else cover.began)
            self.ahead += 1
            cover.relief_ahead = True
            while True:
                yield self.clock.at(due, (script_of.CHAINS, chain, script_of.RELIEVES))
                if cover.closed:
                    return
                crisis = self.crisis_of[cover.holder]
                if crisis is not None:
                    due = crisis.end
                    self._stir()
                    continue
                if cover.relief_ahead:
                    self.ahead -= 1
                    cover.relief_ahead = False
                person = self._first_of(script.chain_need[chain], set(), only_done=True)
                if person >= 0:
                    break
                cover.vain_since = min(cover.vain_since, self.now)
                due = self.now + self.number.retry_min
                self._happened()
            if cover.vain_since < NEVER:
                self.whole["unrelieved_min"] += self.now - cover.vain_since
                cover.vain_since = NEVER
            self._hand_over(chain, person, -1)
            self._happened()
