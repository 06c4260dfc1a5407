"""The addresses of every room."""

from django.urls import include, path

ROOMS = ("runs", "claims", "arenas", "figures", "sweeps", "comparing", "snapshots", "reported", "ledger")

urlpatterns = [path("", include(f"evaluations.{room}.urls")) for room in ROOMS]
