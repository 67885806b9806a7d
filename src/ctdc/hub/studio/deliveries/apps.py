"""Deliveries as Django knows them."""

from django.apps import AppConfig


class DeliveriesConfig(AppConfig):
    """The app of deliveries."""

    name = "ctdc.hub.studio.deliveries"
    label = "ctdc_deliveries"

    def ready(self) -> None:
        """Make the jobs known."""
        from ctdc.hub.studio.deliveries import jobs  # noqa: F401, PLC0415  models exist from here on
