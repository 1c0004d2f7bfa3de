"""One recogniser made of several, and one voice, asked in order until one answers."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from services.content import Language
from services.errors import AllProvidersFailed, InvalidInput, ProviderError, ProviderRejected, ProviderTimeout
from services.providers.circuit import Circuit, State
from services.providers.failover import REQUEST_AT_FAULT
from services.speech.base import Audio, LanguageNotHeard, SpeechToText, TextToSpeech, Transcript, Voice

log = logging.getLogger(__name__)


class _Service(Protocol):
    @property
    def name(self) -> str: ...
    def probe(self) -> None: ...
    def close(self) -> None: ...


_S = TypeVar("_S", bound=_Service)
_T = TypeVar("_T")


class _Line(Generic[_S]):
    """Services in the order they are asked, each with its circuit."""

    def __init__(self, services: Sequence[_S], new_circuit: Callable[[], Circuit]) -> None:
        if not services:
            raise ValueError("no provider to ask")
        self._services = tuple(services)
        self._circuits: Mapping[str, Circuit] = {service.name: new_circuit() for service in services}
        if len(self._circuits) != len(self._services):
            raise ValueError("a provider is listed twice")

    @property
    def name(self) -> str:
        return ",".join(service.name for service in self._services)

    def states(self) -> dict[str, State]:
        return {name: circuit.state for name, circuit in self._circuits.items()}

    def ask(self, call: Callable[[_S], _T]) -> _T:
        causes: list[ProviderError] = []
        for service in self._to_ask():
            try:
                return self._guarded(service, call)
            except ProviderError as error:
                causes.append(error)
                log.warning("%s failed (%s), %d tried so far", service.name, error.code, len(causes))
        raise AllProvidersFailed(tuple(causes))

    def probe(self) -> None:
        causes: list[ProviderError] = []
        for service in self._services:
            try:
                service.probe()
            except ProviderError as error:
                causes.append(error)
            else:
                return
        raise AllProvidersFailed(tuple(causes))

    def close(self) -> None:
        with contextlib.ExitStack() as stack:
            for service in self._services:
                stack.callback(service.close)

    def _to_ask(self) -> Iterator[_S]:
        skipped = []
        for service in self._services:
            if self._circuits[service.name].admit():
                yield service
            else:
                skipped.append(service)
        yield from skipped

    def _guarded(self, service: _S, call: Callable[[_S], _T]) -> _T:
        circuit = self._circuits[service.name]
        try:
            answer = call(service)
        except InvalidInput:  # silence, or nothing to speak: the service works, and found that out
            circuit.succeeded()
            raise
        except ProviderError as error:
            if _blames_request(error):
                circuit.abandoned()
            else:
                circuit.failed(costly=isinstance(error, ProviderTimeout), wait=error.retry_after)
            raise
        except BaseException:
            circuit.abandoned()
            raise
        circuit.succeeded()
        return answer


def _blames_request(error: ProviderError) -> bool:
    return isinstance(error, LanguageNotHeard) or (
        isinstance(error, ProviderRejected) and error.status in REQUEST_AT_FAULT
    )


class SpeechToTextFailover:
    """`SpeechToText` over an ordered list of others.

    A `ProviderError` sends the recording on to the next one. `SpeechNotUnderstood` ends it: who heard only silence
    has done its work. One that timed out once, or failed some times in a row, is skipped for a while, so that it
    costs its timeout once, not once a request; those skipped are asked last, before a request is given up.

    Args:
        services: in the order they are asked; at least one, each under its own name.
        new_circuit: makes the circuit of one.
    """

    def __init__(self, services: Sequence[SpeechToText], new_circuit: Callable[[], Circuit] = Circuit) -> None:
        self._line = _Line(services, new_circuit)

    @property
    def name(self) -> str:
        """All names, in order; who heard is in `Transcript.provider`."""
        return self._line.name

    def states(self) -> dict[str, State]:
        """The state of each one's circuit, for health and metrics."""
        return self._line.states()

    def transcribe(self, audio: Audio, languages: Sequence[Language]) -> Transcript:
        """See `SpeechToText.transcribe`; raises `AllProvidersFailed` where each failed."""
        return self._line.ask(lambda service: service.transcribe(audio, languages))

    def probe(self) -> None:
        """Pass when one of them could work; raises `AllProvidersFailed` where none could."""
        self._line.probe()

    def close(self) -> None:
        self._line.close()


class TextToSpeechFailover:
    """`TextToSpeech` over an ordered list of others, as `SpeechToTextFailover` is.

    Args:
        services: in the order they are asked; at least one, each under its own name.
        new_circuit: makes the circuit of one.
    """

    def __init__(self, services: Sequence[TextToSpeech], new_circuit: Callable[[], Circuit] = Circuit) -> None:
        self._line = _Line(services, new_circuit)

    @property
    def name(self) -> str:
        """All names, in order."""
        return self._line.name

    def states(self) -> dict[str, State]:
        """The state of each one's circuit, for health and metrics."""
        return self._line.states()

    def speak(self, text: str, language: Language, voice: Voice = "default") -> bytes:
        """See `TextToSpeech.speak`; raises `AllProvidersFailed` where each failed."""
        return self._line.ask(lambda service: service.speak(text, language, voice))

    def probe(self) -> None:
        """Pass when one of them could work; raises `AllProvidersFailed` where none could."""
        self._line.probe()

    def close(self) -> None:
        self._line.close()
