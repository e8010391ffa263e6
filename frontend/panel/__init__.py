"""The panel at /panel: what an operator sees and does in a browser."""
