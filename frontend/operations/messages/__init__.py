"""Sending. Every route here only enqueues, so a new kind of message is a model, a line and a composer."""

from frontend.operation import Operation
from frontend.operations.messages import business, buttons, events, files, places, references, texts

OPERATIONS: tuple[Operation, ...] = (
    *texts.OPERATIONS,
    *files.OPERATIONS,
    *places.OPERATIONS,
    *references.OPERATIONS,
    *buttons.OPERATIONS,
    *business.OPERATIONS,
    *events.OPERATIONS,
)
