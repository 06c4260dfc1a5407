from django.contrib.auth.views import LogoutView
from django.urls import path

from config.accounts import views

urlpatterns = [
    path("login/", views.Login.as_view(), name="login"),
    path("login/link/", views.LoginLink.as_view(), name="login_link"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/", views.account, name="account"),
    path("account/tokens/<int:pk>/delete/", views.token_delete, name="token_delete"),
]
