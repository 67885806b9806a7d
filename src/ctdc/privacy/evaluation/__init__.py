"""What a table that stands for people is worth, measured against the people themselves: for the steward only.

Promise: everything here is made from true data. Nothing of it may be published, and no release depends on it. It sees
coded columns and counts; what a column means is said by `settings.Settings`, which come from outside. The one way in is
`evaluate.evaluate`.
"""
