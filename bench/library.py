"""What a library of 1,000 methods with 100,000 scores costs, beside the library as it is, in one run.

Both are working copies of a checkout in a temporary folder with databases of their own; nothing is written into the
checkout. The grown one has copies of the method files under other names (file, class, card title, papers), spread
over the arenas in proportion, and copies of the shipped runs under the copies' present code; see
bench/_library_growth.py. The project is a black box: management commands, addresses found on its own pages, tables.

Times are processor seconds, children included (wait4; for `make run` the whole tree of processes), as others may use
the machine; the load is printed. Pages are answered by the project's WSGI application in one process, called as the
web server calls it, warmed up first: the processor time of each request is what it takes on a quiet machine, and the
clock's time stands beside it. A page "grows" when it costs over 1.5 times as much for each byte that it shows.

    python -m bench.library                        everything, 25 to 35 minutes on two cores
    python -m bench.library --only pages poll      some parts
    python -m bench.library --checkout DIR         another checkout than this one
    python -m bench.library --json FILE            every figure as JSON too
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import psutil

from bench import _library_growth as growth
from bench._history import Figure, note, verdicts

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("start", "edit", "discovery", "check", "tests", "pages", "poll", "kept")
NEEDS_DATABASE = {"start", "edit", "pages", "poll", "kept"}
REPEATS = 3  # of a command
REQUESTS, LEAST_REQUESTS, WARM_UPS, PAGE_SECONDS = 20, 5, 2, 8.0
GOAL_START, GOAL_PAGE_MS, GOAL_ARENA_BYTES, GOAL_GROWTH = 5.0, 100.0, 300_000, 1.5
Answer = dict[str, Any]
Pair = tuple[list[float], list[float]]  # of today's library and of the grown one


@dataclass(frozen=True)
class Measure:
    """One line of the table. `figures` holds today's and the grown library's raw numbers."""

    part: str
    name: str
    today: str
    grown: str
    ratio: float | None = None
    goal: str = ""
    verdict: str = ""
    figures: dict[str, Any] = field(default_factory=dict)


class Library:
    """A working copy with its data folder, and how to run things in it."""

    def __init__(self, checkout: Path, folder: Path, size: int | None = None):
        self.root, self.data = folder / "copy", folder / "data"
        self.data.mkdir(parents=True)
        growth.copy_checkout(checkout, self.root)
        self.copies = growth.grow_library(self.root, size) if size else []
        self.environment = {name: value for name, value in os.environ.items()
                            if name not in ("DATABASE_URL", "REDIS_URL", "PYTHONPATH", "DJANGO_SETTINGS_MODULE")}
        self.environment |= {"DATA_DIR": str(self.data), "LOG_LEVEL": "ERROR"}

    def run(self, *arguments: str, **environment: str) -> tuple[float, str, str]:
        """Processor seconds of a Python command with all its children, and what it wrote; it must succeed."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen([sys.executable, *arguments], cwd=self.root, stdout=out, stderr=errors,
                                       stdin=subprocess.DEVNULL, env=self.environment | environment)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            errors.seek(0)
            said, complained = out.read(), errors.read()
        if process.returncode:
            raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode} in {self.root}:\n"
                             f"{said[-1500:]}\n{complained[-3000:]}")
        return used.ru_utime + used.ru_stime, said, complained

    def manage(self, *arguments: str, **environment: str) -> tuple[float, str, str]:
        return self.run("manage.py", *arguments, **environment)

    @contextlib.contextmanager
    def launched(self) -> Iterator[tuple[float, float]]:
        """`make run`, until everything is idle; yields processor seconds until the web server answers, and in all."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen([sys.executable, "-m", "config.launch"], cwd=self.root, stdout=said,
                                       stderr=said, stdin=subprocess.DEVNULL, start_new_session=True,
                                       env=self.environment | {"PORT": str(port), "HOST": "127.0.0.1"})
            tree = psutil.Process(process.pid)
            try:
                answered = _until_answered(process, tree, f"http://127.0.0.1:{port}/healthz")
                yield answered, _until_idle(tree)
            except OSError:
                said.seek(0)
                print(said.read()[-3000:], file=sys.stderr)
                raise
            finally:
                _stop(process, tree)

    @contextlib.contextmanager
    def site(self) -> Iterator[Site]:
        with subprocess.Popen([sys.executable, str(ROOT / "bench" / "_library_requests.py")], cwd=self.root, text=True,
                              env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            try:
                yield Site(process)
            finally:
                if process.stdin:
                    process.stdin.close()
                process.wait(30)

    def rows(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        with growth.database(self.data) as connection:
            return [tuple(row) for row in connection.execute(question, values)]


class Site:
    """The pages of one library, asked for in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]):
        self.process = process

    def ask(self, path: str, *, headers: dict[str, str] | None = None, measured: bool = False) -> Answer:
        """An answer with its body, or the times of many."""
        assert self.process.stdin and self.process.stdout
        repeats = {"warm_ups": WARM_UPS, "repeats": REQUESTS, "least": LEAST_REQUESTS, "seconds": PAGE_SECONDS} \
            if measured else {"warm_ups": 0, "repeats": 1, "least": 1, "seconds": 0, "body": True}
        self.process.stdin.write(json.dumps({"path": path, "headers": headers or {}, **repeats}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the site broke off at {path}")
        answer: Answer = json.loads(line)
        return answer

    def page(self, path: str) -> Page:
        answer = self.ask(path)
        if answer["status"] != 200:
            raise SystemExit(f"{path} answered {answer['status']}: {answer['body'][:300]}")
        return Page(path, answer["body"])


class Page(HTMLParser):
    """The elements of a page with their attributes, in order."""

    def __init__(self, path: str, text: str):
        super().__init__()
        self.path = path
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def links(self, pattern: str = "", *, attribute: str = "href", having: str = "") -> list[str]:
        """Addresses on this site that match, without the part after #, each once."""
        addresses = [urljoin(self.path, element[attribute]).partition("#")[0] for _, element in self.elements
                     if attribute in element and (not having or having in element)]
        return list(dict.fromkeys(address for address in addresses
                                  if address.startswith("/") and re.search(pattern, address)))

    def polls(self) -> list[dict[str, str]]:
        """What the page asks for again and again by itself."""
        return [element for _, element in self.elements
                if "every" in element.get("hx-trigger", "") and "hx-get" in element]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkout", type=Path, default=ROOT)
    parser.add_argument("--methods", type=int, default=1000)
    parser.add_argument("--scores", type=int, default=100_000)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="assay-l-"))
    began, measures = os.getloadavg(), list[Measure]()
    try:
        today = Library(options.checkout.resolve(), folder / "today")
        grown = Library(options.checkout.resolve(), folder / "grown", options.methods)
        if NEEDS_DATABASE & set(options.only):
            prepare(today, grown, options.scores)
        for part in PARTS:
            if part in options.only:
                tell(f"{part} …")
                measures += globals()[f"measure_{part}"](today, grown)
        print(report(measures, loaded(today, grown), began))
        print("\n".join(verdicts(figures := figures_of(measures), note("library", figures))))
        if options.json:
            options.json.write_text(json.dumps({
                "loaded": loaded(today, grown), "load": [began, os.getloadavg()],
                "measures": [asdict(measure) for measure in measures]}, indent=1))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def figures_of(measures: list[Measure]) -> list[Figure]:
    """For the history: how many goals are met, and how each measure grows with the library."""
    asked = [measure for measure in measures if measure.goal]
    met = sum(measure.verdict.startswith("met") for measure in asked)
    return [*([Figure("goals met", met, "", len(asked), more_is_better=True)] if asked else []),
            *(Figure(f"{measure.part}, {measure.name}: grown / today", measure.ratio, "x")
              for measure in measures if measure.ratio is not None)]


