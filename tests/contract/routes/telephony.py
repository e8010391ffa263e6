"""Calls, and accounts whose first device this would be."""

from tests.contract.routes.calls import PERSON, call, got, posted

CALLS = (
    posted(
        "send-call",
        call({"phone": PERSON, "callDuration": 10}),
        call({"phone": PERSON, "callDuration": 60}),
        refused=((call({}), "phone: "), (call({"phone": PERSON, "callDuration": 0}), "callDuration: ")),
    ),
    got("call-token"),
    posted("sip-token", call()),
    got("sip-info"),
)

_NUMBER = {"ddi": "55", "phone": "11987654321"}
MOBILE = (
    posted("mobile/registration-available", call(_NUMBER), refused=((call({"ddi": "55"}), "phone: "),)),
    posted(
        "mobile/request-registration-code",
        call({**_NUMBER, "method": "sms"}),
        refused=((call({**_NUMBER, "method": "pigeon"}), "method: "),),
    ),
    posted("mobile/respond-captcha", call({"captcha": "482915"}), refused=((call({}), "captcha: "),)),
    posted("mobile/confirm-registration-code", call({"code": "482915"}), refused=((call({"code": "1"}), "code: "),)),
    posted(
        "mobile/request-unbanning",
        call({"appealToken": "Ae0C-sample-token", "description": "Uso normal, sem envio em massa"}),
        refused=((call({"appealToken": "x"}), "description: "),),
    ),
    posted("mobile/confirm-pin-code", call({"code": "915482"}), refused=((call({}), "code: "),)),
    posted("mobile/confirm-security-code", call({"code": "915482"})),
    posted("mobile/recovery-pin-code", call()),
    posted("mobile/recovery-security-code", call()),
    got("security/email"),
    posted("security/email", call({"email": "ana@example.com"}), refused=((call({"email": "ana"}), "email: "),)),
    posted("security/verify-email", call({"verificationCode": "730264"}), refused=((call({}), "verificationCode: "),)),
    posted("security/email/remove", call()),
    got("security/two-fa-code"),
    posted("security/two-fa-code", call({"code": "915482"}), refused=((call({"code": "12345"}), "code: "),)),
    posted("security/two-fa-code/remove", call()),
)
