"""The embedded broker: a private socket, data that outlives it, and clear words when it cannot start."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import redis

from tests.services import wait_until
from workers import broker

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="assay-broker-") as name:
        yield Path(name) / "redis"


def client(folder: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(broker.socket_path(folder)))


def test_it_listens_on_a_private_socket_and_on_no_port(folder):
    with broker.embedded_broker(folder):
        path = broker.socket_path(folder)
        assert path == folder / "redis.sock" and stat.S_IMODE(path.stat().st_mode) == 0o600
        assert client(folder).config_get("port") == {"port": "0"}
        assert client(folder).config_get("appendonly") == {"appendonly": "yes"}
    assert not broker.answers(path)


def test_what_it_holds_outlives_it(folder):
    with broker.embedded_broker(folder):
        client(folder).rpush("cpu", "a message")
    with broker.embedded_broker(folder) as server:
        assert client(folder).llen("cpu") == 1
        client(folder).rpush("cpu", "another")
        client(folder).execute_command("WAITAOF", 1, 0, 2000)
        server.kill()
        server.wait()
    with broker.embedded_broker(folder):
        assert client(folder).lrange("cpu", 0, -1) == [b"a message", b"another"]


def test_a_second_one_on_the_same_folder_is_refused(folder):
    with broker.embedded_broker(folder):
        with pytest.raises(broker.BrokerError, match="running at .* already"):
            broker.start(folder)
        assert client(folder).ping()


def test_a_long_path_moves_the_socket_and_not_the_data(folder):
    deep = folder / ("deep" * 30)
    with broker.embedded_broker(deep):
        path = broker.socket_path(deep)
        assert len(str(path)) <= broker.SOCKET_LIMIT and path.is_socket()
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert (deep / "appendonlydir").is_dir()
    shutil.rmtree(path.parent)


def test_a_folder_in_the_temporary_one_that_others_can_enter_is_refused(folder):
    deep = folder / ("deep" * 30)
    path = broker.socket_path(deep)
    path.parent.mkdir()
    path.parent.chmod(0o777)
    try:
        with pytest.raises(broker.BrokerError, match="open to others"):
            broker.start(deep)
    finally:
        path.parent.rmdir()


def test_it_ends_with_whoever_started_it(folder):
    code = f"import time; from pathlib import Path; from workers import broker; broker.start(Path({str(folder)!r})); " \
           "print('up', flush=True); time.sleep(60)"
    starter = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert starter.stdout.readline() == "up\n" and broker.answers(broker.socket_path(folder))
    starter.kill()
    starter.wait()
    starter.stdout.close()
    wait_until(lambda: not broker.answers(broker.socket_path(folder)), seconds=5, what="the broker to end")


def test_it_says_why_it_cannot_start(folder):
    (folder / "appendonlydir").mkdir(parents=True)
    (folder / "appendonlydir" / "appendonly.aof.manifest").write_text("not a manifest\n")
    with pytest.raises(broker.BrokerError, match="did not start: .*redis.log"):
        broker.start(folder)
