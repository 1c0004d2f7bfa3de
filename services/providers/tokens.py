"""How many tokens a text is, where the vendor does not say, and how many a model takes in.

An estimate, not a count: tiktoken fetches its encodings over the network at first use, and they are OpenAI's alone.
"""

from __future__ import annotations

import math

from services.content import ImagePart, Message, TextPart, ToolCall, ToolResult, Usage
from services.providers.base import ChatRequest
from services.providers.conversation import result_text

# "One token is about 4 characters of English" (OpenAI, Google and Anthropic say the same); by UTF-8 bytes it holds
# for Devanagari too, whose characters take 3 bytes and 0.5 to 1 token.
BYTES_A_TOKEN = 4
# OpenAI's price of 1024 by 1024 pixels in high detail (85 + 4 tiles of 170); others ask 258 to 1,600.
TOKENS_AN_IMAGE = {"high": 765, "low": 85}
TOKENS_A_MESSAGE = 4

# Tokens of conversation and answer together, by the longest prefix of the model's name. From the vendors' model pages.
CONTEXT_TOKENS = {
    "gpt-3.5": 16_385,
    "gpt-4": 8_192,
    "gpt-4-turbo": 128_000,
    "gpt-4o": 128_000,
    "gpt-4.1": 1_047_576,
    "gpt-5": 400_000,
    "gpt-6": 400_000,
    "o1": 200_000,
    "o3": 200_000,
    "o4": 200_000,
    "gemini": 1_048_576,
    "claude": 200_000,
}
# A server of one's own says nothing of its window, and Ollama cuts what is over it without a word.
UNKNOWN_CONTEXT_TOKENS = 8_192


def context_tokens(model: str) -> int:
    """The window of `model`, a modest one if its name is not known."""
    known = [prefix for prefix in CONTEXT_TOKENS if model.startswith(prefix)]
    return CONTEXT_TOKENS[max(known, key=len)] if known else UNKNOWN_CONTEXT_TOKENS


def estimate(text: str) -> int:
    """About how many tokens `text` is; 0 for none."""
    return math.ceil(len(text.encode()) / BYTES_A_TOKEN)


def estimate_message(message: Message) -> int:
    """About how many tokens a message takes in a request, pictures and tools included."""
    total = TOKENS_A_MESSAGE
    for part in message.parts:
        match part:
            case TextPart(text):
                total += estimate(text)
            case ImagePart(detail=detail):
                total += TOKENS_AN_IMAGE[detail]
            case ToolCall(name=name, arguments=arguments):
                total += estimate(name) + estimate(str(arguments))
            case ToolResult():
                total += estimate(result_text(part))
    return total


def estimated_usage(request: ChatRequest, answer: str) -> Usage:
    """Usage of an answer whose vendor reported none; marked as an estimate."""
    tools = sum(estimate(f"{tool.name}{tool.description}{tool.parameters}") for tool in request.tools)
    prompt = tools + sum(estimate_message(message) for message in request.messages)
    return Usage(prompt, estimate(answer), estimated=True)
