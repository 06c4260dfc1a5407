"""The contract of every arena and method there is; nothing is listed here."""

import pytest

from methods.kit.engine import checks, registry


def assert_contract(arena, method=None):
    failed = [f"{result.name}: {result.message}" for result in checks.check(arena, method) if result.status == "failed"]
    if failed:
        pytest.fail("\n".join([f"{len(failed)} checks of {arena}{'/' + method if method else ''} failed", *failed]),
                    pytrace=False)


@pytest.mark.parametrize("arena", registry.arena_slugs())
def test_arena(arena):
    assert_contract(arena)


@pytest.mark.parametrize(("arena", "method"), [
    pytest.param(arena, path.stem.replace("_", "-"), id=f"{arena}/{path.stem.replace('_', '-')}")
    for arena in registry.arena_slugs() for path in registry.method_files(arena)])
def test_method(arena, method):
    assert_contract(arena, method)
