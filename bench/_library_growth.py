"""Makes bench.library's two libraries: a copy of a checkout as it is, and one grown by copies of its method files.

Nothing here knows how the project is laid out beyond what its users see: method files lie in
`methods/arenas/<arena>/`, management commands fill the database, and the tables of methods, runs and scores have
the names that the apps give them.
"""

from __future__ import annotations

import ast
import json
import random
import re
import shutil
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", "node_modules")
ARXIV = re.compile(r"\d{4}\.\d{4,5}")
Row = dict[str, object]


@dataclass(frozen=True)
class Copy:
    """A method file that was written again under another name; names are slugs."""

    arena: str
    original: str
    name: str


def copy_checkout(checkout: Path, to: Path) -> None:
    """The working tree without what is built, fetched or cached."""
    shutil.copytree(checkout, to, ignore=LEFT_OUT)


def method_files(root: Path) -> dict[str, list[Path]]:
    """The files with a card, by the name of their arena's folder."""
    files: dict[str, list[Path]] = {}
    for folder in sorted(path.parent for path in (root / "methods" / "arenas").glob("*/arena.py")):
        files[folder.name] = [path for path in sorted(folder.glob("*.py")) if _class_with_card(path.read_text())]
    return files


def grow_library(root: Path, size: int) -> list[Copy]:
    """Write copies of method files until there are `size`, every arena in proportion."""
    files = method_files(root)
    there = sum(map(len, files.values()))
    if size < there:
        raise SystemExit(f"The library has {there} methods already; --methods must be more")
    exact = {arena: (size - there) * len(paths) / there for arena, paths in files.items()}
    wanted = {arena: int(share) for arena, share in exact.items()}
    by_remainder = sorted(files, key=lambda arena: exact[arena] - wanted[arena], reverse=True)
    for arena in by_remainder[:size - there - sum(wanted.values())]:
        wanted[arena] += 1
    copies: list[Copy] = []
    for arena, paths in files.items():
        for number in range(wanted[arena]):
            original, turn = paths[number % len(paths)], number // len(paths) + 1
            stem = f"{original.stem}_copy_{turn}"
            text = renamed(original.read_text(), stem, turn, 90000 + len(copies))
            original.with_name(f"{stem}.py").write_text(text)
            copies.append(Copy(*(name.replace("_", "-") for name in (arena, original.stem, stem))))
    return copies


