"""Addresses of the way in and out; everything else below them is the workbench's own (`asgi`)."""

from django.urls import path

from ctdc.hub.studio.bench import views

app_name = "bench"
urlpatterns = [
    path("", views.entrance, name="entrance"),
    path("open/", views.enter, name="enter"),
    path("close/", views.close, name="close"),
    path("door/", views.door, name="door"),
]
