"""Optional powers of a session, one module each, in our words. Who needs one asks the session whether it has it."""
