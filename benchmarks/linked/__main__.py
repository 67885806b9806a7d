"""Start the benchmark of linked tables: ``python -m benchmarks.linked``."""

from benchmarks.linked.run import main

main()
