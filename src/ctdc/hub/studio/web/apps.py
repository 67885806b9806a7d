"""The frame of the studio as Django knows it."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The app of the frame."""

    name = "ctdc.hub.studio.web"
    label = "ctdc_web"