def tell(text: str) -> None:
    print(f"[load {os.getloadavg()[0]:.1f}] {text}", file=sys.stderr, flush=True)


# --- the two libraries ----------------------------------------------------------------------------

def prepare(today: Library, grown: Library, scores: int) -> None:
    """Fill both databases by the project's own commands, and add the scores of the grown one."""
    for library in (today, grown):
        tell(f"preparing {'the grown library' if library.copies else 'the library as it is'} …")
        library.manage("prepare")
        current, runs = growth.currency(library.data)
        if current < runs:
            tell(f"only {current} of {runs} shipped runs are of the present code")
    tell("adding scores …")
    growth.fill(grown.data, grown.copies, scores)
    for library in (today, grown):
        library.manage("verdicts")


def loaded(today: Library, grown: Library) -> dict[str, dict[str, int]]:
    """What the two databases hold."""
    tables = {"methods": "methods_method", "claims": "evaluations_claim", "verdicts": "evaluations_verdict",
              "papers": "papers_paper", "runs": "evaluations_run", "scores": "evaluations_score"}
    return {name: {what: library.rows(f"SELECT count(*) FROM {table}")[0][0] for what, table in tables.items()}
            for name, library in (("today", today), ("grown", grown)) if list(library.data.glob("*.sqlite3"))}


