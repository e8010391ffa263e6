"""How long the engine waits for what, in seconds."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Patience:
    send: float = 85.0
    """The library gives up after 75 s, but not when it resends after a reconnect: then it waits for ever. Less than
    what the caller waits, or nobody would be told to start the session anew."""
    ack: float = 10.0
    """Of relayed sessions, for WhatsApp's word on a message that has left. Then the message is in doubt and the session
    goes on with its next; a word that comes later, or a receipt, settles the doubt."""
    call: float = 10.0
    """For calls that do not wait for WhatsApp, or only for an answer nobody depends on."""
    upload: float = 280.0
    """For a file. Less than what the caller waits, as with `send`."""
    download: float = 280.0
    """For a file, as with `upload`."""
    connect: float = 85.0
    """For a login. The library's own limits (60 s to dial, 20 s to shake hands) come first and name the reason."""
    reconnect: float = 10.0
    """For the library's own reconnects, whose pauses grow without end; then the session is started anew."""
    login: float = 5.0
    """How long a login may keep one of the places of those that may log in at the same time."""
    pings: int = 2
    """Unanswered pings in a row (each takes the library 20 to 40 s) after which a connection counts as dead. Left
    alone, the library takes three minutes."""
    steady: float = 60.0
    """A host that lived longer than this around a session does not speak against the session when it dies."""
    between_questions: float = 0.2
    """From one of our own questions to WhatsApp to the session's next; and between two messages that are made anew for
    receivers who could not read them."""
    answers: int = 5
    """How often a device that could not read a message is given it again once the library has forgotten it."""
    close: float = 12.0
    first_pause: float = 1.0
    longest_pause: float = 60.0

    def pause(self, failures: int, chance: Random) -> float:
        """Before the next try to connect, after so many that failed in a row. Jittered, so that a network that comes
        back is not met by all sessions at once; next to nothing after a connection that had worked."""
        if not failures:
            return chance.uniform(0, self.first_pause / 4)
        longest: float = min(self.longest_pause, self.first_pause * 2 ** (failures - 1))
        return longest * chance.uniform(0.5, 1)
