"""What benchmarks measure with: load, processor time, a stack of their own, and the table they end in."""
