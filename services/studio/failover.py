"""One studio made of several, asked in order until one answers."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence

from services.errors import AllProvidersFailed, ProviderError, ProviderRejected, ProviderTimeout
from services.providers.circuit import Circuit, State
from services.providers.config import ProviderConfig
from services.providers.failover import REQUEST_AT_FAULT
from services.studio.base import ImageStudio, StudioReply, StudioRequest
from services.studio.local_editor import LocalEditor
from services.studio.navigation import navigation_reply

log = logging.getLogger(__name__)

Ask = Callable[[ImageStudio, StudioRequest], StudioReply]


def ask(studio: ImageStudio, request: StudioRequest) -> StudioReply:
    """What a studio makes."""
    return studio.create_or_edit(request)


class StudioFailover:
    """`ImageStudio` over an ordered list of others.

    A `ProviderError` sends the request on; a refusal and a reply in words are answers and do not. A studio that
    keeps failing is skipped for a while (`services.providers.circuit`), but asked before a request is given up.

    Args:
        studios: in the order they are asked; at least one, each under its own name.
        new_circuit: makes the circuit of one.
        ask: asks one of them.
    """

    def __init__(
        self, studios: Sequence[ImageStudio], new_circuit: Callable[[], Circuit] = Circuit, ask: Ask = ask
    ) -> None:
        if not studios:
            raise ValueError("no image provider to ask")
        self._ask = ask
        self._studios = tuple(studios)
        self._circuits: Mapping[str, Circuit] = {studio.name: new_circuit() for studio in studios}
        if len(self._circuits) != len(self._studios):
            raise ValueError("an image provider is listed twice")

    @property
    def name(self) -> str:
        """All names, in order; which one answered is in `StudioReply.provider`."""
        return ",".join(studio.name for studio in self._studios)

    @property
    def model(self) -> str:
        """Of the first one."""
        return self._studios[0].model

    def states(self) -> dict[str, State]:
        """The state of each one's circuit, for health and metrics."""
        return {name: circuit.state for name, circuit in self._circuits.items()}

    def create_or_edit(self, request: StudioRequest) -> StudioReply:
        """See `ImageStudio`. Raises AllProvidersFailed when every one failed."""
        if navigation := navigation_reply(request.prompt):
            return navigation  # no vendor is asked to undo what it did not keep
        causes: list[ProviderError] = []
        for studio in self._to_ask():
            circuit = self._circuits[studio.name]
            try:
                reply = self._ask(studio, request)
            except ProviderError as error:
                _settle(circuit, error)
                causes.append(error)
                log.warning("%s failed (%s), %d tried so far", studio.name, error.code, len(causes))
            except BaseException:
                circuit.abandoned()
                raise
            else:
                circuit.succeeded()
                return reply
        raise AllProvidersFailed(tuple(causes))

    def close(self) -> None:
        with contextlib.ExitStack() as stack:
            for studio in self._studios:
                stack.callback(studio.close)

    def _to_ask(self) -> Iterator[ImageStudio]:
        """Those whose circuit lets the call through, each decided when its turn comes, then the others."""
        skipped = []
        for studio in self._studios:
            if self._circuits[studio.name].admit():
                yield studio
            else:
                skipped.append(studio)
        yield from skipped


def _settle(circuit: Circuit, error: ProviderError) -> None:
    if isinstance(error, ProviderRejected) and error.status in REQUEST_AT_FAULT:
        circuit.abandoned()  # this says something of the request, not of the provider
        return
    circuit.failed(costly=isinstance(error, ProviderTimeout), wait=error.retry_after)


# Each SDK takes up to a second to import, so only those asked for are.
def _gemini(config: ProviderConfig) -> ImageStudio:
    from services.studio.gemini_studio import GeminiStudio

    return GeminiStudio(config)


def _openai(config: ProviderConfig) -> ImageStudio:
    from services.studio.openai_studio import OpenAIStudio

    return OpenAIStudio(config)


CLOUD: Mapping[str, Callable[[ProviderConfig], ImageStudio]] = {"gemini": _gemini, "openai": _openai}


def build(
    names: Sequence[str], config: Mapping[str, ProviderConfig], local: LocalEditor, ask: Ask = ask
) -> StudioFailover:
    """The studios of `names`, asked in that order.

    Args:
        names: as in `IMAGE_PROVIDER`; each `gemini`, `openai` or `local`.
        config: how to reach the cloud ones among them; `model` there is the one for pictures.
        ask: see `StudioFailover`.

    Raises:
        ValueError: a name is unknown or listed twice, there is none, or a vendor that wants a key has none.
    """
    studios: list[ImageStudio] = []
    for name in names:
        if name == "local":
            studios.append(local)
        elif name in CLOUD:
            studios.append(CLOUD[name](config.get(name, ProviderConfig())))
        else:
            raise ValueError(f"there is no image provider {name!r}; there are {', '.join([*CLOUD, 'local'])}")
    return StudioFailover(studios, ask=ask)
