"""What may be asked of a session beyond the session itself: one module for each domain of the contract."""
