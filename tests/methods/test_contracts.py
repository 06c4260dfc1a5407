"""The contract of every arena and method there is; nothing is listed here.

A method is checked whole where a change can have reached it since `make test-all` last passed: where its contract's key
(digests of its runs, of the checks and of what its card asks for) is not the recorded one, or there is none
(tests/methods/contracts_kept.json, written by that command alone). Otherwise its file is read and it is run once.
"""

import gc

import pytest

from methods.kit.engine import checks, registry
from tests.contracts_kept import recorded


@pytest.fixture(autouse=True)
def what_is_there_is_left_alone_by_the_garbage_collector():
    """As in a worker's child, where a short run does not pay for collecting a whole library in memory."""
    gc.freeze()
    yield
    gc.unfreeze()


def failures(arena, method, known):
    return [f"{result.name}: {result.message}" for result in checks.check(arena, method, known=known)
            if result.status == "failed"]


def assert_contract(arena, method=None, *, known=False):
    failed = failures(arena, method, known)
    for _ in range(3):  # what shares the processor's caches makes a run seem slower than it is, never quicker
        if failed and all("of processor time" in message for message in failed):
            failed = failures(arena, method, known)
    if failed:
        pytest.fail("\n".join([f"{len(failed)} checks of {arena}{'/' + method if method else ''} failed", *failed]),
                    pytrace=False)


@pytest.mark.parametrize("arena", registry.arena_slugs())
def test_arena(arena):
    assert_contract(arena)


@pytest.mark.parametrize(("arena", "method"), [
    pytest.param(arena, path.stem.replace("_", "-"), id=f"{arena}/{path.stem.replace('_', '-')}")
    for arena in registry.arena_slugs() for path in registry.method_files(arena)])
def test_method(arena, method, request, record_property):
    key = checks.contract_key(arena, method)
    every = request.config.getoption("every_contract")
    assert_contract(arena, method, known=not every and recorded().get(f"{arena}/{method}") == key)
    record_property("contract kept", (f"{arena}/{method}", key))
