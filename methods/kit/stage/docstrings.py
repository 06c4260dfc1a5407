"""What the standard library's functions say they do, beside what they do: two kinds of text that mean one thing."""

from __future__ import annotations

import ast
import platform
import re
import sysconfig
import warnings
from functools import cache
from pathlib import Path

import numpy as np

from methods.kit.engine.archives import decoded, reads
from methods.kit.stage.data import Texts, _stdlib_files
from methods.kit.stage.sources import STDLIB

SHORTEST = 4        # words of a docstring and of a body, at least
FEW = 30            # files, for those that may not wait


@reads(STDLIB)
def documented_functions(small: bool = False, on_progress=None) -> tuple[Texts, Texts]:
    """First paragraphs of docstrings, and the functions' bodies without them, as words separated by blanks.

    In the order of files and lines; a docstring or a body that stands twice is left out after its first time. `small`
    reads the first files alone.
    """
    arrays = _few() if small else decoded(f"docstrings-{platform.python_version()}", 1, (), lambda *_: _pairs(None),
                                          on_progress)
    return Texts.unpack(arrays, "docstring"), Texts.unpack(arrays, "body")


@cache
def _few() -> dict[str, np.ndarray]:
    return _pairs(FEW)


def _pairs(files: int | None) -> dict[str, np.ndarray]:
    docstrings, bodies, seen = [], [], set()  # type: ignore[var-annotated]  # an annotation would be other code to measured runs
    for path in _stdlib_files(Path(sysconfig.get_path("stdlib")))[:files]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)     # odd escapes in old files
                tree = ast.parse(path.read_bytes())
        except SyntaxError:                                        # templates and files for another version
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            docstring = ast.get_docstring(node)
            if not docstring or len(node.body) < 2:
                continue
            said = " ".join(words(docstring.split("\n\n")[0]))
            done = " ".join(words("\n".join(ast.unparse(line) for line in node.body[1:])))
            if min(said.count(" "), done.count(" ")) + 1 >= SHORTEST and not {said, done} & seen:
                seen |= {said, done}
                docstrings.append(said)
                bodies.append(done)
    return Texts.pack(docstrings, "docstring") | Texts.pack(bodies, "body")


def words(text: str) -> list[str]:
    """Lower-case words; names are taken apart at underscores and capitals.

    >>> words("Return readLine_count(x2)")
    ['return', 'read', 'line', 'count', 'x']
    """
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", text)]
