"""Request models, one module per contract domain: the frontend validates with them, the sender reads stored rows again.

Field names are the API's own, so that a model reads like the contract. Unknown members are ignored.
"""
