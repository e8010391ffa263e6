"""As much of Prometheus as our alerts ask for: evaluates them over series in promtool's notation.

A rate is the rise over the samples in its window, which is what Prometheus says where samples fill the window.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import promql_parser as language

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Value = Vector | float

LOOKBACK = 300.0  # seconds: an older sample is none

_RUN = re.compile(r"(-?[0-9.]+)(?:([+-])([0-9.]+))?x([0-9]+)")
_SERIES = re.compile(r"(\w+)(?:\{(.*)\})?")


def expand(values: str) -> list[float | None]:
    """`0+10x3 7 _` is 0, 10, 20, 30, 7 and a gap."""
    samples: list[float | None] = []
    for part in values.split():
        if match := _RUN.fullmatch(part):
            start, sign, step, times = match.groups()
            rise = float(f"{sign}{step}") if step else 0.0
            samples += [float(start) + rise * place for place in range(int(times) + 1)]
        else:
            samples.append(None if part == "_" else float(part))
    return samples


class Storage:
    """`series` by promtool's name for each, all with a sample every `interval` seconds from 0 on."""

    def __init__(self, series: Mapping[str, str], interval: float) -> None:
        self._interval = interval
        self._series: dict[Labels, list[float | None]] = {}
        for name, values in series.items():
            match = _SERIES.fullmatch(name)
            assert match is not None, name
            labels = dict(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
            self._series[frozenset({"__name__": match[1], **labels}.items())] = expand(values)

    def window(self, selector: Any, since: float, until: float) -> dict[Labels, list[tuple[float, float]]]:
        found = {}
        for labels, samples in self._series.items():
            if not _matches(selector, dict(labels)):
                continue
            times = ((place * self._interval, sample) for place, sample in enumerate(samples))
            inside = [(at, sample) for at, sample in times if since <= at <= until and sample is not None]
            if inside:
                found[labels] = inside
        return found

    def evaluate(self, expression: str, at: float) -> Value:
        return self._value(language.parse(expression), at)

    def _value(self, node: Any, at: float) -> Value:
        match node:
            case language.NumberLiteral():
                return float(node.val)
            case language.ParenExpr():
                return self._value(node.expr, at)
            case language.VectorSelector():
                window = self.window(node, at - LOOKBACK, at)
                return {labels: samples[-1][1] for labels, samples in window.items()}
            case language.AggregateExpr():
                return self._aggregate(node, at)
            case language.Call():
                return self._call(node, at)
            case language.BinaryExpr():
                return _combine(str(node.op), self._value(node.lhs, at), self._value(node.rhs, at))
        raise NotImplementedError(type(node).__name__)

    def _aggregate(self, node: Any, at: float) -> Vector:
        together: dict[Labels, list[float]] = {}
        keep = set(node.modifier.labels) if node.modifier else set()
        for labels, value in _vector(self._value(node.expr, at)).items():
            together.setdefault(frozenset(pair for pair in labels if pair[0] in keep), []).append(value)
        fold: Callable[[Sequence[float]], float] = {"sum": math.fsum, "max": max, "min": min}[str(node.op)]
        return {labels: fold(values) for labels, values in together.items()}

    def _call(self, node: Any, at: float) -> Vector:
        name, arguments = node.func.name, node.args
        if name in ("rate", "increase"):
            span = arguments[0].range.total_seconds()
            window = self.window(arguments[0].vector_selector, at - span, at)
            factor = span if name == "increase" else 1.0
            return {_nameless(labels): _rate(run) * factor for labels, run in window.items() if len(run) > 1}
        if name == "absent":
            return {} if self._value(arguments[0], at) else {frozenset(): 1.0}
        if name == "clamp_min":
            least = float(self._value(arguments[1], at))  # type: ignore[arg-type]
            return {labels: max(value, least) for labels, value in _vector(self._value(arguments[0], at)).items()}
        if name == "histogram_quantile":
            share = float(self._value(arguments[0], at))  # type: ignore[arg-type]
            return _quantile(share, _vector(self._value(arguments[1], at)))
        raise NotImplementedError(name)


def fires(storage: Storage, expression: str, lasts: float, at: float, step: float) -> bool:
    """Whether an alert stands at `at`: its question has had an answer for `lasts` seconds of evaluations."""
    since: float | None = None
    moment = 0.0
    while moment <= at:
        since = (moment if since is None else since) if storage.evaluate(expression, moment) else None
        moment += step
    return since is not None and at - since >= lasts


def _matches(selector: Any, labels: Mapping[str, str]) -> bool:
    if selector.name is not None and labels["__name__"] != selector.name:
        return False
    return all(_meets(matcher, labels.get(matcher.name, "")) for matcher in selector.matchers.matchers)


def _meets(matcher: Any, value: str) -> bool:
    if matcher.op == language.MatchOp.Equal:
        return value == matcher.value
    if matcher.op == language.MatchOp.NotEqual:
        return value != matcher.value
    return bool(re.fullmatch(matcher.value, value)) == (matcher.op == language.MatchOp.Re)


def _rate(run: Sequence[tuple[float, float]]) -> float:
    rise = 0.0
    for (_, before), (_, after) in pairwise(run):
        rise += after - before if after >= before else after  # a counter that fell began anew
    return rise / (run[-1][0] - run[0][0])


def _quantile(share: float, buckets: Vector) -> Vector:
    bounds: dict[Labels, list[tuple[float, float]]] = {}
    for labels, count in buckets.items():
        bound = float(dict(labels)["le"].replace("+Inf", "inf"))
        bounds.setdefault(frozenset(pair for pair in labels if pair[0] != "le"), []).append((bound, count))
    found = {}
    for labels, parts in bounds.items():
        parts.sort()
        total = parts[-1][1]
        if not total:
            continue
        low, below = 0.0, 0.0
        for bound, count in parts:
            if count >= share * total:
                inner = (share * total - below) / (count - below)
                found[labels] = low if math.isinf(bound) else low + (bound - low) * inner
                break
            low, below = bound, count
    return found


def _combine(operator: str, left: Value, right: Value) -> Vector:
    if operator == "or":
        return {**_vector(right), **_vector(left)}
    pairs: dict[Labels, tuple[float, float]] = {}
    if isinstance(right, float):
        pairs = {labels: (value, right) for labels, value in _vector(left).items()}
    else:
        others = {_nameless(labels): value for labels, value in _vector(right).items()}
        for labels, value in _vector(left).items():
            if (other := others.get(_nameless(labels))) is not None:
                pairs[labels] = (value, other)
    comparisons: dict[str, Callable[[float, float], bool]] = {
        ">": lambda one, two: one > two,
        "==": lambda one, two: one == two,
    }
    if operator in comparisons:
        return {labels: one for labels, (one, two) in pairs.items() if comparisons[operator](one, two)}
    if operator == "/":
        return {_nameless(labels): one / two if two else math.nan for labels, (one, two) in pairs.items()}
    raise NotImplementedError(operator)


def _vector(value: Value) -> Vector:
    assert not isinstance(value, float)
    return value


def _nameless(labels: Labels) -> Labels:
    return frozenset(pair for pair in labels if pair[0] != "__name__")
