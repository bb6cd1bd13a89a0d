"""Formulas of derived entries: written in the note, checked on loading, followed where the team sets a value.

A note that begins with ``= EXPRESSION; words`` says how the value comes about. Names in the expression are
ids of other entries; it may hold numbers, ``+ - * / **``, ``pi`` and the functions in `FUNCTIONS`.
"""

from __future__ import annotations

import ast
import decimal
import graphlib
import math
import operator
import statistics
from collections.abc import Callable, Mapping
from types import MappingProxyType

from separatrix.core import Unknown
from separatrix.evidence.model import Entry

AGREEMENT = 0.001
"""A value may differ from its formula by this share, or by the rounding of its last printed digit."""
_Z95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""


def wilson_low(hits: float, trials: float) -> float:
    """Lower end of Wilson's 95 % interval of a share."""
    centre, half = _wilson(hits, trials)
    return centre - half


def wilson_high(hits: float, trials: float) -> float:
    """Upper end of Wilson's 95 % interval of a share."""
    centre, half = _wilson(hits, trials)
    return centre + half


def _wilson(hits: float, trials: float) -> tuple[float, float]:
    share, z2 = hits / trials, _Z95**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    return centre, half


def _median(*values: float) -> float:
    return statistics.median(values)


FUNCTIONS: Mapping[str, Callable[..., float]] = MappingProxyType(
    {
        "sqrt": math.sqrt,
        "exp": math.exp,
        "log": math.log,
        "asin": math.asin,
        "acos": math.acos,
        "median": _median,
        "wilson_low": wilson_low,
        "wilson_high": wilson_high,
    }
)
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.Pow: operator.pow,
    }
)


def formula_of(entry: Entry) -> str:
    """The expression in an entry's note; empty where there is none."""
    return entry.note[2:].split(";")[0].strip() if entry.note.startswith("= ") else ""


def words_of(entry: Entry) -> str:
    """An entry's note without the expression."""
    return entry.note.partition(";")[2].strip() if entry.note.startswith("= ") else entry.note


def inputs_of(expression: str) -> tuple[str, ...]:
    """Ids of the entries that an expression names, sorted.

    Raises
    ------
    ValueError
        If the expression cannot be read.

    Examples
    --------
    >>> inputs_of("flow.a.b * 2 / flow.c")
    ('flow.a.b', 'flow.c')
    """
    seen: set[str] = set()

    def note(key: str) -> float:
        seen.add(key)
        return 1.0

    _walk(_parse(expression), note, dry=True)
    return tuple(sorted(seen))


def evaluate(expression: str, value_of: Callable[[str], float]) -> float:
    """Compute an expression.

    Raises
    ------
    ValueError
        If the expression cannot be read or computed.

    Examples
    --------
    >>> evaluate("400 * (36 - 25) / 36", float)
    122.22222222222223
    """
    tree = _parse(expression)
    try:
        return float(_walk(tree, value_of, dry=False))
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ValueError(f"formula '{expression}' cannot be computed: {error}") from None


def in_order(entries: Mapping[str, Entry]) -> list[str]:
    """Ids of the entries with a formula, each after those that its formula names.

    Raises
    ------
    ValueError
        If formulas name each other in a circle.
    """
    formulas = {key: text for key, e in sorted(entries.items()) if (text := formula_of(e))}
    graph = {key: [i for i in inputs_of(text) if i in formulas] for key, text in formulas.items()}
    try:
        return list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        raise ValueError(f"formulas name each other in a circle: {' → '.join(error.args[1])}") from None


def formula_fault(entry: Entry, entries: Mapping[str, Entry]) -> str:
    """What is wrong with an entry's formula, or with the value beside it; empty where nothing is."""
    expression = formula_of(entry)
    if not expression:
        return ""
    try:
        missing = [key for key in inputs_of(expression) if key not in entries]
        if missing:
            return f"its formula names {', '.join(missing)}, which no table holds"
        found = evaluate(expression, lambda key: number_of(entries[key]))
        value = number_of(entry)
    except ValueError as error:
        return str(error)
    if abs(found - value) > max(0.55 * _last_digit(value), AGREEMENT * abs(value)):
        return f"its formula gives {found:.6g}, the value is {value:.6g}"
    return ""


def number_of(entry: Entry) -> float:
    """The value of an entry that a formula names.

    Raises
    ------
    ValueError
        If it is not a number, or unknown.
    """
    if isinstance(entry.value, (str, bool, Unknown)):
        raise ValueError(f"'{entry.id}' is no number: {entry.value}")
    return float(entry.value)


def _last_digit(value: float) -> float:
    """Worth of the last digit that is printed of a number, 1 for whole numbers."""
    if value == int(value):
        return 1.0
    exponent = decimal.Decimal(repr(value)).as_tuple().exponent
    return 10.0**exponent if isinstance(exponent, int) else 0.0


def _parse(expression: str) -> ast.expr:
    try:
        return ast.parse(expression, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"formula '{expression}' cannot be read: {error.msg}") from None


def _walk(node: ast.expr, value_of: Callable[[str], float], *, dry: bool) -> float:
    """Compute a node; a dry walk only visits every name."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_walk(node.operand, value_of, dry=dry)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = (_walk(side, value_of, dry=dry) for side in (node.left, node.right))
        return 1.0 if dry else _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        values = [_walk(argument, value_of, dry=dry) for argument in node.args]
        return 1.0 if dry else FUNCTIONS[node.func.id](*values)
    if isinstance(node, ast.Name) and node.id == "pi":
        return math.pi
    if isinstance(node, ast.Attribute):
        return value_of(ast.unparse(node))
    raise ValueError(f"a formula cannot hold '{ast.unparse(node)}'")
