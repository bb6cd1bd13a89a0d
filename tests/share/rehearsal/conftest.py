"""The short day of the script's tests, and a story of it."""

from __future__ import annotations

import pytest
from tests.share.rehearsal.stories import story_of
from tests.share.script.conftest import procedure as procedure
from tests.share.script.conftest import schedule as schedule

from separatrix.team.choreography.model import Schedule
from separatrix.team.protocol.model import Procedure
from separatrix.team.rehearsal.stories.story import Story


@pytest.fixture(scope="session")
def story(procedure: Procedure, schedule: Schedule) -> Story:
    return story_of(procedure, schedule)
