"""Releases of other hubs: named beforehand, fetched, checked against their publisher's key, and kept apart from one's
own.
"""