def largest_arena(library: Library) -> str:
    counted = library.rows("SELECT arena_id, count(*) FROM methods_method WHERE present GROUP BY 1 ORDER BY 2 DESC")
    return str(counted[0][0])


def sample_file(library: Library) -> Path:
    """A method's file of the largest arena that is there under this name in both libraries."""
    files = growth.method_files(library.root)
    arena = max(files, key=lambda name: len(files[name]))
    return [path for path in files[arena] if "_copy_" not in path.name][-1]


@contextlib.contextmanager
def edited(path: Path) -> Iterator[None]:
    """A statement more at the end of a method file; each time another one."""
    before = path.read_text()
    path.write_text(f"{before}\n\nEDITED = {time.time_ns()}\n")
    try:
        yield
    finally:
        path.write_text(before)


# --- commands -------------------------------------------------------------------------------------

def seconds(part: str, name: str, spent: Pair, goal: float | None = None) -> Measure:
    """Medians of processor seconds."""
    before, after = map(statistics.median, spent)
    return Measure(part, name, f"{before:.2f} s", f"{after:.2f} s", after / before if before else None,
                   "" if goal is None else f"<= {goal:g} s", judged(goal is not None, goal is None or after <= goal),
                   {"today": spent[0], "grown": spent[1]})


def count(part: str, name: str, before: int, after: int, goal: int | None = None) -> Measure:
    return Measure(part, name, f"{before:,}", f"{after:,}", after / before if before else None,
                   "" if goal is None else f"<= {goal:,}", judged(goal is not None, goal is None or after <= goal),
                   {"today": before, "grown": after})


def judged(asked: bool, met: bool) -> str:
    return ("met" if met else "missed") if asked else ""


WATCH = """
import os, sys

def executed(event, arguments, into=os.open(os.environ["EXECUTED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)):
    if event == "exec" and "arenas" in (name := getattr(arguments[0], "co_filename", "")):
        os.write(into, (name + chr(10)).encode())

sys.addaudithook(executed)
"""


def files_read(library: Library) -> int:
    """How many method files a start imports, in whatever process."""
    with tempfile.TemporaryDirectory() as folder:
        names = Path(folder, "executed")
        Path(folder, "sitecustomize.py").write_text(WATCH)
        library.manage("prepare", PYTHONPATH=folder, EXECUTED=str(names))
        executed = set(names.read_text().splitlines())
    return sum(str(path) in executed for paths in growth.method_files(library.root).values() for path in paths)


def measure_start(today: Library, grown: Library) -> list[Measure]:
    again: Pair = ([], [])
    answers: Pair = ([], [])
    idle: Pair = ([], [])
    for _ in range(REPEATS):
        for place, library in enumerate((today, grown)):
            again[place].append(library.manage("prepare")[0])
            with library.launched() as (answered, settled):
                answers[place].append(answered)
                idle[place].append(settled)
    return [seconds("start", "nothing changed: manage.py prepare", again, GOAL_START),
            seconds("start", "nothing changed: make run until it answers", answers, GOAL_START),
            seconds("start", "  and until its workers are idle too", idle, GOAL_START),
            count("start", "nothing changed: method files imported", files_read(today), files_read(grown), 0)]


