"""What a run may not do, refused by the kernel: network, writing outside its folder, signals, processes left behind.

Each fence is asked for and may be missing (another system, an older kernel, a container's profile); then a run goes on
without it. Which of them hold on a machine is not read off here: `workers.fences` has a child of the same kind try.

    process space   the processes of a run see no others, and all end with the first (Linux PID namespace)
    Landlock        no change of files outside the run's folder, no signal to processes outside the run (ABI 6)
    seccomp         no sockets, no changes of owners and modes, no memory that outlives the run (System V IPC)
"""

from __future__ import annotations

import contextlib
import ctypes
import glob
import os
import platform
import resource
import shutil
import signal
import struct
import sys
from collections.abc import Iterable

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 22, 36, 38
CLONE_NEWPID, CLONE_NEWUSER = 0x20000000, 0x10000000
LARGEST_FILE = 2**30  # bytes
OPEN_FILES = 1024
LINUX = sys.platform == "linux"
NO_SPACES = "ASSAY_NO_PROCESS_SPACES"  # set, runs go without them, as where the system has none
_libc = ctypes.CDLL(None, use_errno=True)


# --- processes --------------------------------------------------------------------------------------

def die_with_parent(parent: int) -> None:
    """Have the kernel end this process with its parent. `parent` is its id as seen from here, 0 for another space."""
    if LINUX:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def adopt_orphans() -> None:
    """Make this process the parent of all its descendants that lose theirs, however they detach themselves."""
    if LINUX:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class ProcessSpaces:
    """Forks children that each live in a process space of their own, where the system allows it.

    The first process of a space is a `cat` that reads from this process, its keeper: with it, and so with this
    process, all in the space end. Without privileges this takes a user namespace, entered here for good.
    """

    def __init__(self) -> None:
        self._home: int | None = None
        self._cat = shutil.which("cat")
        if not LINUX or not self._cat or os.environ.get(NO_SPACES):
            return
        if not _in_a_child(_can_leave):
            if not _in_a_child(lambda: _enter_user_namespace() and _can_leave()):
                return
            _enter_user_namespace()
        self._home = os.open("/proc/self/ns/pid", os.O_RDONLY)
        self._leash, self._held = os.pipe()

    def fork(self) -> tuple[int, int]:
        """As os.fork(), and the keeper's id; 0 for none. Raises OSError when nothing can be started."""
        if self._home is None or _libc.unshare(CLONE_NEWPID):
            return os.fork(), 0
        pid = -1
        try:
            assert self._cat
            keeper = os.posix_spawn(self._cat, ["assay-run"], {}, file_actions=[
                (os.POSIX_SPAWN_DUP2, self._leash, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
            try:
                pid = os.fork()
            except OSError:
                os.kill(keeper, signal.SIGKILL)
                raise
        finally:
            if pid == 0:
                for fd in (self._home, self._leash, self._held):
                    os.close(fd)
            else:
                _libc.setns(self._home, CLONE_NEWPID)
        return pid, keeper


def _can_leave() -> bool:
    """Whether a child can be started in another process space, and the way back is open."""
    home = os.open("/proc/self/ns/pid", os.O_RDONLY)
    return not _libc.unshare(CLONE_NEWPID) and not _libc.setns(home, CLONE_NEWPID)


def _enter_user_namespace() -> bool:
    """Enter a namespace in which this user, and no other, may do what root may."""
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWUSER):
        return False
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    return True


def _in_a_child(holds) -> bool:
    """What `holds()` says in a child, so that trying changes nothing here; False when it raises."""
    pid = os.fork()
    if pid == 0:
        answer = False
        with contextlib.suppress(OSError):
            answer = holds()
        os._exit(0 if answer else 1)
    return os.waitpid(pid, 0)[1] == 0


# --- what a run's process gives up before it imports a line of its method ------------------------------

def confine(folder: str, *, device: str = "cpu") -> None:
    """Give up, for this process and all it starts, what a run does not need. `folder` stays writable."""
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: LARGEST_FILE, resource.RLIMIT_NOFILE: OPEN_FILES}
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    if not LINUX:
        return
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")  # where memory runs out, the run goes first
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    with contextlib.ExitStack() as stack:
        _fence_files(stack, folder, device)
    _refuse_calls()
    _drop_capabilities()


def _drop_capabilities() -> None:
    """Root's powers over others' files, namespaces and devices; nothing for anybody else."""
    _libc.capset(struct.pack("=II", 0x20080522, 0), bytes(24))


WRITE_FILE, TRUNCATE = 1 << 1, 1 << 14
# Landlock's rights that change files, by the ABI that knows them: write, remove, make; rename across; truncate
CHANGES = ((1, 0b1_1111_1111_0010), (2, 1 << 13), (3, TRUNCATE))
ABSTRACT_SOCKETS, SIGNALS = 1, 2


def landlock_abi() -> int:
    """Landlock's version here; 0 without it."""
    return max(0, _libc.syscall(444, None, 0, 1)) if LINUX else 0


def _fence_files(stack: contextlib.ExitStack, folder: str, device: str) -> None:
    abi = landlock_abi()
    if not abi:
        return
    changes = sum(rights for since, rights in CHANGES if abi >= since)
    attributes = struct.pack("=QQQ", changes, 0, ABSTRACT_SOCKETS | SIGNALS)[:24 if abi >= 6 else 8]
    rules = _libc.syscall(444, attributes, len(attributes), 0)
    if rules < 0:
        return
    stack.callback(os.close, rules)
    # its own memory's peak is reset through clear_refs (methods.kit.engine.execute)
    devices = glob.glob("/dev/nvidia*") if device != "cpu" else []
    files = ["/dev/null", "/dev/full", "/proc/self/clear_refs", *filter(os.path.exists, devices)]
    for path, rights in [(folder, changes), *((file, changes & (WRITE_FILE | TRUNCATE)) for file in files)]:
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        stack.callback(os.close, fd)
        if os.path.isdir(path) and path != folder:  # of a folder of devices, what is in it
            rights = changes & (WRITE_FILE | TRUNCATE)
        _libc.syscall(445, rules, 1, struct.pack("=Qi", rights, fd), 0)
    _libc.syscall(446, rules, 0)


_SAME_EVERYWHERE = (425, 452, 463, 466)  # io_uring_setup; fchmodat2, setxattrat, removexattrat
REFUSED = {  # socket; System V queues, semaphores, memory; chmod, chown, setxattr, removexattr in their forms
    "x86_64": (0xC000003E, (41, 68, 64, 29, 90, 91, 92, 93, 94, 260, 268, 188, 189, 190, 197, 198, 199)),
    "aarch64": (0xC00000B7, (198, 186, 190, 194, 52, 53, 54, 55, 5, 6, 7, 14, 15, 16)),
}
LOAD, IF_EQUAL, IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 13  # errno EACCES
OTHER_ABI = 0x40000000  # x86's second table of numbers


def _refuse_calls() -> None:
    """A seccomp filter: the listed system calls fail with EACCES, and so does every call by another table."""
    if platform.machine() not in REFUSED:
        return
    machine, numbers = REFUSED[platform.machine()]
    refused = [*numbers, *_SAME_EVERYWHERE]
    code = [(LOAD, 0, 0, 4), (IF_EQUAL, 0, len(refused) + 3, machine), (LOAD, 0, 0, 0),
            (IF_AT_LEAST, len(refused) + 1, 0, OTHER_ABI)]
    code += [(IF_EQUAL, len(refused) - i, 0, number) for i, number in enumerate(refused)]
    _install([*code, (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)])


def _install(code: Iterable[tuple[int, int, int, int]]) -> None:
    packed = b"".join(struct.pack("=HBBI", *line) for line in code)
    kept = ctypes.create_string_buffer(packed, len(packed))
    program = struct.pack("@HP", len(packed) // 8, ctypes.addressof(kept))
    _libc.prctl(PR_SET_SECCOMP, 2, program, 0, 0)
