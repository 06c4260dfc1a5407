"""The addresses of runs."""

from django.urls import path

from evaluations.runs import views

urlpatterns = [
    path("runs/", views.run_list, name="run_list"),
    path("runs/request/", views.run_request, name="run_request"),
    path("runs/request/<slug:key>/", views.run_request_progress, name="run_request_progress"),
    path("runs/<int:pk>/", views.run_detail, name="run_detail"),
    path("runs/<int:pk>/cancel/", views.run_cancel, name="run_cancel"),
    path("runs/<int:pk>/retry/", views.run_retry, name="run_retry"),
    path("runs/<int:pk>/replay/", views.run_replay, name="run_replay"),
]
