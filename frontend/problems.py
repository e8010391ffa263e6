"""Problems: every refusal is `{"error": "<text>"}` with its status, and its text says what to change."""

from collections.abc import Sequence

from pydantic import ValidationError

from frontend import faults

LONGEST_ECHO = 64
MOST_FIELDS = 5  # how many invalid fields one answer names


class Problem(Exception):
    """A request that is refused. Raised anywhere below dispatch, which answers it. `code` is for programs, where there
    is one."""

    def __init__(
        self, status: int, text: str, headers: Sequence[tuple[bytes, bytes]] = (), code: str | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers
        self.code = code

    @property
    def body(self) -> dict[str, str]:
        return {"error": self.text} if self.code is None else {"error": self.text, "code": self.code}


NOT_SUPPORTED = "not-supported-by-engine"
CLOSE = ((b"connection", b"close"),)


def bad_request(text: str) -> Problem:
    return Problem(400, text)


def unauthorized() -> Problem:
    """The same for a wrong id and a wrong token, so that neither can be guessed alone."""
    return Problem(401, "instance not found or token not valid")


def partner_unauthorized() -> Problem:
    return Problem(401, "partner token not valid", ((b"www-authenticate", b"Bearer"),))


def not_allowed(received: bytes | str | None) -> Problem:
    """The contract's own words for a Client-Token or an address: what was received, or null."""
    if received is None:
        return Problem(403, "null not allowed")
    text = received.decode("latin-1") if isinstance(received, bytes) else received
    shown = "".join(character if character.isprintable() else "?" for character in text[:LONGEST_ECHO])
    return Problem(403, f"{shown} not allowed")


def not_found(text: str = "path not found") -> Problem:
    return Problem(404, text)


def method_not_allowed(allowed: Sequence[str]) -> Problem:
    names = ", ".join(allowed)
    return Problem(405, f"method not allowed; use {names}", ((b"allow", names.encode()),))


def not_supported(missing: str) -> Problem:
    return Problem(501, f"not possible here: {missing}", code=NOT_SUPPORTED)


def too_large(limit: int, *, will_wait: bool = False) -> Problem:
    """`will_wait`: the caller holds its body back until it is asked for, so no more can come on this connection."""
    return Problem(413, f"the body is larger than {limit} bytes", CLOSE if will_wait else ())


def uri_too_long(limit: int) -> Problem:
    return Problem(414, f"the address is longer than {limit} bytes")


def unsupported(text: str) -> Problem:
    return Problem(415, text)


def invalid_place(error: ValidationError) -> Problem:
    """A variable segment that is no phone has the contract's own words."""
    if error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"] == ("phone",):
        return bad_request("Invalid phone")
    return invalid(error)


def invalid(error: ValidationError) -> Problem:
    """400 that names the fields, never what they held."""
    details = error.errors(include_url=False, include_input=False)
    if details[0]["type"] == "json_invalid":
        return bad_request(faults.not_json(details[0]["msg"]))
    return bad_request("; ".join(dict.fromkeys(map(faults.clause, details[:MOST_FIELDS]))))