def renamed(text: str, stem: str, turn: int, arxiv: int) -> str:
    """A method file's text with class, card title and papers of its own; rivals and all else stay as they are."""
    tree, old = ast.parse(text), _class_with_card(text)
    new = "".join(part[:1].upper() + part[1:] for part in stem.split("_"))
    changes: list[tuple[ast.expr, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == old:
            changes.append((node, new))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Card", "Paper"):
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            title = named.get("title") or (node.args[0] if node.args else None)
            if isinstance(title, ast.Constant):
                changes.append((title, repr(f"{title.value!s}, copy {turn}")))
            for value in (*node.args, *named.values()):
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and ARXIV.fullmatch(value.value):
                    changes.append((value, repr(f"{value.value[:4]}.{arxiv}")))
    lines = text.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    made = text.encode()
    for node, words in sorted(changes, key=lambda change: (change[0].lineno, change[0].col_offset), reverse=True):
        if node.end_lineno is None or node.end_col_offset is None:
            raise ValueError(f"{stem}: a node without an end")
        first = starts[node.lineno - 1] + node.col_offset
        made = made[:first] + words.encode() + made[starts[node.end_lineno - 1] + node.end_col_offset:]
    written = re.sub(rf"^class {old}\b", f"class {new}", made.decode(), flags=re.MULTILINE)
    return re.sub(rf"(?m)^(\s*(?:>>>|\.\.\.).*?)(?<![\w.]){old}\b", rf"\1{new}", written)  # in doctests too


def _class_with_card(text: str) -> str:
    """The name of the class that declares a card; "" when there is none."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, ast.Assign) and "card" in map(ast.unparse, statement.targets):
                    return node.name
    return ""


def database(data: Path) -> sqlite3.Connection:
    """The database of a data folder."""
    connection = sqlite3.connect(next(data.glob("*.sqlite3")), timeout=60)
    connection.row_factory = sqlite3.Row
    return connection


def run_digest(method: Row, setting: str, scale: str) -> str:
    """The digest with which a run of the method counts as current."""
    if digests := method.get("digests"):
        return str(json.loads(str(digests)).get(f"{setting}/{scale}", ""))
    return str(method.get("code_digest", ""))


def currency(data: Path) -> tuple[int, int]:
    """How many finished runs are of the present code, and how many there are."""
    with database(data) as connection:
        methods = {row["id"]: dict(row) for row in connection.execute("SELECT * FROM methods_method")}
        runs = connection.execute("SELECT method_id, setting, scale, code_digest FROM evaluations_run "
                                  "WHERE state = 'done' AND replay_of_id IS NULL").fetchall()
    current = sum(run_digest(methods[run["method_id"]], run["setting"], run["scale"]) == run["code_digest"]
                  for run in runs)
    return current, len(runs)


def fill(data: Path, copies: list[Copy], scores: int) -> int:
    """Give the copies the runs of their originals, then everybody further seeds, until there are `scores` scores.

    A copy's scores are its original's times a factor of its own for each metric, just below one, so that the order
    is not one of ties; whole numbers stay. Returns how many scores there are.
    """
    drawn = random.Random(0)
    with database(data) as connection:
        methods = {(row["arena_id"], row["slug"]): dict(row)
                   for row in connection.execute("SELECT * FROM methods_method ORDER BY id")}
        runs: dict[int, list[Row]] = defaultdict(list)
        for row in connection.execute("SELECT * FROM evaluations_run WHERE state = 'done' AND replay_of_id IS NULL"):
            runs[row["method_id"]].append(dict(row))
        results: dict[int, list[Row]] = defaultdict(list)
        for row in connection.execute("SELECT * FROM evaluations_score"):
            results[row["run_id"]].append(dict(row))
        there = sum(map(len, results.values()))
        next_run = 1 + connection.execute("SELECT max(id) FROM evaluations_run").fetchone()[0]
        next_score = 1 + connection.execute("SELECT max(id) FROM evaluations_score").fetchone()[0]
        seeds = 1 + max(int(str(run["seed"])) for group in runs.values() for run in group)

        pairs = [(methods[copy.arena, copy.original], methods[copy.arena, copy.name], True) for copy in copies]
        again = [(method, method, False) for (arena, name), method in methods.items()
                 if method["id"] not in {made["id"] for _, made, _ in pairs}]
        factors: dict[tuple[object, object], float] = {}
        new_runs: list[Row] = []
        new_scores: list[Row] = []
        for turn in range(1 + scores // max(there, 1)):
            wanted = [(run, made) for original, made, fresh in pairs + again if turn or fresh
                      for run in runs[original["id"]]]
            for run, made in sorted(wanted, key=lambda pair: int(str(pair[0]["seed"]))):
                if there >= scores:
                    break
                digest = run_digest(made, str(run["setting"]), str(run["scale"]))
                new_runs.append({**run, "id": next_run, "method_id": made["id"], "code_digest": digest,
                                 "seed": int(str(run["seed"])) + turn * seeds})
                for score in results[int(str(run["id"]))]:
                    value = float(str(score["value"]))
                    factor = factors.setdefault((made["id"], score["metric"]), drawn.uniform(0.95, 1.0))
                    new_scores.append({**score, "id": next_score, "run_id": next_run,
                                       "value": value if value.is_integer() else value * factor})
                    next_score += 1
                there += len(results[int(str(run["id"]))])
                next_run += 1
        _insert(connection, "evaluations_run", new_runs)
        _insert(connection, "evaluations_score", new_scores)
    return there


def add_waiting_run(data: Path, arena: str) -> int:
    """A run of the arena that waits and that nothing will take, so that its pages ask for news; its key."""
    with database(data) as connection:
        run = dict(connection.execute(
            "SELECT * FROM evaluations_run WHERE state = 'done' AND method_id IN "
            "(SELECT id FROM methods_method WHERE arena_id = ? AND present) ORDER BY id", [arena]).fetchone())
        newest, latest = connection.execute("SELECT max(id), max(requested_at) FROM evaluations_run").fetchone()
        key = int(newest) + 1
        _insert(connection, "evaluations_run", [{
            **run, "id": key, "seed": 987654, "state": "queued", "requested_at": latest, "progress": 0.0,
            "finished_at": None, "started_at": None, "cause": "waits for the measurement of a poll"}])
    return key


def remove_run(data: Path, key: int) -> None:
    with database(data) as connection:
        connection.execute("DELETE FROM evaluations_run WHERE id = ?", [key])


def sizes(data: Path) -> dict[str, int]:
    """Bytes of content by table, of every table but those that hold what a run says of itself."""
    about_runs = re.compile(r"evaluations_(run|score|verdict|claim|worker|devicelease)$|sqlite_|django_")
    found = {}
    with database(data) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if not about_runs.match(table):
                columns = [row["name"] for row in connection.execute(f'PRAGMA table_info("{table}")')]
                total = " + ".join(f'coalesce(length(CAST("{column}" AS BLOB)), 0)' for column in columns)
                found[table] = connection.execute(f'SELECT coalesce(sum({total}), 0) FROM "{table}"').fetchone()[0]
    return found


def _insert(connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    if rows:
        columns = ", ".join(f'"{column}"' for column in rows[0])
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})',
                               [tuple(row.values()) for row in rows])
