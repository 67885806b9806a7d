"""Events as Django knows them."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """The app of events."""

    name = "ctdc.hub.studio.events"
    label = "ctdc_events"

    def ready(self) -> None:
        """Make the jobs known."""
        from ctdc.hub.studio.events import jobs  # noqa: F401, PLC0415  models exist from here on
