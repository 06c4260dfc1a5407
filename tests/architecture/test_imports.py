"""The import rules hold, and the web process stays light."""

import ast
import importlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = {"papers", "methods", "evaluations", "workers", "config", "bench"}
HEAVY = ("torch", "transformers", "sentence_transformers")


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_imports_go_one_way():
    done = run(Path(sys.executable).parent / "lint-imports")
    assert done.returncode == 0, done.stdout


def test_web_process_loads_no_torch():
    """Start the application, resolve every address and render a page."""
    code = f"""
import sys
import config.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
import config.api
loaded = [name for name in {HEAVY!r} if name in sys.modules]
assert not loaded, loaded
print(len(get_resolver().reverse_dict))
"""
    done = run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 20


def test_every_view_and_selector_module_is_light():
    modules = [".".join(p.relative_to(ROOT).with_suffix("").parts) for app in ("papers", "methods", "evaluations",
               "workers", "config") for p in (ROOT / app).rglob("*.py")
               if p.stem.endswith(("views", "selectors", "api", "tags", "forms", "urls"))]
    code = (f"import django, sys; django.setup()\nfor m in {modules!r}: __import__(m)\n"
            f"loaded = [n for n in {HEAVY!r} if n in sys.modules]\nassert not loaded, loaded")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"})
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(modules) > 15


def test_init_files_are_empty():
    full = [str(p) for app in ("papers", "methods", "evaluations", "workers", "config")
            for p in (ROOT / app).rglob("__init__.py") if p.read_text().strip()]
    assert full == []


@pytest.mark.parametrize("file", sorted((ROOT / "bench").glob("*.py")), ids=lambda file: file.stem)
def test_what_a_measurement_imports_is_there(file):
    """`make bench` is seldom run, so a name that moved away would go unnoticed."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in APPS:
            module = importlib.import_module(node.module)
            for alias in node.names:
                inside = hasattr(module, "__path__") and find_spec(f"{node.module}.{alias.name}")
                assert hasattr(module, alias.name) or inside, \
                    f"{file.name} line {node.lineno}: {node.module} has no {alias.name}"
