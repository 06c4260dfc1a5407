"""The state of the installation as data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router, Schema

from workers.health import health

router = Router(tags=["status"])


class QueueOut(Schema):
    name: str
    waiting: int | None
    running: int
    oldest: datetime | None
    workers: list[str]


class WorkerOut(Schema):
    name: str
    queues: list[str]
    host: str
    pid: int
    slots: int
    device: str
    device_memory_mb: float | None
    started_at: datetime
    seen_at: datetime


class DiskUseOut(Schema):
    place: str
    looked_at: datetime
    kinds: dict[str, int]
    removed: list[dict[str, Any]]


class StatusOut(Schema):
    ok: bool
    problems: list[str]
    database: str
    broker: bool
    queues: list[QueueOut]
    workers: list[WorkerOut]
    index: dict[str, Any] | None
    disk_free_gb: float
    disk_total_gb: float
    disk_use: list[DiskUseOut]
    broken_files: list[str]


@router.get("/status", response=StatusOut, summary="Queues, workers, broker, index and disk")
def get_status(request):
    return health().as_dict()
