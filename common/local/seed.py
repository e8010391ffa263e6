"""Demo content for a running stack, made through its HTTP API."""

from concurrent.futures import ThreadPoolExecutor

from common.local.commands import say
from common.local.gateway import Gateway, Instance

CHATS = 5
FIRST_PHONE = 5511910000000
AT_ONCE = 8


def seed(gateway: Gateway, instances: int, messages: int) -> dict[str, object]:
    """Make `instances` instances and post `messages` texts to each, spread over five chats.

    Raises Refused or Unreachable.
    """
    with ThreadPoolExecutor(AT_ONCE) as workers:
        say(f"making {instances} instances ...")
        made = list(workers.map(lambda number: gateway.create(f"Seed {number}"), range(1, instances + 1)))
        say(f"posting {messages} messages to each ...")
        list(workers.map(lambda instance: _post(gateway, instance, messages), made))
    listed = [{"id": instance.id, "token": instance.token} for instance in made]
    return {"instances": listed, "messages": instances * messages}


def _post(gateway: Gateway, instance: Instance, messages: int) -> None:
    for number in range(messages):
        phone = str(FIRST_PHONE + number % CHATS)
        gateway.send_text(instance, phone, f"Message {number + 1} of {messages}")
