"""What becomes of a vendor's answer: tool calls, finish reasons, usage."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from anthropic.types import StopReason
from google.genai import types
from openai.types.chat.chat_completion_chunk import Choice

from services.content import FinishReason, ToolCall, ToolSpec, user
from services.providers import anthropic_chat, gemini_chat, openai_chat
from services.providers.base import AnswerDone, ChatModel, ChatRequest, ModelEvent, TextDelta
from tests.mock.aimock import Aimock
from tests.providers.conftest import Connect, Serve
from tests.providers.rawserver import streamed
from tests.providers.vendors import ANTHROPIC, GEMINI, OPENAI, Vendor, sse

LOOK = ToolSpec("look", "Look at a part of the picture.", {"type": "object"})
REQUEST = ChatRequest((user("What is in the picture?"),), tools=(LOOK,))
# aimock ends Gemini's tool calls with a reason of its own, where Gemini says STOP; the SDK warns of it.
AIMOCKS_REASON = "ignore:FUNCTION_CALL is not a valid FinishReason:UserWarning"


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def calls_of(events: list[ModelEvent]) -> list[ToolCall]:
    return [event for event in events if isinstance(event, ToolCall)]


def answer(serve: Serve, vendor: Vendor, *events: bytes) -> list[ModelEvent]:
    """What the adapter makes of a stream."""
    model = vendor.at(serve([streamed(*events)]).url)
    try:
        return list(model.stream(REQUEST))
    finally:
        model.close()


@pytest.mark.filterwarnings(AIMOCKS_REASON)
def test_tool_calls_come_whole(aimock: Aimock, cloud: ChatModel) -> None:
    arguments = {"place": "top left", "pixels": [1, 2, {"deep": "नमस्ते"}], "none": None}
    wanted = [{"name": "look", "arguments": arguments}, {"name": "look", "arguments": {}}]
    aimock.answer({"content": "Let me see.", "toolCalls": wanted}, chunkSize=3)
    events = list(cloud.stream(REQUEST))
    assert text_of(events) == "Let me see."
    first, second = calls_of(events)
    assert (first.name, first.arguments, first.broken) == ("look", arguments, None)
    assert second.arguments == {}
    assert first.id
    assert first.id != second.id
    assert isinstance(events[-1], AnswerDone)
    assert events[-1].finish_reason == "tool_calls"


NAMED = {
    "openai": [sse({"id": "answer-1", "model": "made-by", "choices": []}), OPENAI.text("A cat."), OPENAI.finish],
    "gemini": [
        sse({"responseId": "answer-1", "modelVersion": "made-by", "candidates": [{"finishReason": "STOP"}]}),
    ],
    "anthropic": [
        sse({"type": "message_start", "message": {"id": "answer-1", "model": "made-by"}}),
        sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}}),
        sse({"type": "message_stop"}),
    ],
}


@pytest.mark.parametrize("vendor", [OPENAI, GEMINI, ANTHROPIC], ids=lambda vendor: vendor.name)
def test_what_a_vendor_calls_its_answer(serve: Serve, vendor: Vendor) -> None:
    done = answer(serve, vendor, *NAMED[vendor.name])[-1]
    assert isinstance(done, AnswerDone)
    assert (done.response_id, done.response_model) == ("answer-1", "made-by")
    done = answer(serve, vendor, vendor.text("A cat."), vendor.finish)[-1]
    assert isinstance(done, AnswerDone)
    assert not done.response_id


def openai_call(**fragment: Any) -> bytes:
    return sse({"choices": [{"index": 0, "delta": {"tool_calls": [fragment]}}]})


def test_a_models_broken_arguments_are_kept(serve: Serve) -> None:
    call = openai_call(index=0, id="c1", function={"name": "look", "arguments": '{"place": '})
    events = answer(serve, OPENAI, call, OPENAI.finish)
    assert calls_of(events) == [ToolCall("c1", "look", {}, broken='{"place": ')]


def test_fragments_of_calls_that_alternate(serve: Serve) -> None:
    events = answer(
        serve,
        OPENAI,
        openai_call(index=0, id="a", function={"name": "look", "arguments": '{"x"'}),
        openai_call(index=1, id="b", function={"name": "look", "arguments": '{"y"'}),
        openai_call(index=0, function={"arguments": ": 1}"}),
        openai_call(index=1, function={"arguments": ": 2}"}),
        OPENAI.finish,
    )
    assert calls_of(events) == [ToolCall("a", "look", {"x": 1}), ToolCall("b", "look", {"y": 2})]


def test_calls_of_servers_that_leave_the_index_out(serve: Serve) -> None:
    events = answer(
        serve,
        OPENAI,
        openai_call(id="a", function={"name": "look", "arguments": '{"x": '}),
        openai_call(function={"arguments": "1}"}),
        openai_call(id="b", function={"name": "look", "arguments": {"y": 2}}),
        OPENAI.finish,
    )
    assert calls_of(events) == [ToolCall("a", "look", {"x": 1}), ToolCall("b", "look", {"y": 2})]


def test_a_call_cut_by_the_token_limit_is_no_call(serve: Serve) -> None:
    start = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "tool_use", "id": "a", "name": "look"},
    }
    part = {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"x'}}
    end = {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 3}}
    events = answer(serve, ANTHROPIC, sse(start), sse(part), sse(end), sse({"type": "message_stop"}))
    assert calls_of(events) == []
    assert isinstance(events[-1], AnswerDone)
    assert events[-1].finish_reason == "length"


def test_geminis_signature_is_kept_for_it(serve: Serve) -> None:
    part = {"functionCall": {"name": "look", "args": {"x": 1}}, "thoughtSignature": "YSB0aG91Z2h0"}
    chunk = sse({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}]})
    events = answer(serve, GEMINI, chunk)
    (call,) = calls_of(events)
    assert call.vendor_state == "YSB0aG91Z2h0"
    assert isinstance(events[-1], AnswerDone)
    assert events[-1].finish_reason == "tool_calls"


def test_thinking_is_no_answer(serve: Serve) -> None:
    thought = {"text": "Hmm.", "thought": True}
    chunk = sse({"candidates": [{"content": {"role": "model", "parts": [thought, {"text": "Yes."}]}}]})
    assert text_of(answer(serve, GEMINI, chunk, GEMINI.finish)) == "Yes."
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hmm."}}
    assert text_of(answer(serve, ANTHROPIC, sse(delta), ANTHROPIC.text("Yes."), ANTHROPIC.finish)) == "Yes."
    reasoning = sse({"choices": [{"index": 0, "delta": {"reasoning_content": "Hmm.", "content": None}}]})
    assert text_of(answer(serve, OPENAI, reasoning, OPENAI.text("Yes."), OPENAI.finish)) == "Yes."


def test_every_reason_an_sdk_knows_has_one_of_ours() -> None:
    known = {value for field in get_args(Choice.model_fields["finish_reason"].annotation) for value in get_args(field)}
    assert known <= openai_chat.FINISH_REASONS.keys()
    assert set(get_args(StopReason)) <= anthropic_chat.FINISH_REASONS.keys()
    assert set(types.FinishReason) <= gemini_chat.FINISH_REASONS.keys()


@pytest.mark.parametrize(
    ("vendor", "theirs", "ours"),
    [
        (OPENAI, "stop", "stop"),
        (OPENAI, "length", "length"),
        (OPENAI, "content_filter", "content_filter"),
        (OPENAI, "a new one", "stop"),
        (ANTHROPIC, "end_turn", "stop"),
        (ANTHROPIC, "max_tokens", "length"),
        (ANTHROPIC, "refusal", "content_filter"),
        (ANTHROPIC, "a new one", "stop"),
        (GEMINI, "STOP", "stop"),
        (GEMINI, "MAX_TOKENS", "length"),
        (GEMINI, "SAFETY", "content_filter"),
        (GEMINI, "MALFORMED_FUNCTION_CALL", "error"),
    ],
)
def test_finish_reasons(serve: Serve, vendor: Vendor, theirs: str, ours: FinishReason) -> None:
    finish = {
        "openai": {"choices": [{"index": 0, "delta": {}, "finish_reason": theirs}]},
        "anthropic": {"type": "message_delta", "delta": {"stop_reason": theirs}, "usage": {"output_tokens": 3}},
        "gemini": {"candidates": [{"finishReason": theirs}]},
    }[vendor.name]
    events = answer(serve, vendor, vendor.text("Yes"), sse(finish))
    assert isinstance(events[-1], AnswerDone)
    assert events[-1].finish_reason == ours


def test_a_refusal_is_an_answer_that_was_filtered(serve: Serve) -> None:
    refusal = sse({"choices": [{"index": 0, "delta": {"refusal": "I cannot."}}]})
    events = answer(serve, OPENAI, refusal, OPENAI.finish)
    assert text_of(events) == "I cannot."
    assert isinstance(events[-1], AnswerDone)
    assert events[-1].finish_reason == "content_filter"


def test_a_blocked_prompt_is_filtered_too(serve: Serve) -> None:
    events = answer(serve, GEMINI, sse({"promptFeedback": {"blockReason": "SAFETY"}}))
    assert isinstance(events[-1], AnswerDone)
    assert events[-1].finish_reason == "content_filter"


def test_usage_is_the_vendors(vendor: Vendor, serve: Serve) -> None:
    done = answer(serve, vendor, vendor.text("Yes."), vendor.finish)[-1]
    assert isinstance(done, AnswerDone)
    assert (done.usage.prompt_tokens, done.usage.completion_tokens, done.usage.estimated) == (9, 3, False)


def test_usage_is_estimated_where_the_vendor_is_silent(serve: Serve, vendor: Vendor) -> None:
    finish = {
        "openai": {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        "anthropic": {"type": "message_stop"},
        "gemini": {"candidates": [{"finishReason": "STOP"}]},
    }[vendor.name]
    done = answer(serve, vendor, vendor.text("Four words of answer."), sse(finish))[-1]
    assert isinstance(done, AnswerDone)
    assert done.usage.estimated
    assert 4 <= done.usage.completion_tokens <= 8
    assert done.usage.prompt_tokens > 5


def test_caches_count_as_prompt(serve: Serve) -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "output_tokens": 1}
    start = sse({"type": "message_start", "message": {"usage": usage}})
    done = answer(serve, ANTHROPIC, start, ANTHROPIC.text("Yes."), sse({"type": "message_stop"}))[-1]
    assert isinstance(done, AnswerDone)
    assert done.usage.prompt_tokens == 125


def test_a_stream_in_windows_lines_and_small_pieces(serve: Serve, vendor: Vendor, connect: Connect) -> None:
    stream = (vendor.text("A ") + b": comment\n" + vendor.text("cat.") + vendor.finish).replace(b"\n", b"\r\n")
    if vendor.name == "gemini":
        stream = stream.replace(b": comment\r\n", b"")
    pieces = [stream[start : start + 7] for start in range(0, len(stream), 7)]
    events = list(connect(serve([streamed(*pieces)]).url).stream(REQUEST))
    assert text_of(events) == "A cat."


def test_content_as_a_list_of_items(serve: Serve) -> None:
    content = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Yes."}]
    events = answer(serve, OPENAI, sse({"choices": [{"index": 0, "delta": {"content": content}}]}), OPENAI.finish)
    assert text_of(events) == "Yes."


def test_an_answer_without_done_but_with_its_reason_is_whole(serve: Serve) -> None:
    end = json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}).encode()
    events = answer(serve, OPENAI, OPENAI.text("Yes."), b"data: " + end)
    assert isinstance(events[-1], AnswerDone)
