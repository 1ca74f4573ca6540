"""A small world for every stage test."""

import pytest

from tests.stages.world import World


@pytest.fixture
def world() -> World:
    return World()
