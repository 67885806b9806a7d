"""The release desk as Django knows it."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The app of the release desk."""

    name = "ctdc.hub.studio.desk"
    label = "ctdc_desk"

    def ready(self) -> None:
        """Make the jobs known."""
        from ctdc.hub.studio.desk import jobs  # noqa: F401, PLC0415  models exist from here on
