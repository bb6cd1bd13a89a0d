import inspect

import pytest

import separatrix.core.errors as errors
from separatrix.core import Fault, InputError, Owner, SeparatrixError, Twin, Unknown, generator, near_names


def test_message_tells_where_what_expected_and_how_to_mend():
    fault = Fault(
        file="case.yaml",
        field="twins.A.weight_kg",
        line=12,
        problem="found 8100",
        expected="kg",
        mend="write 8.1",
    )
    assert str(fault) == "case.yaml:12 twins.A.weight_kg: found 8100; expected kg. To mend: write 8.1"


def test_all_faults_are_told_at_once():
    error = InputError(Fault(problem="first"), Fault(problem="second"))
    assert str(error) == "first\nsecond"
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SeparatrixError", 1),
        ("SolverError", 1),
        ("InputError", 2),
        ("GeometryError", 2),
        ("DataMissingError", 2),
        ("StorageError", 2),
        ("InfeasibleError", 3),
    ],
)
def test_exit_codes_of_the_tree(name, code):
    assert getattr(errors, name).exit_code == code


def test_every_error_of_the_tree_is_drawn_in_the_docstring():
    classes = [
        c.__name__ for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, SeparatrixError)
    ]
    assert [c for c in classes if c not in (errors.__doc__ or "")] == []


def test_near_name_is_suggested():
    assert "'weight_kg'" in near_names("wieght_kg", ["weight_kg", "sex"])


def test_twins_have_distinct_colour_mark_and_code():
    assert Twin.A.other is Twin.B
    assert Twin.B.other is Twin.A
    assert (Twin.A.code, Twin.B.code) == (Owner.A, Owner.B)
    assert Twin.A.colour != Twin.B.colour
    assert Twin.A.mark != Twin.B.mark


def test_unknown_is_not_a_number_and_tells_why():
    assert Unknown("no scan").to_dict() == {"unknown_because": "no scan"}


def test_streams_of_other_purposes_seeds_and_types_differ():
    draws = {
        generator(1, "noise").random(),
        generator(1, "bias").random(),
        generator(2, "noise").random(),
        generator(1, "noise", 1).random(),
        generator(1, "noise", "1").random(),
    }
    assert len(draws) == 5
    assert generator(7, "x", 3).random() == generator(7, "x", 3).random()
