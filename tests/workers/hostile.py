"""Runs that mean harm, each in its own way: called as jobs' entries, with the job and a function that tells events."""

import ctypes
import os
import signal
import socket
import time


def here() -> int:
    """This process's id as the worker sees it."""
    return int(os.readlink("/proc/self"))


def detach(act) -> None:
    """Do `act` in a process that has left the run's group and session and lost its parent."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            act()
        os._exit(0)
    os.wait()


def idle():
    time.sleep(120)
    os._exit(0)


def note(job, pid: int) -> None:
    with open(os.path.join(job["folder"], f"left-{pid}"), "w"):
        pass


def left(job) -> list[int]:
    return [int(name[5:]) for name in os.listdir(job["folder"]) if name.startswith("left-")]


def leave_behind(job, tell):
    """End well, and leave a child, a daemon and a daemon that ignores signals."""
    def stubborn():
        for number in range(1, 32):
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_IGN)
        note(job, here())
        idle()
    detach(stubborn)
    if os.fork() == 0:
        note(job, here())
        idle()
    while len(left(job)) < 2:
        time.sleep(0.01)
    return {"left": left(job)}


def freeze(job, tell):
    tell(event="measuring")
    os.kill(os.getpid(), signal.SIGSTOP)


def ignore_signals(job, tell):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU):
        signal.signal(number, signal.SIG_IGN)
    tell(event="measuring")
    while True:
        pass


def never_measure(job, tell):
    time.sleep(120)


def live_on(job, tell):
    """Tell an outcome and do not end."""
    tell(event="outcome", outcome={"score": 1})
    time.sleep(120)


def close_everything(job, tell):
    tell(event="measuring")
    os.closerange(0, 100)
    time.sleep(120)


def half_an_event(job, tell):
    tell(event="measuring")
    for fd in range(3, 10):
        try:
            os.write(fd, b'{"event": "outc')
        except OSError:
            continue
    time.sleep(120)


def flood_log(job, tell):
    tell(event="measuring")
    while True:
        os.write(1, b"x" * 65536)


def flood_events(job, tell):
    """One event without an end."""
    tell(event="measuring")
    for fd in range(3, 10):
        try:
            while True:
                os.write(fd, b"x" * 65536)
        except OSError:
            continue


def endless_curve(job, tell):
    tell(event="measuring")
    while True:
        tell(event="points", points=[{"step": 1.0}] * 1000)


def huge_outcome(job, tell):
    tell(event="measuring")
    return {"score": "1" * (200 * 2**20)}


def bad_event(job, tell):
    tell(**job["params"]["event"])
    time.sleep(120)


def deep_event(job, tell):
    for fd in range(3, 10):
        try:
            os.write(fd, b'\n{"event": ' + b"[" * 100_000 + b"\n")
        except OSError:
            continue
    time.sleep(120)


def false_end(job, tell):
    """Claim that a process which is none of the run's is the run, and that it has ended."""
    tell(event="started", pid=job["params"]["victim"], keeper=job["params"]["victim"])
    tell(event="exit", status=0)
    tell(event="measuring")
    time.sleep(120)


def bomb(job, tell):
    """Every process doubles, up to a number that the machine bears: whoever counts must not depend on how fast."""
    tickets, paid = os.pipe()
    os.write(paid, b"x" * 1500)
    os.close(paid)
    tell(event="measuring")
    while os.read(tickets, 1):
        os.fork()
    time.sleep(120)


def threads(job, tell):
    import threading
    tell(event="measuring")
    while True:
        threading.Thread(target=time.sleep, args=(120,), daemon=True).start()


def children_with_memory(job, tell):
    """Each child stays below the limit; together they do not."""
    tell(event="measuring")
    for _ in range(4):
        if os.fork() == 0:
            held = b"x" * (job["params"]["mb"] * 2**20)
            time.sleep(120 + len(held) * 0)
    time.sleep(120)


def children_sharing_memory(job, tell):
    """What was there before the fork counts once."""
    held = b"x" * (job["params"]["mb"] * 2**20)
    tell(event="measuring")
    for _ in range(4):
        if os.fork() == 0:
            time.sleep(2)
            os._exit(0)
    time.sleep(1)
    return {"held": len(held)}


def children_with_work(job, tell):
    """The run itself sleeps; its children, one after the other, use the processor."""
    tell(event="measuring")
    while True:
        if os.fork() == 0:
            until = time.process_time() + 0.2
            while time.process_time() < until:
                pass
            os._exit(0)
        os.wait()


def big_file(job, tell):
    with open(os.path.join(job["folder"], "big"), "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 2**31)


def many_files(job, tell):
    tell(event="measuring")
    i = 0
    while True:
        folder = os.path.join(job["folder"], str(i))
        os.mkdir(folder)
        for name in range(1000):
            os.close(os.open(os.path.join(folder, str(name)), os.O_CREAT | os.O_WRONLY))
        i += 1


def deep_folders(job, tell):
    os.chdir(job["folder"])
    for _ in range(3000):
        os.mkdir("d")
        os.chdir("d")
    return {}


def attempts(job, tell):
    """What of the forbidden works."""
    params = job["params"]

    def works(act) -> bool:
        try:
            act()
        except OSError:
            return False
        return True

    def connect(family, address):
        with socket.socket(family, socket.SOCK_STREAM) as link:
            link.connect(address)

    def write():
        with open(os.path.join(params["outside"], "new"), "w"):
            pass

    def truncate():
        with open(os.path.join(params["outside"], "old"), "w"):
            pass

    def own():
        path = os.path.join(job["folder"], "mine")
        with open(path, "w") as file:
            file.write("text")
        os.rename(path, path + "2")
        os.remove(path + "2")

    old = os.path.join(params["outside"], "old")
    libc = ctypes.CDLL(None, use_errno=True)
    return {
        "own": works(own),
        "null": works(lambda: open(os.devnull, "w").close()),
        "peak": works(lambda: open("/proc/self/clear_refs", "w").close()),
        "tcp": works(lambda: connect(socket.AF_INET, ("127.0.0.1", params["port"]))),
        "udp": works(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()),
        "unix": works(lambda: connect(socket.AF_UNIX, params["socket"])),
        "write": works(write), "truncate": works(truncate), "remove": works(lambda: os.remove(old)),
        "rename": works(lambda: os.rename(old, os.path.join(job["folder"], "taken"))),
        "link": works(lambda: os.link(old, os.path.join(job["folder"], "linked"))),
        "chmod": works(lambda: os.chmod(old, 0o777)),
        "signal worker": works(lambda: os.kill(params["worker"], 0)),
        "signal server": works(lambda: os.kill(params["server"], 0)),
        "trace": libc.ptrace(16, params["worker"], 0, 0) == 0,
        "memory of worker": works(lambda: open(f"/proc/{params['worker']}/mem", "rb").close()),
        "shared memory": libc.shmget(0, 4096, 0o1600) >= 0,
    }


def kill_all(job, tell):
    """Kill the worker, the warm process and whatever can be reached."""
    for pid in (job["params"]["worker"], job["params"]["server"], os.getppid(), -1):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    return {}


def kill_server(job, tell):
    """For where nothing prevents it."""
    detach(lambda: (note(job, here()), idle()))
    while not left(job):
        time.sleep(0.01)
    tell(event="progress", fraction=0.0, text=str(left(job)[0]), points=[])
    time.sleep(120)
