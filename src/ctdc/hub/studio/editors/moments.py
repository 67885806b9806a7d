"""Moments that Wagtail has no signal for."""

from __future__ import annotations

from django.dispatch import Signal

page_scheduled = Signal()
"""A version was approved for a time to come. instance: the page; revision: the version."""