def measure_edit(today: Library, grown: Library) -> list[Measure]:
    times: Pair = ([], [])
    read = []
    for place, library in enumerate((today, grown)):
        library.manage("prepare")
        for _ in range(REPEATS):
            with edited(sample_file(library)):
                times[place].append(library.manage("prepare")[0])
        with edited(sample_file(library)):
            read.append(files_read(library))
        library.manage("prepare")  # as it was
    return [seconds("edit", "one method edited: manage.py prepare", times),
            count("edit", "one method edited: method files imported", read[0], read[1], 1)]


DISCOVERY = """
import time, torch
try:
    from methods.kit.engine import registry
except ImportError:  # a checkout from before the engine had a folder
    from methods.kit import registry
began = time.process_time()
found = registry.discover()
print(time.process_time() - began, sum(len(entry.methods) for entry in found.values()))
"""


def measure_discovery(today: Library, grown: Library) -> list[Measure]:
    times: Pair = ([], [])
    for turn in range(1 + REPEATS):
        for place, library in enumerate((today, grown)):
            spent, methods = library.run("-c", DISCOVERY)[1].split()
            if int(methods) != sum(map(len, growth.method_files(library.root).values())):
                raise SystemExit(f"discovery found {methods} methods in {library.root}")
            if turn:  # the first one compiles the files
                times[place].append(float(spent))
    return [seconds("discovery", "discovery of all methods", times)]


def measure_check(today: Library, grown: Library) -> list[Measure]:
    times: Pair = ([], [])
    for turn in range(1 + REPEATS):
        for place, library in enumerate((today, grown)):
            path = sample_file(library).relative_to(library.root)
            spent = library.manage("check_method", str(path))[0]
            if turn:
                times[place].append(spent)
    return [seconds("check", "check_method of one file", times)]


def measure_tests(today: Library, grown: Library) -> list[Measure]:
    times: Pair = ([], [])
    tests = []
    for turn in range(REPEATS):
        for place, library in enumerate((today, grown)):
            spent, said, _ = library.run("-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider")
            if turn:
                times[place].append(spent)
            else:
                tests.append(int(re.findall(r"(\d+) tests collected", said)[-1]))
    return [seconds("tests", "collecting the tests", times), count("tests", "tests", tests[0], tests[1])]


# --- pages ----------------------------------------------------------------------------------------

def measure_pages(today: Library, grown: Library) -> list[Measure]:
    measures = []
    with today.site() as first, grown.site() as second:
        paths = [addresses(library, site) for library, site in ((today, first), (grown, second))]
        for name in [name for name in paths[1] if name in paths[0]]:
            before, after = first.ask(paths[0][name], measured=True), second.ask(paths[1][name], measured=True)
            if {before["status"], after["status"]} == {200}:
                measures.append(page_measure("pages", name, paths[1][name], before, after))
            else:
                tell(f"left out: {name} ({paths[1][name]}) answered {before['status']} and {after['status']}")
    return measures


def page_measure(part: str, name: str, path: str, before: Answer, after: Answer) -> Measure:
    """Judged by processor time, size and growth."""
    ratio = statistics.median(after["cpu"]) / statistics.median(before["cpu"])
    more = statistics.median(after["cpu"]) - statistics.median(before["cpu"])
    shown = max(1.0, after["bytes"] / max(before["bytes"], 1))
    arena = name.startswith("arena ")
    faults = [fault for fault, there in (
        ("slow", p95(after["cpu"]) >= GOAL_PAGE_MS), ("large", arena and after["bytes"] > GOAL_ARENA_BYTES),
        ("grows", ratio > GOAL_GROWTH * shown and more > 5)) if there]
    goal = f"p95 < {GOAL_PAGE_MS:g} ms" + (f", <= {GOAL_ARENA_BYTES // 1000} kB" if arena else "")
    return Measure(part, name, times(before), times(after), ratio, goal,
                   f"missed: {', '.join(faults)}" if faults else "met", {"path": path, **raw(before, after)})


