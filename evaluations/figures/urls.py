"""The addresses of figures and of their files."""

from django.urls import path

from evaluations.figures import views

urlpatterns = [
    path("arenas/<slug:slug>/figures/<slug:kind>/", views.figure_page, name="figure_page"),
    path("arenas/<slug:slug>/figures/<slug:kind>.<slug:form>", views.figure_file, name="figure_file"),
]
