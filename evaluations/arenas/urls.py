"""The addresses of arenas, of their statistics, and of what a person does with a table."""

from django.urls import path

from evaluations.arenas import statistics_views, views

urlpatterns = [
    path("arenas/", views.arena_list, name="arena_list"),
    path("arenas/<slug:slug>/", views.arena_detail, name="arena_detail"),
    path("arenas/<slug:slug>/bibliography/", views.arena_bibliography, name="arena_bibliography"),
    path("arenas/<slug:slug>/freeze/", views.snapshot_freeze, name="snapshot_freeze"),
    path("arenas/<slug:slug>/cells/<slug:method>/", views.cell_detail, name="cell_detail"),
    path("arenas/<slug:slug>/statistics/", statistics_views.arena_statistics_page, name="arena_statistics"),
]
