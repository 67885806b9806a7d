"""The second engine: the same batches are coded and counted in Spark's tasks. The only place that knows Spark.

Spark itself is imported when a session is opened, never before.
"""