def raw(before: Answer, after: Answer) -> dict[str, Any]:
    return {name: {key: answer[key] for key in ("status", "bytes", "cpu", "wall")}
            for name, answer in (("today", before), ("grown", after))}


def times(answer: Answer) -> str:
    """Median and p95 of processor time, p95 of the clock's, size."""
    return (f"{statistics.median(answer['cpu']):6.1f} {p95(answer['cpu']):6.1f} {p95(answer['wall']):6.1f} ms"
            f" {answer['bytes'] / 1000:7.1f} kB")


def p95(values: list[float]) -> float:
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def addresses(library: Library, site: Site) -> dict[str, str]:
    """The pages by name: what the front page leads to, one page of every kind, exports, and the API's lists."""
    front = site.page("/")
    found = {"front": "/"}
    for path in front.links(r"^/[a-z]+/$"):
        found.setdefault(path.strip("/"), path)
    searches = [element["action"] for tag, element in front.elements
                if tag == "form" and element.get("role") == "search" and "action" in element]
    found |= named("search", [f"{path}?q=long-tailed+recognition" for path in searches])

    arena = largest_arena(library)
    for path in site.page("/arenas/").links(r"^/arenas/[\w-]+/$"):
        found[f"arena {path.split('/')[2]}"] = path
    page = site.page(found[f"arena {arena}"])
    found |= named(f"arena {arena}, settings", page.links(r"view=settings"))
    found |= named(f"arena {arena}, another setting", page.links(r"[?&]setting=(?!.*view=settings)"))
    found |= named("statistics of the largest arena", page.links(r"/statistics/"))
    found |= named("its seeds behind a number", page.links(r"/cells/"))

    slug, title = library.rows(
        "SELECT m.slug, p.title FROM methods_method m JOIN methods_paperlink l ON l.method_id = m.id "
        "JOIN papers_paper p ON p.id = l.paper_id WHERE m.arena_id = ? AND l.kind = 'implements' "
        "AND m.slug NOT LIKE '%-copy-%' AND p.title NOT LIKE '%, copy %' ORDER BY m.slug, p.title", arena)[0]
    paper, = library.rows("SELECT id FROM papers_paper WHERE title = ?", title)[0]
    baseline, = library.rows("SELECT baseline FROM methods_arena WHERE slug = ?", arena)[0]
    of_paper = re.sub(r"\d+", str(paper), site.page("/papers/").links(r"^/papers/\d+/$")[0])
    found["paper, implemented"] = of_paper
    page = site.page(of_paper)
    found |= {f"paper, loaded after it {path.split('/')[1]}": path
              for path in page.links(attribute="hx-get", having="hx-trigger") if path != of_paper}
    of_method = site.page("/methods/").links(r"^/methods/[\w-]+/[\w-]+/$")[0]
    for name, value in (("method", slug), ("method that many compare with", baseline)):
        found[name] = re.sub(r"^/methods/[\w-]+/[\w-]+/", f"/methods/{arena}/{value}/", of_method)
    page = site.page(found["method"])
    found |= {f"method, loaded after it {path.strip('/').split('/')[-1]}": path
              for path in page.links(attribute="hx-get", having="hx-trigger") if path != found["method"]}

    ledger = site.page("/claims/")
    found |= named("claim", ledger.links(r"^/claims/\d+/$"))
    found |= named("open questions", ledger.links(r"^/claims/open/"))
    found["claims of the largest arena"] = f"/claims/?arena={arena}"
    found |= named("run", site.page("/runs/").links(r"^/runs/\d+/$"))
    found |= named("cluster", site.page("/clusters/").links(r"^/clusters/\d+/$") if "/clusters/" in found.values()
                   else [])
    found |= named("digest", site.page("/digests/").links(r"^/digests/\d+/$") if "/digests/" in found.values() else [])

    for of_what, path in (("arena", found[f"arena {arena}"]), ("claims", "/claims/"), ("papers", "/papers/"),
                          ("compare", "/compare/"), ("method", found["method"])):
        page = site.page(path)
        exports = [*page.links(having="download"), *page.links(r"feed|\.atom|\.bib|format=")]
        for export in dict.fromkeys(exports):
            kind = re.findall(r"format=(\w+)|feed|\.(\w+)$", export)
            word = next((word for pair in kind for word in pair if word), "feed")
            found.setdefault(f"export of {of_what}: {word}", export)

    described = json.loads(site.ask("/api/openapi.json")["body"])
    for path, operations in described["paths"].items():
        needed = [field for field in operations.get("get", {}).get("parameters", []) if field.get("required")]
        if "get" in operations and "{" not in path and not needed:
            found[f"API {path.removeprefix('/api')}"] = path
    return found


