"""The benchmark of linked tables: invented victims and their perpetrators, protected as two tables or otherwise."""
