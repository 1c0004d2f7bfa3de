"""One model made of several, asked in order until one answers."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import cast

from services.errors import AllProvidersFailed, ProviderError, ProviderRejected, ProviderTimeout
from services.providers.base import AnswerStarted, ChatModel, ChatRequest, ModelEvent
from services.providers.circuit import Circuit, State

log = logging.getLogger(__name__)

# Statuses that blame the request, not the provider: its form, its size, what it asks for.
REQUEST_AT_FAULT = frozenset({400, 413, 422})

Ask = Callable[[ChatModel, ChatRequest], Iterator[ModelEvent]]


def ask(model: ChatModel, request: ChatRequest) -> Iterator[ModelEvent]:
    """What a model answers."""
    return model.stream(request)


class Failover:
    """`ChatModel` over an ordered list of others.

    Until the first token, any `ProviderError` sends the request on to the next one; after it, the error goes to the
    caller, as half an answer cannot be taken back. A wrong key or model (401, 403, 404) goes on too, and so does a
    request that a vendor calls wrong (400, 413, 422): what is too large, too long or of the wrong kind for one
    may suit the next, and `local` takes anything. Only the latter says nothing of the provider, so its circuit is
    left as it is.

    A provider that timed out once, or failed some times in a row, is skipped for a while and then probed by one
    request, so a sick one costs its timeout once, not once a request. Those skipped are still asked before a request
    is given up: it never fails with a provider untried.

    Args:
        models: in the order they are asked; at least one, each under its own name.
        new_circuit: makes the circuit of one provider.
        ask: asks one of them; every call of a model passes through it.
    """

    def __init__(
        self, models: Sequence[ChatModel], new_circuit: Callable[[], Circuit] = Circuit, ask: Ask = ask
    ) -> None:
        if not models:
            raise ValueError("no provider to ask")
        self._ask = ask
        self._models = tuple(models)
        self._circuits: Mapping[str, Circuit] = {model.name: new_circuit() for model in models}
        if len(self._circuits) != len(self._models):
            raise ValueError("a provider is listed twice")

    @property
    def name(self) -> str:
        """All names, in order; which one answered is in `AnswerStarted`."""
        return ",".join(model.name for model in self._models)

    @property
    def model(self) -> str:
        """Of the first one."""
        return self._models[0].model

    @property
    def context_tokens(self) -> int:
        """Of the smallest, so that whichever answers takes the conversation in."""
        return min(model.context_tokens for model in self._models)

    @property
    def models(self) -> tuple[ChatModel, ...]:
        """In the order they are asked."""
        return self._models

    def states(self) -> dict[str, State]:
        """The state of each provider's circuit, for health and metrics."""
        return {name: circuit.state for name, circuit in self._circuits.items()}

    def stream(self, request: ChatRequest) -> Iterator[ModelEvent]:
        """See `ChatModel.stream`; `AnswerStarted` comes with the first token.

        Raises:
            AllProvidersFailed: no provider came to its first token.
            ProviderError: the one that answered broke off later.
        """
        causes: list[ProviderError] = []
        for model in self._to_ask():
            try:
                yield from self._answer_of(model, request)
            except _NotBegun as failure:
                causes.append(failure.error)
                log.warning("%s failed (%s), %d tried so far", model.name, failure.error.code, len(causes))
            else:
                return
        raise AllProvidersFailed(tuple(causes))

    def close(self) -> None:
        with contextlib.ExitStack() as stack:
            for model in self._models:
                stack.callback(model.close)

    def _to_ask(self) -> Iterator[ChatModel]:
        """The providers whose circuit lets the call through, each decided when its turn comes, then the others."""
        skipped = []
        for model in self._models:
            if self._circuits[model.name].admit():
                yield model
            else:
                skipped.append(model)
        yield from skipped

    def _answer_of(self, model: ChatModel, request: ChatRequest) -> Iterator[ModelEvent]:
        circuit = self._circuits[model.name]
        settled = begun = False
        events = cast("Generator[ModelEvent]", self._ask(model, request))
        try:
            with contextlib.closing(events):
                started: AnswerStarted | None = None
                for event in events:
                    if isinstance(event, AnswerStarted):
                        started = event
                        continue
                    if not begun:
                        circuit.succeeded()
                        settled = begun = True
                        yield started or AnswerStarted(model.name, model.model)
                    yield event
        except ProviderError as error:
            settled = self._settle(circuit, error)
            if begun:
                raise
            raise _NotBegun(error) from None
        finally:
            if not settled:
                circuit.abandoned()

    @staticmethod
    def _settle(circuit: Circuit, error: ProviderError) -> bool:
        """Tell the circuit of an error; whether it says anything of the provider."""
        if isinstance(error, ProviderRejected) and error.status in REQUEST_AT_FAULT:
            return False
        circuit.failed(costly=isinstance(error, ProviderTimeout), wait=error.retry_after)
        return True


class _NotBegun(Exception):
    """A provider failed before its first token."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__(error.message)
        self.error = error
