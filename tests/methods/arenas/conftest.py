"""Tests of arenas run as a worker's child does."""

import pytest

from methods.kit.engine import rehearsal


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with rehearsal.one_thread():
        yield
