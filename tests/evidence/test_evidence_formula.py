"""Formulas in notes: computed rightly, and nothing but arithmetic."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from separatrix.evidence.formula import evaluate, inputs_of, wilson_high, wilson_low

NUMBERS = st.floats(0.1, 1e3)
NAMES = {"t.a": 2.0, "t.b.c": 5.0}


def _expressions() -> st.SearchStrategy[str]:
    leaves = st.one_of(NUMBERS.map(repr), st.sampled_from(sorted(NAMES)))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
            inner.map(lambda text: f"(-{text})"),
        ),
        max_leaves=8,
    )


@settings(deadline=None)
@given(_expressions())
def test_arithmetic_is_pythons(text: str) -> None:
    class Part:
        def __init__(self, start: str) -> None:
            self._start = start

        def __getattr__(self, name: str) -> object:
            key = f"{self._start}.{name}"
            return NAMES.get(key, Part(key))

    try:
        expected = eval(text, {"t": Part("t")})
    except ZeroDivisionError:
        with pytest.raises(ValueError, match="cannot be computed"):
            evaluate(text, NAMES.__getitem__)
        return
    assert evaluate(text, NAMES.__getitem__) == expected
    assert set(inputs_of(text)) == {name for name in NAMES if name in text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sqrt(2) * pi", math.sqrt(2) * math.pi),
        ("2 ** 10", 1024),
        ("median(3, 1, 2, 10)", 2.5),
        ("exp(log(7))", 7),
        ("asin(1) + acos(1)", math.pi / 2),
    ],
)
def test_functions_are_those_of_mathematics(text: str, value: float) -> None:
    assert evaluate(text, NAMES.__getitem__) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "[1][0]",
        "1 if 2 else 3",
        "lambda: 1",
        "'a' + 'b'",
        "exit(1)",
        "a",
        "1; 2",
        "",
        "sqrt(-1)",
        "sqrt(1, 2)",
        "10.0 ** 400",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="formula"):
        evaluate(text, NAMES.__getitem__)


@settings(deadline=None)
@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_holds_the_share_and_stays_inside_0_to_1(counts: tuple[int, int]) -> None:
    hits, trials = counts
    low, high = wilson_low(hits, trials), wilson_high(hits, trials)
    assert -1e-12 <= low <= hits / trials + 1e-12
    assert hits / trials - 1e-12 <= high <= 1 + 1e-12


def test_wilsons_interval_is_the_textbooks() -> None:
    assert (wilson_low(19, 23), wilson_high(19, 23)) == pytest.approx((0.6286, 0.9302), abs=5e-5)
