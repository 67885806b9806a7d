"""The demonstration as Django knows it."""

from django.apps import AppConfig


class DemonstrationConfig(AppConfig):
    """The app of demonstrations; in any other studio its address answers nobody."""

    name = "ctdc.hub.studio.demonstration"
    label = "ctdc_demonstration"
