"""The harness of bench/run: workloads, contestants, checks and the report."""
