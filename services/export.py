"""A session as a file: Markdown to read, JSON to read back, plain text."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from models.chats import Conversation, Message
from services.agent.citations import resolved
from services.agent.evidence import ResultSet

Format = Literal["json", "markdown", "text"]
MIME: Mapping[Format, str] = {"json": "application/json", "markdown": "text/markdown", "text": "text/plain"}
SUFFIX: Mapping[Format, str] = {"json": "json", "markdown": "md", "text": "txt"}
# What CommonMark (https://spec.commonmark.org/0.31.2/) takes for markup: at the beginning of a line, and within one.
# A `_` between two letters is none.
BLOCK = re.compile(r"^(#{1,6}(?=\s|$)|>|[-+](?=\s|$)|=+(?=\s*$)|-+(?=\s*$))", re.MULTILINE)
NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)", re.MULTILINE)
INLINE = re.compile(r"[\\`*\[\]<&|~]|(?<!\w)_|_(?!\w)")
TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


def export(
    session: Conversation, messages: Sequence[Message], kind: Format, image_ids: Sequence[str], *, metadata: bool
) -> str:
    """The session as the text of a file.

    Args:
        image_ids: the pictures selected in it.
        metadata: tell of providers, models, tokens, times and pictures as well.
    """
    render: Mapping[Format, Callable[[], str]] = {
        "json": lambda: _json(session, messages, image_ids, metadata=metadata),
        "markdown": lambda: _markdown(session, messages, image_ids, metadata=metadata),
        "text": lambda: _text(session, messages, image_ids, metadata=metadata),
    }
    return render[kind]()


def filename(session: Conversation, kind: Format) -> str:
    """A name that is safe on every system, recognisable by the session's title."""
    plain = unicodedata.normalize("NFKC", session.title)
    # A vowel sign or an accent is no letter by itself, and none goes on without one.
    kept = "".join(one if unicodedata.category(one)[0] in "LMN" or one in "_.-" else "-" for one in plain)
    safe = re.sub(r"-+", "-", kept).strip("-.")[:80]
    return f"chat-{safe or 'session'}.{SUFFIX[kind]}"


def _json(session: Conversation, messages: Sequence[Message], image_ids: Sequence[str], *, metadata: bool) -> str:
    exported: dict[str, Any] = {
        "session_id": session.id,
        "title": session.title,
        "created_at": _iso(session.created_at),
        "messages": [
            {
                "id": message.id,
                "role": message.role,
                "content": message.content,
                "resolved_content": _resolved(message),
                "created_at": _iso(message.created_at),
            }
            | ({"status": message.status, **_facts(message)} if metadata else {})
            for message in messages
        ],
        "metadata": _about(session, image_ids) if metadata else {},
    }
    return json.dumps(exported, ensure_ascii=False, indent=2) + "\n"


def _markdown(session: Conversation, messages: Sequence[Message], image_ids: Sequence[str], *, metadata: bool) -> str:
    parts = [f"# Chat Session: {literal(_one_line(session.title))}"]
    if metadata:
        parts.append("\n".join(f"- {name}: {value}" for name, value in _in_words(_about(session, image_ids))))
    for message in messages:
        parts.append(f"## {message.role.capitalize()}")
        # An assistant writes Markdown; what a user typed is to be read as it was typed.
        assistant = message.role == "assistant"
        parts.append(_resolved(message, literal) if assistant else literal(message.content))
        if metadata:
            parts.append("_" + " · ".join(f"{name}: {value}" for name, value in _in_words(_facts(message))) + "_")
    return "\n\n".join(parts) + "\n"


def _text(session: Conversation, messages: Sequence[Message], image_ids: Sequence[str], *, metadata: bool) -> str:
    parts = [f"Chat Session: {_one_line(session.title)}"]
    if metadata:
        parts.append("\n".join(f"{name}: {value}" for name, value in _in_words(_about(session, image_ids))))
    for message in messages:
        lines = f"{message.role.capitalize()}:\n{_resolved(message)}"
        if metadata:
            lines += "\n(" + "; ".join(f"{name}: {value}" for name, value in _in_words(_facts(message))) + ")"
        parts.append(lines)
    return "\n\n".join(parts) + "\n"


def _about(session: Conversation, image_ids: Sequence[str]) -> dict[str, Any]:
    return {
        "created_at": _iso(session.created_at),
        "updated_at": _iso(session.updated_at),
        "is_active": session.is_active,
        "total_messages": session.total_messages,
        "total_tokens": session.total_tokens,
        "use_all_images": session.use_all_images,
        "image_ids": list(image_ids),
    }


def _facts(message: Message) -> dict[str, Any]:
    facts: dict[str, Any] = {"created_at": _iso(message.created_at)}
    if message.role == "assistant":
        facts |= {
            "provider": message.provider,
            "model": message.model,
            "token_count": message.completion_tokens,
            "prompt_tokens": message.prompt_tokens,
            "tokens_estimated": message.tokens_estimated,
            "processing_time_ms": message.processing_time_ms,
            "image_ids": [used["image_id"] for used in (message.details or {}).get("image_context", [])],
        }
    return facts


def _resolved(message: Message, spell: Callable[[str], str] = str) -> str:
    """What was said, its citations in words: a file has nothing that would make links of them."""
    if message.role != "assistant":
        return message.content
    stored = (message.details or {}).get("result_refs") or {}
    refs = {key: ResultSet(one["type"], tuple(one["ids"]), one["label"]) for key, one in stored.items()}
    return resolved(message.content, refs, spell)


def _in_words(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Facts for people to read: yes and no, lists with commas, what is not known left out."""
    for name, value in facts.items():
        match value:
            case None | []:
                continue
            case bool():
                yield name, "yes" if value else "no"
            case list():
                yield name, ", ".join(value)
            case _:
                yield name, str(value)


def literal(text: str) -> str:
    """Text that Markdown shows as it was typed, line by line."""
    escaped = INLINE.sub(lambda found: "\\" + found[0], TRAILING.sub("", text).strip("\n"))
    # Indentation would make code of it; a no-break space is none.
    escaped = INDENT.sub(lambda found: "\u00a0" * len(found[0].expandtabs(4)), escaped)
    escaped = NUMBERED.sub(r"\1\\\2", BLOCK.sub(r"\\\1", escaped))
    # A backslash at the end of a line keeps the line break.
    return re.sub(r"(?<=[^\n])\n(?=[^\n])", r"\\\n", escaped)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
