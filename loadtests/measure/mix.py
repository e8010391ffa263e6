"""What customers send in load tests: bodies of several kinds, by weight. `phone` is the caller's to add."""

import random
from collections.abc import Callable, Mapping
from typing import Any

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)

Body = dict[str, Any]
MIX: Mapping[str, tuple[int, Callable[[random.Random], Body]]] = {
    "send-text": (60, lambda chance: {"message": f"Order {chance.randrange(10**6)} has left the warehouse"}),
    "send-image": (10, lambda chance: {"image": PIXEL, "caption": "Your parcel"}),
    "send-location": (
        5,
        lambda chance: {"title": "Shop", "address": "Rua das Flores 1", "latitude": -23.55, "longitude": -46.63},
    ),
    "send-contact": (5, lambda chance: {"contactName": "Support", "contactPhone": "5511988887777"}),
    "send-button-list": (
        8,
        lambda chance: {
            "message": "Will you be at home?",
            "buttonList": {"buttons": [{"id": "1", "label": "Yes"}, {"id": "2", "label": "No"}]},
        },
    ),
    "send-poll": (4, lambda chance: {"message": "When?", "poll": [{"name": "Today"}, {"name": "Tomorrow"}]}),
    "send-reaction": (8, lambda chance: {"reaction": "\N{THUMBS UP SIGN}"}),
}
"""Kinds by weight. A reaction is to the last message of the same user."""
