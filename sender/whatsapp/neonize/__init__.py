"""The real engine. `engine.py` is the way in; `library.py` and `logline.py` run in session hosts only."""
