"""The address of what a request would take."""

from django.urls import path

from evaluations.claims import estimates

urlpatterns = [path("runs/estimate/", estimates.run_estimate, name="run_estimate")]
