"""The contract of every arena and method there is; nothing is listed here.

Every method is checked whole in its main setting and in those its claims name. In its arena's other settings it is
checked where a change can have reached it since `make test-all` last passed: where the digest of its runs there is not
the recorded one (tests/methods/checked_settings.json, written by that command alone).
"""

import pytest

from methods.kit.engine import checks, registry
from tests.checked_settings import recorded


def assert_contract(arena, method=None, *, settings=True):
    failed = [f"{result.name}: {result.message}" for result in checks.check(arena, method, settings=settings)
              if result.status == "failed"]
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
    key = checks.settings_key(arena, method)
    all_settings = request.config.getoption("all_settings")
    assert_contract(arena, method, settings=all_settings or recorded().get(f"{arena}/{method}") != key)
    record_property("checked in all settings", (f"{arena}/{method}", key))
