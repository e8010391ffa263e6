"""Scenarios for locust: customers that send a mix of kinds, poll their queues and receive their webhooks.

`LOAD_TARGETS` names a JSON file: {"clientToken", "tenants": [{"name", "weight", "instances": [[id, token], ...]}],
"hosts": [...]}; without it `LOAD_INSTANCES` (`id:token,id:token`) and `CLIENT_AUTH_TOKEN` are one customer.
`LOAD_HOOKS` is the host by which the senders reach this process: it receives the DeliveryCallbacks of its instances.
"""

import json
import os
import random
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.pywsgi import WSGIServer
from locust import FastHttpUser, constant_throughput, events, task
from locust.env import Environment
from locust.runners import MasterRunner

from loadtests.measure.mix import MIX

PACE = float(os.environ.get("LOAD_PACE", "1"))  # messages a second of one user
WORKERS = int(os.environ.get("LOAD_WORKERS", "1"))  # processes that share the instances
CHATS = int(os.environ.get("LOAD_CHATS", "50"))  # of one instance
CATCH_UP = 1.5  # seconds: locust writes its CSV once a second
PATIENCE = float(os.environ.get("LOAD_PATIENCE", "30"))  # seconds for callbacks that are missing at the end
HOOKS = os.environ.get("LOAD_HOOKS", "")


@dataclass(frozen=True, slots=True)
class Instance:
    path: str


@dataclass(frozen=True, slots=True)
class Tenant:
    name: str
    weight: float
    instances: list[Instance]


