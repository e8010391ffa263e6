"""What WhatsApp's server answers to a question that it does not meet."""

from common.errors import Refused


class QuestionRefused(Refused):
    """The server answered with an error. `number` is its own: 403 for what one may not, 404 for what there is not."""

    code = "question-refused"

    def __init__(self, number: int) -> None:
        super().__init__(f"WhatsApp's server answered {number}")
        self.number = number


class NotUnderstood(Refused):
    """The server answered in a form that is not known here."""

    code = "answer-not-understood"
