"""Parts that run side by side: each is started again when it dies, and all are stopped in order.

One thread, so that the kernel's signal at a parent's death means the launcher's own. A part gets a session of its
own: Ctrl-C reaches the launcher alone, and it stops the parts one after the other.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from workers import lifeline

PAUSES = (0.2, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)  # seconds before the first, second, … start in a row of quick deaths
SETTLED = 30.0  # a part that lived so long is well: its next death is the first of a row again
LOOK = 1.0  # how often processes that lost their parent are looked for
LAST_LOOK = 10.0  # how long parts may take to stop
LINE_LIMIT = 64 * 1024
COLOURS = (36, 33, 32, 35, 34, 96, 93)
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@dataclass
class Part:
    """What is kept running. `start` starts its process with the Popen options it is given.

    `last` parts are stopped after all others. `words` says what its log gives as the reason of a death.
    """

    name: str
    start: Callable[..., subprocess.Popen]
    last: bool = False
    words: Callable[[], str] = lambda: ""
    process: subprocess.Popen | None = None
    started: float = 0.0
    deaths: int = 0  # in a row of quick ones
    due: float = 0.0  # when to start it again
    colour: int = 0
    output: tuple[int, int] = (-1, -1)  # the pipe its processes print to, one after the other
    half_line: bytes = b""

    @property
    def running(self) -> bool:
        return self.process is not None


@dataclass
class Supervisor:
    parts: list[Part] = field(default_factory=list)
    received: list[int] = field(default_factory=list)  # signals that ask for the end
    ending: bool = False  # nothing is started any more
    guest: subprocess.Popen | None = None  # a command that runs beside the parts, to its end

    def __post_init__(self):
        self.selector = selectors.DefaultSelector()
        self.adopts = lifeline.adopt_orphans()
        self.looked = 0.0
        woken, wake = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        self.selector.register(woken, selectors.EVENT_READ)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN or number == signal.SIGINT:  # nohup means what it says
                signal.signal(number, lambda got, _: self.received.append(got))

    def add(self, part: Part) -> Part:
        """Take `part` among those kept running, and start it."""
        part.colour, part.output = COLOURS[len(self.parts) % len(COLOURS)], os.pipe()
        os.set_blocking(part.output[0], False)
        self.selector.register(part.output[0], selectors.EVENT_READ, part)
        self.parts.append(part)
        self.begin(part)
        return part

    def begin(self, part: Part) -> None:
        end, part.started = part.output[1], time.monotonic()
        try:
            part.process = part.start(stdout=end, stderr=end)
        except OSError as error:  # no memory or no process to be had
            self.again(part, f"could not be started ({error.strerror})")

    def run(self) -> None:
        """Keep all parts running until a signal says to stop; then stop them."""
        while not self.received:
            self.turn()
        self.stop()

    def call(self, command: list[str], **options) -> subprocess.CompletedProcess:
        """Run one command to its end while the parts are looked after; a signal ends it and raises KeyboardInterrupt.

        Its standard output, to be short, is returned; its errors go to the terminal.
        """
        process = subprocess.Popen(lifeline.command_of(command), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                   start_new_session=True, text=True, **options)
        self.guest = process
        try:
            while process.poll() is None and not self.received:
                self.turn()
        finally:
            self.guest = None
            if process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(LAST_LOOK)
                process.kill()
            said, _ = process.communicate()
        if self.received:
            raise KeyboardInterrupt
        return subprocess.CompletedProcess(command, process.returncode, said)

    def wait_for(self, holds: Callable[[], bool], seconds: float) -> None:
        """Look after the parts until something holds, but not longer than that."""
        deadline = time.monotonic() + seconds
        while not (self.received or holds()) and time.monotonic() < deadline:
            self.turn(0.05)

    def turn(self, most: float = LOOK) -> None:
        """Wait for news, at most until the next thing to do: output, deaths, starts, orphans."""
        self.ending = self.ending or bool(self.received)
        waits = [part.due - time.monotonic() for part in self.parts if not (part.running or self.ending)]
        for key, _ in self.selector.select(max(0.0, min([most, *waits]))):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(key.fd, 4096)
            else:
                self.pass_on(key.data)
        died = [part for part in self.parts if part.process and part.process.poll() is not None]
        if died or time.monotonic() - self.looked > LOOK:
            self.looked = time.monotonic()
            self.end_orphans()
        for part in died:
            self.bury(part)
        for part in self.parts:
            if not (part.running or self.ending or self.received) and part.due <= time.monotonic():
                self.begin(part)

    def bury(self, part: Part) -> None:
        assert part.process
        self.pass_on(part)
        if part.half_line:
            self.print(part, part.half_line)
            part.half_line = b""
        status, part.process = part.process.returncode, None
        if not (self.ending or self.received):
            reason = part.words() if status > 0 else ""
            self.again(part, describe(status) + (f" ({reason})" if reason else ""))

    def again(self, part: Part, ending: str) -> None:
        """Have a part that ended so started again after a pause, the longer the more often it died soon."""
        quick = time.monotonic() - part.started < SETTLED
        part.deaths = part.deaths + 1 if quick else 1
        pause = PAUSES[min(part.deaths, len(PAUSES)) - 1]
        part.due = time.monotonic() + pause
        often = f"; {part.deaths} times in a row soon after its start, so it is tried every {pause:g} s" \
            if part.deaths >= len(PAUSES) else ""
        self.say(f"{part.name} {ending}: it is started again in {pause:g} s{often}")

    def end_orphans(self) -> None:
        """Kill what parts left behind when they died, such as children of a run that ended without them."""
        if not self.adopts:
            return
        ours = {part.process.pid for part in self.parts if part.process}
        if self.guest:
            ours.add(self.guest.pid)
        for pid in children():
            if pid not in ours:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    def stop(self) -> None:
        """Stop the parts, the `last` ones after the others; a second signal meanwhile kills what is left."""
        self.ending = True
        for last in (False, True):
            leaving = [part for part in self.parts if part.last is last and part.process]
            if leaving and not last:
                self.say(f"stopping {', '.join(part.name for part in leaving)} (once more hastens)")
            for part in leaving:
                assert part.process
                part.process.terminate()
            deadline, signals = time.monotonic() + LAST_LOOK, max(len(self.received), 1)
            while any(part.running for part in leaving):
                self.turn()
                hastened = not last and len(self.received) > signals
                if hastened or time.monotonic() > deadline:
                    left = [part for part in leaving if part.process]
                    if left:
                        self.say(f"killing {', '.join(part.name for part in left)}")
                    for part in left:
                        assert part.process
                        part.process.kill()
                        part.process.wait()
        for _ in range(20):  # what they left, and what that leaves
            self.end_orphans()
            if not self.adopts or not children():
                break
            time.sleep(0.05)

    # --- output -----------------------------------------------------------------------------------

    def pass_on(self, part: Part) -> None:
        """Print the lines that are there, each behind its part's name."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(part.output[0], 65536):
                *lines, part.half_line = (part.half_line + data).split(b"\n")
                for line in lines:
                    self.print(part, line)
                if len(part.half_line) > LINE_LIMIT:
                    self.print(part, part.half_line)
                    part.half_line = b""

    def print(self, part: Part, line: bytes) -> None:
        self.put(part.name, line.decode("utf-8", "replace").rstrip("\r"), part.colour)

    def say(self, text: str) -> None:
        self.put("launch", text, 1)

    def put(self, name: str, text: str, colour: int) -> None:
        width = max(len("schedule"), *(len(part.name) for part in self.parts), 0)
        head = f"{time.strftime('%H:%M:%S')} {name:<{width}} | "
        try:
            if sys.stdout.isatty():
                head = f"\033[{colour}m{head}\033[0m"
            print(head + text, flush=True)
        except OSError:  # the terminal is gone; the parts are not
            sys.stdout = open(os.devnull, "w")


def describe(status: int) -> str:
    """How a process ended, from its exit status."""
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        return f"was killed ({signal.Signals(-status).name})"
    except ValueError:
        return f"was killed (signal {-status})"


def children() -> list[int]:
    """This process's children, its own and adopted ones."""
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:  # a kernel built without it
        import psutil
        return [child.pid for child in psutil.Process().children()]
