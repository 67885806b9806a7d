"""Attacks on ourselves: what somebody could learn about a person from what is released, tried out.

Promise: everything here runs on invented people. The audit (`audit`) holds the engine to what it claims; whatever it
audits is reached through the same doors as a real protection, and noise is drawn where all noise is drawn.
"""
