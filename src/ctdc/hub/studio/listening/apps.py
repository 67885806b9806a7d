"""Listening as Django knows it."""

from django.apps import AppConfig


class ListeningConfig(AppConfig):
    """The app of listening and monitoring."""

    name = "ctdc.hub.studio.listening"
    label = "ctdc_listening"

    def ready(self) -> None:
        """Make the jobs known, and what follows an answer."""
        from ctdc.hub.studio.listening.inbox import after  # noqa: F401, PLC0415  models exist from here on
        from ctdc.hub.studio.listening.monitoring import jobs  # noqa: F401, PLC0415
