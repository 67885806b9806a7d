"""The entrance as Django knows it."""

from django.apps import AppConfig


class EntranceConfig(AppConfig):
    """The app of signing in."""

    name = "ctdc.hub.studio.entrance"
    label = "ctdc_entrance"

    def ready(self) -> None:
        """Have what happens at the entrance noted in the log, and steps that cannot be opened answer no."""
        from ctdc.hub.studio.entrance import noted, unopened  # noqa: F401, PLC0415  models exist from here on

        unopened.answer_no()
