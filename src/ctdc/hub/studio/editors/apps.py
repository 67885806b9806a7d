"""Editors as Django knows them."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class EditorsConfig(AppConfig):
    """The app of editors."""

    name = "ctdc.hub.studio.editors"
    label = "ctdc_editors"

    def ready(self) -> None:
        """Make the jobs and what happens after Wagtail's acts known, and the shelves wherever a database is made."""
        from ctdc.hub.studio.editors import jobs, signals  # noqa: F401, PLC0415  models exist from here on
        from ctdc.hub.studio.editors.setting_up import set_up  # noqa: PLC0415

        signals.connect()
        post_migrate.connect(set_up, sender=self)
