"""Sessions have exactly the capabilities that the table says, on each way to WhatsApp."""

import pytest

from common.capabilities import LACKS, WIRES, Capability, Wire, refusal
from sender.whatsapp.neonize.relayed_session import RelayedSession
from sender.whatsapp.neonize.session import NeonizeSession
from sender.whatsapp.powers.chats import AddressBook, ChatList, Labels, Questions
from sender.whatsapp.simulated import RelayedSimulatedSession, SimulatedSession

POWERS = {
    Capability.CHAT_LIST: ChatList,
    Capability.LABELS: Labels,
    Capability.ADDRESS_BOOK: AddressBook,
    Capability.QUESTIONS: Questions,
}
REAL: dict[Wire, type] = {"direct": NeonizeSession, "relay": RelayedSession}
SIMULATED: dict[Wire, type] = {"direct": SimulatedSession, "relay": RelayedSimulatedSession}


@pytest.mark.parametrize("wire", REAL)
@pytest.mark.parametrize("capability", Capability)
def test_a_session_can_do_what_the_table_says_and_nothing_else(capability: Capability, wire: Wire) -> None:
    assert issubclass(REAL[wire], POWERS[capability]) is (wire in WIRES[capability])


@pytest.mark.parametrize("wire", SIMULATED)
def test_a_simulated_session_claims_no_more_than_a_real_one(wire: Wire) -> None:
    for capability, power in POWERS.items():
        if issubclass(SIMULATED[wire], power):
            assert issubclass(REAL[wire], power), capability


@pytest.mark.parametrize("capability", Capability)
def test_a_refusal_says_what_is_missing_and_which_way_would_have_it(capability: Capability) -> None:
    assert refusal(capability) == f"not possible here: {LACKS[capability]}; a session whose wire is relay can do this"