class Targets:
    """Whom this process speaks for: every `WORKERS`-th instance of each customer."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.headers = {"Client-Token": told["clientToken"]}
        self.hosts: list[str] = list(told.get("hosts", ()))
        self.tenants: list[Tenant] = []
        self._told = told["tenants"]

    def share(self, worker: int) -> None:
        self.tenants.clear()
        place = 0
        for told in self._told:
            mine = []
            for instance, token in told["instances"]:
                if place % WORKERS == worker % WORKERS:
                    mine.append(Instance(f"/instances/{instance}/token/{token}"))
                place += 1
            if mine:
                self.tenants.append(Tenant(told["name"], told.get("weight", 1), mine))
        if not self.tenants:
            raise RuntimeError("there are fewer instances than workers")

    def choose(self, chance: random.Random) -> Instance:
        (tenant,) = chance.choices(self.tenants, [each.weight for each in self.tenants])
        return chance.choice(tenant.instances)

    @property
    def instances(self) -> list[Instance]:
        return [instance for tenant in self.tenants for instance in tenant.instances]


class Hooks:
    """A customer's server: how long after its request a message is told to be delivered, and which are never."""

    def __init__(self, environment: Environment, host: str) -> None:
        self._environment = environment
        self._asked: dict[str, float] = {}
        self._early: dict[str, float] = {}
        self._server = WSGIServer((host, 0), self._take, log=None, error_log=None)
        self._server.start()
        self.url = f"http://{host}:{self._server.server_port}/hooks"

    def expect(self, message_id: str, asked: float) -> None:
        if (arrived := self._early.pop(message_id, None)) is not None:
            self._tell((arrived - asked) * 1000)
        else:
            self._asked[message_id] = asked

    def finish(self) -> None:
        """Wait for what is still missing; then it counts as failed."""
        deadline = time.monotonic() + PATIENCE
        while self._asked and time.monotonic() < deadline:
            gevent.sleep(0.1)
        for _ in self._asked:
            self._tell(PATIENCE * 1000, TimeoutError("no callback"))
        self._server.stop()
        gevent.sleep(CATCH_UP)

    def _take(self, request: Mapping[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        body = json.loads(request["wsgi.input"].read())
        start("200 OK", [("Content-Length", "0")])
        if body.get("type") == "DeliveryCallback":
            now, message_id = time.perf_counter(), body["messageId"]
            # A repeat finds nothing here: what was told twice counts once.
            if (asked := self._asked.pop(message_id, None)) is not None:
                self._tell((now - asked) * 1000, RuntimeError(body["error"]) if "error" in body else None)
            else:
                self._early[message_id] = now
        return [b""]

    def _tell(self, milliseconds: float, error: Exception | None = None) -> None:
        self._environment.events.request.fire(
            request_type="HOOK", name="DeliveryCallback", response_time=milliseconds, response_length=0,
            exception=error, context={},
        )  # fmt: skip


def read_targets() -> Targets:
    if file := os.environ.get("LOAD_TARGETS"):
        with open(file, encoding="utf-8") as opened:
            return Targets(json.load(opened))
    pairs = [each.split(":", 1) for each in os.environ.get("LOAD_INSTANCES", "").split(",") if each]
    tenants = [{"name": "environment", "instances": pairs}]
    return Targets({"clientToken": os.environ.get("CLIENT_AUTH_TOKEN", ""), "tenants": tenants})


# locust makes users by itself: what they share can only be in the module.
targets = read_targets()
hooks: list[Hooks] = []


@events.test_start.add_listener
def begin(environment: Environment, **_: object) -> None:
    if isinstance(environment.runner, MasterRunner):
        return
    targets.share(max(0, getattr(environment.runner, "worker_index", 0)))
    if HOOKS:
        hooks.append(Hooks(environment, HOOKS))
        for instance in targets.instances:
            _set_webhook(targets.hosts[0] if targets.hosts else str(environment.host), instance, hooks[0].url)


@events.test_stop.add_listener
def end(**_: object) -> None:
    while hooks:
        hooks.pop().finish()


def _set_webhook(host: str, instance: Instance, url: str) -> None:
    request = urllib.request.Request(
        f"{host}{instance.path}/update-webhook-delivery",
        json.dumps({"value": url}).encode(),
        {**targets.headers, "Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


class Customer(FastHttpUser):
    """Sends messages through one instance, by the weights of `MIX`."""

    weight = 9
    wait_time = constant_throughput(PACE)

    def on_start(self) -> None:
        self._chance = random.Random()
        self._instance = targets.choose(self._chance)
        self._phone, self._last = "", ""
        if targets.hosts:
            self.client.base_url = self._chance.choice(targets.hosts)

    @task
    def send(self) -> None:
        (route,) = self._chance.choices(list(MIX), [weight for weight, _ in MIX.values()])
        if route == "send-reaction" and not self._last:
            route = "send-text"
        body = MIX[route][1](self._chance)
        if route == "send-reaction":
            body |= {"phone": self._phone, "messageId": self._last}
        else:
            self._phone = body["phone"] = f"55119{self._chance.randrange(CHATS):08d}"
        asked = time.perf_counter()
        with self.client.post(
            f"{self._instance.path}/{route}", json=body, headers=targets.headers, name=route, catch_response=True
        ) as answer:
            if answer.status_code != 200:
                answer.failure(f"{answer.status_code}: {answer.text}")
                return
            message_id = answer.json()["messageId"]
        if route != "send-reaction":
            self._last = message_id
        if hooks:
            hooks[0].expect(message_id, asked)


class Watcher(FastHttpUser):
    """A dashboard that looks at queues and states."""

    weight = 1
    wait_time = constant_throughput(PACE)

    def on_start(self) -> None:
        self._chance = random.Random()
        if targets.hosts:
            self.client.base_url = self._chance.choice(targets.hosts)

    @task(3)
    def count(self) -> None:
        self._get("queue/count")

    @task(1)
    def page(self) -> None:
        self._get("queue?page=1&pageSize=100")

    @task(2)
    def status(self) -> None:
        self._get("status")

    def _get(self, route: str) -> None:
        path = targets.choose(self._chance).path
        self.client.get(f"{path}/{route}", headers=targets.headers, name=route.partition("?")[0])
