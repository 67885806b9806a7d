"""The workbench as Django knows it."""

from django.apps import AppConfig


class BenchConfig(AppConfig):
    """The app of the workbench."""

    name = "ctdc.hub.studio.bench"
    label = "ctdc_bench"

    def ready(self) -> None:
        """Have rooms emptied when their people sign out."""
        from ctdc.hub.studio.bench import leaving  # noqa: F401, PLC0415  models exist from here on