def named(name: str, paths: list[str]) -> dict[str, str]:
    return {name: paths[0]} if paths else {}


# --- polls ----------------------------------------------------------------------------------------

def measure_poll(today: Library, grown: Library) -> list[Measure]:
    """The largest arena has a run that waits, so that its page asks for news; nothing changes meanwhile."""
    measures: list[Measure] = []
    arena = largest_arena(grown)
    waiting = {library: growth.add_waiting_run(library.data, arena) for library in (today, grown)}
    try:
        with today.site() as first, grown.site() as second:
            for name, path in ((f"poll of arena {arena}", f"/arenas/{arena}/"), ("poll of the front page", "/"),
                               ("poll of the runs", "/runs/")):
                before, after = polled(first, path), polled(second, path)
                if before is None or after is None:
                    tell(f"left out: {path} does not poll in {'today’s' if before is None else 'the grown'} library")
                    continue
                measure = page_measure("poll", name, path, before, after)
                quiet = after["status"] in (204, 286, 304) and not after["bytes"]
                told = f"{after['status']}, " + ("nothing rendered" if quiet else "rendered")
                measures.append(Measure("poll", name, measure.today, measure.grown, measure.ratio, "not rendered",
                                        f"{'met' if quiet else 'missed'}: {told}", measure.figures))
    finally:
        for library, run in waiting.items():
            growth.remove_run(library.data, run)
    return measures


def polled(site: Site, path: str) -> Answer | None:
    """What the first element of a page that polls gets, by the address and headers that the page gives it.

    The first answer's own element, address and validator are used for the next, as a browser would.
    """
    page = site.page(path)
    polls = page.polls()
    if not polls:
        return None
    address, headers = poll_request(page, polls[0])
    answer = site.ask(address, headers=headers)
    if answer["status"] == 200 and (fresh := Page(path, answer["body"]).polls()):
        again, further = poll_request(page, fresh[0])
        if again != address:
            address, headers = again, further
            answer = site.ask(address, headers=headers)
    if "no-store" not in answer["headers"].get("cache-control", ""):
        for validator, header in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")):
            if validator in answer["headers"]:
                headers[header] = answer["headers"][validator]
    return site.ask(address, headers=headers, measured=True)


