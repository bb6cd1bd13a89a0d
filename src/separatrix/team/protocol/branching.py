"""Decisions that the day may force: what each way on adds, drops and ties anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from separatrix.team.protocol.activities import Ground, activity_of
from separatrix.team.protocol.file import BranchSpec, OptionSpec
from separatrix.team.protocol.model import Branch, BranchOption, Precedence
from separatrix.team.protocol.network import bridged, following
from separatrix.team.protocol.repeat import (
    Instance,
    Instances,
    instances_of,
    last_of,
    precedences_of,
    repeated_name,
    repeated_title,
)


def branches_of(spec: BranchSpec, precedences: Sequence[Precedence], ground: Ground) -> Iterator[Branch]:
    """A branch at each repetition of its activity that takes place.

    Parameters
    ----------
    precedences
        Those of the procedure without any branch.
    """
    if not ground.situation.takes_place(spec.operations, spec.when):
        return
    for at in ground.instances.meant(spec.at):
        if at.present:
            yield Branch(
                id=repeated_name(spec.id, at.key),
                title=repeated_title(spec.title, at.key),
                at=at.id,
                trigger=spec.trigger,
                options=tuple(_option(option, at, precedences, ground) for option in spec.options),
            )


def _option(
    option: OptionSpec, at: Instance, precedences: Sequence[Precedence], ground: Ground
) -> BranchOption:
    added = tuple(one for one in _added(option, at, ground) if one.present)
    drops = _dropped(option, at, precedences, ground)
    ties = (*_ties(option, at, added, ground), *_over_gaps(precedences, drops))
    kept = {one.id for one in ground.instances.all if one.present and one.id not in drops}
    kept |= {one.id for one in added}
    return BranchOption(
        id=option.id,
        title=option.title,
        adds=tuple(activity_of(one, ground) for one in added),
        precedences=tuple(dict.fromkeys(tie for tie in ties if {tie.before, tie.after} <= kept)),
        drops=drops,
    )


def _added(option: OptionSpec, at: Instance, ground: Ground) -> Iterator[Instance]:
    """Instances of what is added: repetitions like those of the branch's activity unless told otherwise."""
    for index, spec in enumerate(option.adds):
        for one in instances_of(spec, None, ("adds", index), ground.situation):
            if one.kind or not at.key:
                yield one
            else:
                yield Instance(
                    spec=spec,
                    block=None,
                    place=one.place,
                    kind=at.kind,
                    key=at.key,
                    patients=one.patients if spec.patients is not None else at.patients,
                    crossing=at.crossing,
                    present=one.present,
                )


def _ties(
    option: OptionSpec, at: Instance, added: Sequence[Instance], ground: Ground
) -> Iterator[Precedence]:
    """What the added activities wait for, and what waits for them."""
    if not added:
        return
    known = Instances((*added, *ground.instances.all))
    for one in added:
        ties = tuple(precedences_of(one, known))
        yield from ties or (Precedence(before=at.id, after=one.id),)
    for reference in option.before:
        for waiting in ground.instances.meant(reference, at.kind, at.key):
            yield from (Precedence(before=tail.id, after=waiting.id) for tail in last_of(added))


def _dropped(
    option: OptionSpec, at: Instance, precedences: Sequence[Precedence], ground: Ground
) -> tuple[str, ...]:
    def meant(references: Sequence[str]) -> set[str]:
        return {one.id for ref in references for one in ground.instances.meant(ref, at.kind, at.key)}

    gone = meant(option.drops)
    if option.drops_rest:
        gone |= following(precedences, at.id)
    gone -= meant(option.keeps)
    return tuple(one.id for one in ground.instances.all if one.present and one.id in gone)


def _over_gaps(precedences: Sequence[Precedence], drops: Sequence[str]) -> Iterator[Precedence]:
    """Precedences that hold between what is kept once the dropped is bridged, and did not stand before."""
    if drops:
        standing = set(precedences)
        yield from (tie for tie in bridged(precedences, drops) if tie not in standing)
