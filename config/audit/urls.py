from django.urls import path

from config.audit import views

urlpatterns = [
    path("history/", views.entry_list, name="entry_list"),
    path("history/<slug:kind>/<path:key>/", views.history, name="history"),
]