def poll_request(page: Page, element: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Address and headers of an element's request, as htmx makes it."""
    address = urljoin(page.path, element["hx-get"])
    if values := element.get("hx-vals"):
        address += ("&" if "?" in address else "?") + urlencode(json.loads(values))
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://localhost{page.path}"}
    if name := element.get("id"):
        headers |= {"HX-Target": name, "HX-Trigger": name}
    for _, other in page.elements:
        if other.get("hx-headers") and (other is element or "hx-get" not in other):
            headers |= json.loads(other["hx-headers"])
    if element.get("hx-headers"):
        headers |= json.loads(element["hx-headers"])
    return address, headers


# --- kept code ------------------------------------------------------------------------------------

def measure_kept(today: Library, grown: Library) -> list[Measure]:
    """Run the same method before and after another one's file is edited; what the second run adds beside itself."""
    added, where = [], Counter[str]()
    for library in (today, grown):
        path = sample_file(library)
        arena = path.parent.name.replace("_", "-")
        slug = library.rows("SELECT slug FROM methods_method WHERE arena_id = ? AND present AND slug <> ? "
                            "ORDER BY slug", arena, path.stem.replace("_", "-"))[0][0]
        command = ["evaluate", arena, "--method", slug, "--scale", "smoke", "--wait", "--seeds"]
        with library.launched():
            library.manage(*command, "700-700")
            before = growth.sizes(library.data)
            with edited(path):
                library.manage(*command, "701-701")
            after = growth.sizes(library.data)
        changes = {table: size - before.get(table, 0) for table, size in after.items() if size != before.get(table, 0)}
        added.append(sum(changes.values()))
        where.update(changes.keys())
        limit = 2 * len(path.read_bytes())
    return [Measure("kept", f"kept code of one more state ({', '.join(where) or 'nothing'})", f"{added[0]:,} B",
                    f"{added[1]:,} B", added[1] / added[0] if added[0] else None, f"one file: <= {limit:,} B",
                    judged(True, added[1] <= limit), {"today": added[0], "grown": added[1]})]


# --- processes ------------------------------------------------------------------------------------

def _spent(tree: psutil.Process) -> float:
    """Processor seconds of a process, its descendants, and those of theirs that ended."""
    total = 0.0
    for process in [tree, *tree.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            used = process.cpu_times()
            total += used.user + used.system + used.children_user + used.children_system
    return total


def _until_answered(process: subprocess.Popen[bytes], tree: psutil.Process, address: str) -> float:
    deadline = time.monotonic() + 300
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10):
                return _spent(tree)
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _until_idle(tree: psutil.Process) -> float:
    """Wait until a second and a half takes hardly any processor time."""
    before = _spent(tree)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        time.sleep(1.5)
        now = _spent(tree)
        if now - before < 0.1:
            break
        before = now
    return before


def _stop(process: subprocess.Popen[bytes], tree: psutil.Process) -> None:
    """As Ctrl-C or a service manager does; what is left after half a minute is killed."""
    with contextlib.suppress(psutil.NoSuchProcess):
        started = [tree, *tree.children(recursive=True)]
        process.send_signal(signal.SIGTERM)
        _, left = psutil.wait_procs(started, timeout=30)
        for straggler in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                straggler.kill()
    process.wait(30)


# --- the table ------------------------------------------------------------------------------------

def report(measures: list[Measure], loads: dict[str, dict[str, int]], began: tuple[float, float, float]) -> str:
    lines = [f"Python {platform.python_version()}, {os.cpu_count()} cores; load {began[0]:.1f} at the beginning, "
             f"{os.getloadavg()[0]:.1f} at the end. Processor time; commands: median of {REPEATS}; pages: one process "
             f"of the project's WSGI application, up to {REQUESTS} requests after {WARM_UPS}: median, p95, p95 by the "
             "clock, size."]
    lines += [f"{name}: " + ", ".join(f"{number:,} {what}" for what, number in counts.items())
              for name, counts in loads.items()]
    wide = max([len(measure.name) for measure in measures] + [10]) + 2
    head = f"{'measure':<{wide}}{'today':>34}{'grown':>36}{'ratio':>8}  {'goal':<26}verdict"
    part = ""
    lines += ["", head, "-" * len(head)]
    for measure in measures:
        if part and measure.part != part:
            lines.append("")
        part = measure.part
        ratio = "" if measure.ratio is None else f"{measure.ratio:.1f}"
        lines.append(f"{measure.name:<{wide}}{measure.today:>34}{measure.grown:>36}{ratio:>8}  {measure.goal:<26}"
                     f"{measure.verdict}".rstrip())
    asked = [measure for measure in measures if measure.goal]
    met = sum(measure.verdict.startswith("met") for measure in asked)
    return "\n".join([*lines, "", f"{met} of {len(asked)} goals met"])


if __name__ == "__main__":
    sys.exit(main())
