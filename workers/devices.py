"""Which device this worker computes on, and how much of its memory is promised to whom.

The device comes from the environment: ASSAY_DEVICE=cuda:0 (an index into CUDA_VISIBLE_DEVICES, where that is
set), else the first of CUDA_VISIBLE_DEVICES, else the CPU. Runs of the `cpu` queue always compute on the CPU.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Sum

from evaluations.models import DeviceLease, Run, Worker

LEASABLE = 0.9  # of a device's memory; the rest is the driver's and the contexts'
PROBE = ("import json, torch; p = torch.cuda.get_device_properties(0); "
         "print(json.dumps([p.name, p.total_memory / 2**20]))")


class DeviceUnusable(Exception):
    """The device named in the environment cannot be used; the message says why."""


@dataclass(frozen=True)
class Device:
    """`visible` is the CUDA_VISIBLE_DEVICES of a run's process, in which the device is then always cuda:0."""

    name: str = "cpu"
    visible: str = ""
    title: str = "CPU"
    memory_mb: float | None = None

    @property
    def torch_name(self) -> str:
        return "cuda:0" if self.visible else "cpu"

    @property
    def lease_key(self) -> str:
        """The same for every worker that shares the device."""
        return f"{socket.gethostname()} cuda {self.visible} {self.title}"[:120]

    @property
    def label(self) -> str:
        return self.name if self.name == "cpu" else f"{self.name} {self.title}"


CPU = Device()


def named_in_environment(environment=os.environ) -> str:
    """The device's name, "" when the environment names none."""
    if environment.get("ASSAY_DEVICE"):
        return environment["ASSAY_DEVICE"]
    return "cuda:0" if environment.get("CUDA_VISIBLE_DEVICES") else ""


def visible_device(name: str, environment=os.environ) -> str:
    """The CUDA_VISIBLE_DEVICES that shows only `name`. Raises DeviceUnusable for a name that is no device."""
    kind, _, index = name.partition(":")
    if kind != "cuda" or not (index or "0").isdecimal():
        raise DeviceUnusable(f"ASSAY_DEVICE is {name!r}; it must be cpu, cuda or cuda:N")
    position = int(index or 0)
    if not environment.get("CUDA_VISIBLE_DEVICES"):
        return str(position)
    listed = [entry.strip() for entry in environment["CUDA_VISIBLE_DEVICES"].split(",")]
    if position >= len(listed):
        raise DeviceUnusable(f"ASSAY_DEVICE is {name}, but CUDA_VISIBLE_DEVICES lists only {', '.join(listed)}")
    return listed[position]


def find_device(environment=os.environ) -> Device:
    """The device of this worker. Raises DeviceUnusable when the one that is named is not there."""
    name = named_in_environment(environment)
    if name in ("", "cpu"):
        return CPU
    visible = visible_device(name, environment)
    # asked of a process of its own: this one must never start CUDA, and it is how the runs will see the device
    probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True,
                           env={**environment, "CUDA_VISIBLE_DEVICES": visible})
    if probe.returncode:
        *_, reason = probe.stderr.strip().splitlines() or ["no reason given"]
        raise DeviceUnusable(f"{name} cannot be used: {reason}")
    title, memory_mb = json.loads(probe.stdout)
    return Device(name, visible, title, memory_mb)


def take_lease(run: Run, device: Device, memory_mb: float) -> bool:
    """Promise `memory_mb` of the device to `run`; False when too much of it is promised already.

    Raises ValueError when the device could never hold the run.
    """
    if device.memory_mb is None:
        return True
    leasable = LEASABLE * device.memory_mb
    if memory_mb > leasable:
        raise ValueError(f"needs {memory_mb:g} MB, and of the {device.memory_mb:.0f} MB of {device.label} "
                         f"at most {leasable:.0f} MB are given out")
    return _promise(run, device, memory_mb, leasable)


@transaction.atomic
def _promise(run: Run, device: Device, memory_mb: float, leasable: float) -> bool:
    # the workers of the device are the lock: one of them at a time adds up and takes
    list(Worker.objects.select_for_update().filter(device=device.lease_key).order_by("pk").values_list("pk"))
    promised = DeviceLease.objects.filter(device=device.lease_key).exclude(run=run).aggregate(
        total=Sum("memory_mb"))["total"] or 0.0
    if promised + memory_mb > leasable:
        return False
    DeviceLease.objects.update_or_create(run=run, defaults={"device": device.lease_key, "memory_mb": memory_mb})
    return True
