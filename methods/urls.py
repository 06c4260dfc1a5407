from django.urls import path

from methods import views

urlpatterns = [
    path("methods/", views.method_list_page, name="method_list"),
    path("methods/<slug:arena>/<slug:slug>/", views.method_detail, name="method_detail"),
    path("methods/<slug:arena>/<slug:slug>/similar/", views.method_similar, name="method_similar"),
    path("papers/<int:pk>/new-method/", views.paper_scaffold, name="paper_scaffold"),
    path("papers/<int:paper>/links/", views.link_curate, name="link_curate"),
]
