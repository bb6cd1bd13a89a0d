"""Which groups of skills can be a bottleneck: the families of Hall's theorem, thinned to those that tell.

People who each bring one skill at a time can staff a set of running activities if and only if no family
of needs asks for more people than have any of its skills (Hall 1935). One bound per family is therefore a
relaxation without persons, exact at every instant where all families are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

MOST_FOR_ALL = 6
"""Up to so many needs that share people, every family is kept; beyond, the telling ones."""


def hall_families(eligible: Sequence[frozenset[int]]) -> tuple[frozenset[int], ...]:
    """Families of needs worth a bound of their own.

    Parameters
    ----------
    eligible
        For each kind of need, who can meet it.

    Returns
    -------
    tuple of frozenset
        Families as indices into `eligible`, sorted. Each is *closed* (holds every need that its own people
        alone can meet: same people, more demand) and *connected* (falls not apart into families with
        different people, whose bounds together say the same). Every family is among them for needs that
        share people with up to five others; beyond, the closed singles and pairs, and the whole.

    Examples
    --------
    >>> surgeon, nurse, either = frozenset({0}), frozenset({1}), frozenset({0, 1})
    >>> [sorted(f) for f in hall_families([surgeon, nurse, either])]
    [[0], [0, 1, 2], [1]]
    """
    found: set[frozenset[int]] = set()
    for component in _components(range(len(eligible)), eligible):
        for family in _candidates(component):
            closed = _closure(family, component, eligible)
            if len(list(_components(sorted(closed), eligible))) == 1:
                found.add(closed)
    return tuple(sorted(found, key=sorted))


def people_of(family: frozenset[int], eligible: Sequence[frozenset[int]]) -> frozenset[int]:
    """Everybody who can meet any need of a family."""
    return frozenset().union(*(eligible[need] for need in family))


def _candidates(component: Sequence[int]) -> Iterator[frozenset[int]]:
    sizes = range(1, len(component) + 1) if len(component) <= MOST_FOR_ALL else (1, 2, len(component))
    for size in sizes:
        for family in combinations(component, size):
            yield frozenset(family)


def _closure(
    family: frozenset[int], component: Sequence[int], eligible: Sequence[frozenset[int]]
) -> frozenset[int]:
    people = people_of(family, eligible)
    return frozenset(need for need in component if eligible[need] <= people) | family


def _components(needs: Sequence[int], eligible: Sequence[frozenset[int]]) -> Iterator[list[int]]:
    """Needs joined by shared people, group by group."""
    left = list(needs)
    while left:
        group, people = [left[0]], set(eligible[left[0]])
        rest = left[1:]
        while joined := [need for need in rest if eligible[need] & people]:
            group += joined
            people.update(*(eligible[need] for need in joined))
            rest = [need for need in rest if need not in joined]
        left = rest
        yield sorted(group)
