"""The vessels while they are being drawn: joints, courses between them, and the operations on both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np

from separatrix.body.vessels.model import Reals


class Tree(Enum):
    """What the label map calls a vessel; only vessels of one tree may join."""

    ARTERIAL = "artery"
    VENOUS = "vein"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """A vessel from joint to joint, as a line."""

    a: int
    b: int
    tree: Tree
    points_mm: Reals
    """(n, 3), LPS, from `a` to `b`; n ≥ 2."""
    marks: tuple[str, ...] = ()

    @property
    def length_mm(self) -> float:
        """Arc length."""
        return float(np.linalg.norm(np.diff(self.points_mm, axis=0), axis=1).sum())

    @property
    def joints(self) -> tuple[int, int]:
        """Both ends."""
        return self.a, self.b

    def turned(self) -> Course:
        """The same, from `b` to `a`."""
        return replace(self, a=self.b, b=self.a, points_mm=self.points_mm[::-1])

    def leaving(self, joint: int) -> Course:
        """The same, turned so that it begins at a joint of its own."""
        return self if self.a == joint else self.turned()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Touch:
    """A place where two vessels touch; it is no vessel."""

    at_mm: Reals
    """(3,)."""
    trees: tuple[Tree, Tree]
    probability: float
    """That blood passes."""
    why: str


@dataclass(slots=True)
class Sketch:
    """Joints and courses by number; numbers of what was removed are not used again."""

    joints: dict[int, Reals] = field(default_factory=dict)
    """(3,) LPS mm."""
    courses: dict[int, Course] = field(default_factory=dict)
    touches: list[Touch] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _last: int = -1

    def add_joint(self, at_mm: Reals) -> int:
        """A new joint; its number."""
        self._last += 1
        self.joints[self._last] = np.asarray(at_mm, dtype=np.float64)
        return self._last

    def add_course(self, course: Course) -> int:
        """A new course; its number."""
        self._last += 1
        self.courses[self._last] = course
        return self._last

    def at_joints(self) -> dict[int, list[int]]:
        """Numbers of the vessels at each joint; one that begins and ends there stands twice."""
        found: dict[int, list[int]] = {j: [] for j in self.joints}
        for number, course in self.courses.items():
            found[course.a].append(number)
            found[course.b].append(number)
        return found

    def remove(self, numbers: Iterable[int]) -> None:
        """Take courses out, and joints that nothing is left at."""
        for number in numbers:
            del self.courses[number]
        used = {j for c in self.courses.values() for j in (c.a, c.b)}
        for joint in [j for j in self.joints if j not in used]:
            del self.joints[joint]

    def merge_through(self) -> None:
        """Make one course of two wherever a joint joins no more than two; rings keep their joint."""
        for joint in list(self.joints):
            numbers = [n for n, c in self.courses.items() for j in (c.a, c.b) if j == joint]
            if len(numbers) == 2 and numbers[0] != numbers[1]:
                self.join_pair(joint, *numbers)

    def join_pair(self, joint: int, first: int, second: int) -> int:
        """Make one course of two that meet at a joint; the joint stays if others are there. Its number."""
        one, two = self.courses[first].leaving(joint).turned(), self.courses[second].leaving(joint)
        whole = replace(
            one,
            b=two.b,
            points_mm=np.vstack([one.points_mm, two.points_mm[1:]]),
            marks=tuple(dict.fromkeys((*one.marks, *two.marks))),
        )
        number = self.add_course(whole)
        self.remove((first, second))
        return number

    def split(self, number: int, at_mm: Reals) -> int:
        """Set a joint on a course, at its point nearest to a place; the joint's number.

        Where that point is an end of the course, the joint there is given.
        """
        course = self.courses[number]
        nearest = int(np.argmin(np.linalg.norm(course.points_mm - at_mm, axis=1)))
        if nearest in (0, len(course.points_mm) - 1):
            return course.a if nearest == 0 else course.b
        joint = self.add_joint(course.points_mm[nearest])
        self.add_course(replace(course, b=joint, points_mm=course.points_mm[: nearest + 1]))
        self.add_course(replace(course, a=joint, points_mm=course.points_mm[nearest:]))
        del self.courses[number]
        return joint

    def part(self, joint: int, numbers: Iterable[int], touch: Touch) -> None:
        """Give some of the courses at a joint a joint of their own at the same place, and keep the touch."""
        own = self.add_joint(self.joints[joint])
        for number in numbers:
            self.courses[number] = replace(self.courses[number].leaving(joint), a=own)
        self.touches.append(touch)

    def contract(self, number: int) -> None:
        """Make one joint of the two ends of a course; what ran beside it becomes a loop and goes too."""
        course = self.courses[number]
        keep, lost = course.a, course.b
        middle = (self.joints[keep] + self.joints[lost]) / 2
        self.remove((number,))
        if keep == lost:
            return
        self.joints[keep] = middle
        for other, c in list(self.courses.items()):
            if lost in (c.a, c.b):
                a, b = (keep if j == lost else j for j in (c.a, c.b))
                self.courses[other] = replace(c, a=a, b=b)
        self.joints.pop(lost, None)

    def components(self) -> list[set[int]]:
        """Sets of joints that vessels join."""
        beyond: dict[int, set[int]] = defaultdict(set)
        for course in self.courses.values():
            beyond[course.a].add(course.b)
            beyond[course.b].add(course.a)
        found, seen = [], set[int]()
        for start in self.joints:
            if start in seen:
                continue
            front, piece = [start], {start}
            while front:
                new = beyond[front.pop()] - piece
                piece |= new
                front.extend(new)
            seen |= piece
            found.append(piece)
        return found
