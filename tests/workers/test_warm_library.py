"""What the warm process has imported is used while it is what is on the disk, and harms nobody when it is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TALK = """
import os, sys
from workers import warm_library
from workers.child import _choose_library
names = lambda: sorted(name for name in sys.modules if name.startswith("methods.arenas.") and name.endswith(".arena"))
def in_child(act):
    sys.stdout.flush()
    if not (pid := os.fork()):
        act(); sys.stdout.flush(); os._exit(0)
    os.waitpid(pid, 0)
warm_library.warm()
print(names())
"""


@pytest.fixture
def library(tmp_path) -> Path:
    """A project of the kit and two small arenas."""
    for part in ("workers", "methods/kit"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for package in ("methods", "methods/arenas"):
        (tmp_path / package).mkdir(exist_ok=True)
        (tmp_path / package / "__init__.py").touch()
    for name in ("alpha", "beta"):
        shutil.copytree(ROOT / "tests/workers/proving_ground", tmp_path / "methods/arenas" / name)
        (tmp_path / "methods/arenas" / name / "__init__.py").touch()
        arena = tmp_path / "methods/arenas" / name / "arena.py"
        arena.write_text(arena.read_text() + "\nWORD = 'first'\n")
    return tmp_path


def environment(library: Path) -> dict[str, str]:
    """As the worker starts its warm process: no library begins a thread."""
    return {"PYTHONPATH": str(library), "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin",
            "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
            "JE_ARROW_MALLOC_CONF": "background_thread:false"}


def said(library: Path, script: str, before: str = "") -> list[str]:
    script = TALK.replace("warm_library.warm()", f"{before}\nwarm_library.warm()") + script
    done = subprocess.run([sys.executable, "-c", script], cwd=library, capture_output=True, text=True,
                          env=environment(library))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_child_keeps_what_is_there_and_reads_anew_what_changed(library):
    arena = library / "methods/arenas/alpha/arena.py"
    told = said(library, f"""
def tell():
    _choose_library("")
    print(len(names()))
    import methods.arenas.alpha.arena as alpha
    print(alpha.WORD)
in_child(tell)
open({str(arena)!r}, "a").write("WORD = 'second'\\n")
in_child(tell)
warm_library.warm()
in_child(tell)
""")
    assert told == ["['methods.arenas.alpha.arena', 'methods.arenas.beta.arena']",
                    "2", "first", "0", "second", "2", "second"]


def test_a_new_method_leaves_it_warm_and_no_method_is_imported(library):
    told = said(library, f"""
print([name for name in sys.modules if name.startswith("methods.arenas.alpha.") and not name.endswith("arena")])
open({str(library / "methods/arenas/alpha/newest.py")!r}, "w").write("x = 1")
in_child(lambda: (_choose_library(""), print(len(names()))))
""")
    assert told[1:] == ["[]", "2"]


def test_arenas_that_do_harm_when_imported_are_left_to_their_runs(library):
    """Each comes after alpha; the threads of `delta` come last, since whoever follows is not asked again."""
    arenas = library / "methods/arenas"
    for name, harm in (("beta", "raise ValueError('no')"), ("gamma", "import sys\nsys.exit()"), (
            "delta", "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()")):
        if name != "beta":
            shutil.copytree(arenas / "alpha", arenas / name)
        with open(arenas / name / "arena.py", "a") as file:
            file.write(f"\n{harm}\n")
    (arenas / "delta").rename(arenas / "omega")
    shutil.copytree(arenas / "alpha", arenas / "later")
    assert said(library, "print(len(os.listdir('/proc/self/task')))") == [
        "['methods.arenas.alpha.arena', 'methods.arenas.later.arena']", "1"]


@pytest.mark.parametrize("harm", ["import os\nos._exit(3)", "import time\ntime.sleep(600)"])
def test_an_arena_that_ends_or_stops_the_process_is_given_up(library, harm):
    arena = library / "methods/arenas/beta/arena.py"
    arena.write_text(arena.read_text() + f"\n{harm}\n")
    told = said(library, "", f"warm_library.TRY_SECONDS = {60.0 if 'exit' in harm else 8.0}")
    assert "beta" not in told[0]
