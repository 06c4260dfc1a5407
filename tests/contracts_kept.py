"""A pytest plugin: --every-contract checks every method whole and records the keys of those that passed."""

import json
from pathlib import Path

import pytest

FILE = Path(__file__).parent / "methods" / "contracts_kept.json"
_passed: dict[str, str] = {}


def recorded() -> dict[str, str]:
    """By "arena/method", the key of the code that last passed whole."""
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def pytest_addoption(parser):
    parser.addoption("--every-contract", action="store_true", help="check every method whole, and record it")


def pytest_runtest_logreport(report):
    if report.when == "call" and report.passed:
        _passed.update(value for name, value in report.user_properties if name == "contract kept")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    from methods.kit.engine import registry

    if session.config.getoption("every_contract") and not hasattr(session.config, "workerinput") and _passed:
        there = {f"{arena}/{path.stem.replace('_', '-')}" for arena in registry.arena_slugs()
                 for path in registry.method_files(arena)}
        known = {name: key for name, key in (recorded() | _passed).items() if name in there}
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(key)}" for name, key in sorted(known.items()))
        FILE.write_text(f"{{\n{lines}\n}}\n")
