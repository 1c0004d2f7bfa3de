"""The providers by name, and the one model made of those that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from services.providers.base import ChatModel
from services.providers.config import ProviderConfig
from services.providers.failover import Ask, Failover, ask

Factory = Callable[[ProviderConfig], ChatModel]


# Each SDK takes up to a second to import, so only those asked for are.
def _openai(config: ProviderConfig) -> ChatModel:
    from services.providers.openai_chat import OpenAIChat

    return OpenAIChat(config)


def _gemini(config: ProviderConfig) -> ChatModel:
    from services.providers.gemini_chat import GeminiChat

    return GeminiChat(config)


def _anthropic(config: ProviderConfig) -> ChatModel:
    from services.providers.anthropic_chat import AnthropicChat

    return AnthropicChat(config)


CLOUD: Mapping[str, Factory] = {"openai": _openai, "gemini": _gemini, "anthropic": _anthropic}


def load(names: Sequence[str]) -> None:
    """Import the SDKs of those of `names` that have one, for the processes that begin afterwards to share."""
    for name in CLOUD.keys() & set(names):
        import_module(f"{__package__}.{name}_chat")


def build(
    names: Sequence[str], config: Mapping[str, ProviderConfig], others: Mapping[str, ChatModel], ask: Ask = ask
) -> Failover:
    """The providers of `names`, asked in that order.

    Args:
        names: as in `VISION_PROVIDER`; each one of `CLOUD` or of `others`.
        config: how to reach the cloud providers among them; one that is missing has its defaults.
        others: models made elsewhere, by name: the local one, which needs no address but its eyes.
        ask: see `Failover`.

    Raises:
        ValueError: a name is not known or listed twice, there is none, or a vendor that wants a key has none.
    """
    models: list[ChatModel] = []
    for name in names:
        if name in others:
            models.append(others[name])
        elif name in CLOUD:
            models.append(CLOUD[name](config.get(name, ProviderConfig())))
        else:
            raise ValueError(f"there is no provider {name!r}; there are {', '.join([*CLOUD, *others])}")
    return Failover(models, ask=ask)
