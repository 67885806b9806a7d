"""The address of a demonstration."""

from django.urls import path

from ctdc.hub.studio.demonstration import views

app_name = "demonstration"
urlpatterns = [path("", views.about, name="about")]
