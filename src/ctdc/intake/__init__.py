"""From a contributor's file to harmonised cases: readers, mapping, checks, harmonise, report."""
