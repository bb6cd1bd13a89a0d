import numpy as np

from separatrix.team.rehearsal.answers.findings import volume_findings
from separatrix.team.rehearsal.play.outputs import OF_PERSON, Layout
from separatrix.team.rehearsal.runs.rows import Rows

LAYOUT = Layout(("A", "B"), ("all",))


def rows(lowest_of_a: list[float]) -> Rows:
    values = np.ones((len(lowest_of_a), len(LAYOUT.names)))
    values[:, LAYOUT.at("volume_lowest@A")] = lowest_of_a
    return Rows(LAYOUT, values, np.zeros((len(values), len(OF_PERSON))))


def test_a_volume_that_is_not_held_is_told_of_that_child_alone():
    (found,) = volume_findings(rows([0.1, 0.2, 0.3, 1.0]), floor=0.6)
    assert (found.key, found.severity) == ("volume:A", "stop")
    assert "in 3 of 4 rehearsals it falls below 60 %" in found.text
    assert "net transfusion" in found.mend


def test_one_great_loss_in_a_thousand_is_not_the_plans():
    assert list(volume_findings(rows([0.1] + [1.0] * 999), floor=0.6)) == []
