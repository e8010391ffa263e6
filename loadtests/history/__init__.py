"""What really happened in a run, and whether it may have: events from every side, and the rules that they must obey."""
