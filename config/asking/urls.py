from django.urls import path

from config.asking import views

urlpatterns = [
    path("asks/", views.ask_list, name="ask_list"),
    path("asks/new/", views.ask_new, name="ask_new"),
    path("asks/<int:pk>/answer/", views.ask_answer, name="ask_answer"),
    path("asks/<int:pk>/withdraw/", views.ask_withdraw, name="ask_withdraw"),
]
