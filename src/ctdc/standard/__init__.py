"""The shared language of the collaborative: variables, code lists, profiles and labels in five languages."""

from ctdc.standard.loader import load

__all__ = ["load"]
