"""Discovery: the folders under `methods/arenas` are the registry. Nothing is listed twice.

Importing is strict: a file that cannot be read, a module that does not import or a class that does not match its file
raises DiscoveryError, which names file, line and reason.
"""

from __future__ import annotations

import importlib
import inspect
import re
import traceback
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from methods.kit.method import Method
from methods.kit.stage.arena import Arena

ROOT = Path(__file__).resolve().parents[3]
ARENAS = ROOT / "methods" / "arenas"


class DiscoveryError(Exception):
    """A file of the library is broken; the message names file, line (0: none in particular) and reason."""

    def __init__(self, file: Path, reason: str, line: int = 0):
        super().__init__(file, reason, line)
        self.file, self.reason, self.line = Path(file), reason, line

    def __str__(self) -> str:
        return sentence(named(self.file), self.line, self.reason)


def sentence(file: str, line: int, reason: str) -> str:
    return f"{file}, line {line}: {reason}" if line else f"{file}: {reason}"


def named(path: Path) -> str:
    """How a file is called: by its path in the project."""
    for home, prefix in ((ARENAS, "methods/arenas/"), (ROOT, "")):
        if path.is_relative_to(home):
            return prefix + path.relative_to(home).as_posix()
    return str(path)


@dataclass(frozen=True)
class Entry:
    """One arena and its contestants by slug."""

    arena: type[Arena]
    methods: dict[str, type[Method]]


def arena_slugs() -> list[str]:
    return sorted(p.parent.name.replace("_", "-") for p in ARENAS.glob("*/arena.py"))


def method_files(arena: str) -> list[Path]:
    folder = ARENAS / arena.replace("-", "_")
    return sorted(p for p in folder.glob("*.py") if p.name not in ("__init__.py", "arena.py"))


def class_name(file_stem: str) -> str:
    """focal_loss -> FocalLoss"""
    return "".join(part[:1].upper() + part[1:] for part in file_stem.split("_"))


def path_of(arena: str, method: str = "arena") -> Path:
    """The file of a method, or of the arena itself; it need not be there."""
    return ARENAS / arena.replace("-", "_") / f"{method.replace('-', '_')}.py"


def load_arena(slug: str) -> type[Arena]:
    """The arena's class. Raises KeyError for an unknown slug, DiscoveryError for a broken file."""
    path = path_of(slug)
    if path.parent.parent != ARENAS or path.parent.name.replace("_", "-") != slug or not path.exists():
        raise KeyError(f"no arena {slug}; there are {', '.join(arena_slugs())}")
    module = _import(f"methods.arenas.{path.parent.name}.arena", path)
    found = [c for _, c in inspect.getmembers(module, inspect.isclass)
             if issubclass(c, Arena) and c.__module__ == module.__name__]
    if len(found) != 1:
        raise DiscoveryError(path, f"needs exactly one Arena subclass, has {len(found)}")
    slot = getattr(found[0], "slot", None)
    if not (inspect.isclass(slot) and issubclass(slot, Method)):
        raise DiscoveryError(path, "slot must be a subclass of Method", line_of(path, rf"class {found[0].__name__}\b"))
    return found[0]


def load_method(arena: str, slug: str) -> type[Method]:
    """The method's class. Raises KeyError for an unknown slug, DiscoveryError for a broken file."""
    path = path_of(arena, slug)
    if path.name in ("__init__.py", "arena.py") or not (path.exists() or path.is_symlink()):
        raise KeyError(f"no method {slug} in {arena}")
    slot = load_arena(arena).slot
    module = _import(f"methods.arenas.{path.parent.name}.{path.stem}", path)
    name = class_name(path.stem)
    cls = getattr(module, name, None)
    if not (inspect.isclass(cls) and issubclass(cls, slot) and cls.__module__ == module.__name__):
        others = [c.__name__ for c in vars(module).values()
                  if inspect.isclass(c) and issubclass(c, Method) and c.__module__ == module.__name__]
        raise DiscoveryError(path, f"needs a class {name}({slot.__name__})" + (f", not {others[0]}" if others else ""),
                             line_of(path, rf"class ({'|'.join([name, *others])})\b"))
    if "card" not in cls.__dict__:
        raise DiscoveryError(path, f"{name} has no card", line_of(path, rf"class {name}\b"))
    return cls


@cache
def discover() -> dict[str, Entry]:
    """Every arena and method by slug."""
    return {slug: Entry(load_arena(slug), {p.stem.replace("_", "-"): load_method(slug, p.stem.replace("_", "-"))
                                           for p in method_files(slug)})
            for slug in arena_slugs()}


def line_of(path: Path, pattern: str) -> int:
    """The first line that begins, indented or not, with the pattern; 0 when none does."""
    lines = path.read_text(errors="replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if re.match(rf"\s*{pattern}", line)), 0)


def broken(error: BaseException, path: Path) -> DiscoveryError:
    """Any error that was met while `path` was read, with the line of the library it comes from."""
    if isinstance(error, DiscoveryError):
        return error
    file, line = path, 0
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    if isinstance(error, SyntaxError) and error.filename and _in_library(error.filename):
        file, line = Path(error.filename), error.lineno or 0
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            source = Path(frame.filename)
            # of the kit only what it does when it is imported: where it refuses something, the fault is the caller's
            if source.is_relative_to(ARENAS) or (_in_library(frame.filename) and frame.name == "<module>"):
                file, line = source, frame.lineno or 0
    reason = f"{type(error).__name__}: {' '.join(text.split())}"[:500].removesuffix(": ")
    return DiscoveryError(file, reason + (f" (needed by {named(path)})" if file != path else ""), line)


def _in_library(file: str) -> bool:
    engine = Path(__file__).parent
    return any(Path(file).is_relative_to(home) for home in (ARENAS, ROOT / "methods")) \
        and not Path(file).is_relative_to(engine)


def _import(name: str, path: Path):
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DiscoveryError(path, f"cannot be read: {error.strerror or error}") from error
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise DiscoveryError(path, f"is not UTF-8: byte 0x{data[error.start]:02x}",
                             data.count(b"\n", 0, error.start) + 1) from error
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # whatever a file does when it is imported
        raise broken(error, path) from error
