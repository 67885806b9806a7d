"""Attacks on ourselves: what somebody could learn about a person from what is released, tried out.

Promise: the audit (`audit`) runs on invented people and holds the engine to what it claims; whatever it audits is
reached through the same doors as a real protection, and noise is drawn where all noise is drawn. Attacks on a release
(`release`) need the people themselves and are for whoever has them: their report holds statistics, nobody's values, and
is never to be published. They draw no noise; the choice of people follows from a seed.
"""
