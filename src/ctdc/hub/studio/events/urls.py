"""Addresses of the logs."""

from django.urls import path

from ctdc.hub.studio.events import views

app_name = "events"
urlpatterns = [
    path("", views.events, name="list"),
    path("verify/", views.verify, name="verify"),
    path("vault/", views.vault, name="vault"),
]
