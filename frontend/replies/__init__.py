"""Reply models, one module per contract domain: what an answer holds, spelled as the API spells it."""
