"""Which device a worker takes, and that no more of its memory is promised than there is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evaluations.models import DeviceLease, Run
from tests.evaluations.simulated_runs import make_arena, make_method
from tests.services import postgres
from workers import devices
from workers.devices import CPU, Device, DeviceUnusable, find_device, take_lease, visible_device

ROOT = Path(__file__).resolve().parents[2]


def test_without_a_word_in_the_environment_it_is_the_cpu():
    assert find_device({}) is CPU and find_device({"ASSAY_DEVICE": "cpu"}) is CPU
    assert devices.named_in_environment({}) == ""
    assert devices.named_in_environment({"CUDA_VISIBLE_DEVICES": "1"}) == "cuda:0"
    assert devices.named_in_environment({"CUDA_VISIBLE_DEVICES": "1", "ASSAY_DEVICE": "cpu"}) == "cpu"


@pytest.mark.parametrize("name,listed,visible", [
    ("cuda:0", None, "0"), ("cuda", None, "0"), ("cuda:3", None, "3"), ("cuda:1", "4,6", "6"),
    ("cuda:0", "GPU-5ab1, GPU-77c2", "GPU-5ab1")])
def test_the_device_shown_to_runs(name, listed, visible):
    assert visible_device(name, {"CUDA_VISIBLE_DEVICES": listed} if listed else {}) == visible


@pytest.mark.parametrize("name,listed", [("mps", None), ("cuda:x", None), ("cuda:2", "0,1")])
def test_a_name_that_is_no_device_is_refused(name, listed):
    with pytest.raises(DeviceUnusable, match=name):
        visible_device(name, {"CUDA_VISIBLE_DEVICES": listed} if listed else {})


@pytest.fixture
def runs(db):
    method = make_method(make_arena(), "plain")
    return [Run.objects.create(method=method, seed=seed, state=Run.RUNNING, code_digest="x") for seed in range(4)]


def test_leases_add_up_to_nine_tenths(runs):
    device = Device("cuda:0", "0", "Test device", 1000.0)
    assert take_lease(runs[0], device, 400) and take_lease(runs[1], device, 400)
    assert not take_lease(runs[2], device, 101)
    assert take_lease(runs[2], device, 100), "800 + 100 is exactly nine tenths"
    assert take_lease(runs[0], device, 300), "asking again replaces one's own"
    DeviceLease.objects.filter(run=runs[1]).delete()  # as when its run ends
    assert take_lease(runs[3], device, 500)
    assert not take_lease(runs[1], device, 1)


def test_devices_do_not_share_and_the_cpu_needs_no_lease(runs):
    first, second = Device("cuda:0", "0", "A", 1000.0), Device("cuda:1", "1", "B", 1000.0)
    assert take_lease(runs[0], first, 900) and take_lease(runs[1], second, 900)
    assert not take_lease(runs[2], first, 1)
    assert take_lease(runs[3], CPU, 10**9) and not DeviceLease.objects.filter(run=runs[3]).exists()


def test_what_can_never_fit_is_refused(runs):
    with pytest.raises(ValueError, match="needs 901 MB, and of the 1000 MB of cuda:0 Test device at most 900 MB"):
        take_lease(runs[0], Device("cuda:0", "0", "Test device", 1000.0), 901)


def race(environment: dict) -> str:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment}
    for command in (["manage.py", "migrate", "-v0"], ["-m", "tests.workers.lease_race"]):
        done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_asked_at_the_same_moment_on_sqlite(tmp_path):
    assert race({"DATA_DIR": str(tmp_path)}) == "12 6 6"


def test_asked_at_the_same_moment_on_postgresql(tmp_path):
    with postgres() as url:
        assert race({"DATA_DIR": str(tmp_path), "DATABASE_URL": url}) == "12 6 6"
