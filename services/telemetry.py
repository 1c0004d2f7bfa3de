"""What models, agents and tools do, told to an OpenTelemetry collector in the names of its GenAI conventions
(https://github.com/open-telemetry/semantic-conventions-genai). Nothing of what is asked, shown or answered is told.

Imported only where a collector is set. Each method stands around a call that is made elsewhere; without a collector
the call is made without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from types import TracebackType
from typing import Any, Literal, TypeVar, cast

import httpx2
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS, SERVER_PORT
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.agent.tool import Outcome, Tool, run_tool
from services.collector import NAME, Collector
from services.content import ToolCall, ToolResult, Usage
from services.errors import AssistantError, ProviderError
from services.events import LoopDone, LoopEvent
from services.meaning.base import Embedded
from services.providers.base import AnswerDone, AnswerStarted, ChatModel, ChatRequest, ModelEvent
from services.question import Question
from services.studio.base import ImageStudio, StudioReply, StudioRequest

Attributes = dict[str, Any]
Operation = Literal["chat", "embeddings", "generate_content", "invoke_agent", "execute_tool"]
Item = TypeVar("Item")

PROVIDERS = {"gemini": "gcp.gemini"}
"""Providers the conventions know by another name."""
TRACEPARENT = TraceContextTextMapPropagator()

_CALL = context.create_key("call")
_CONVERSATION = context.create_key("conversation")


class Telemetry:
    """Tells the collector of calls. Thread-safe."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.stop = collector.stop

    def chat(self, model: ChatModel, request: ChatRequest) -> Iterator[ModelEvent]:
        """`model.stream(request)` in a span of its own."""
        wished = {
            "gen_ai.request.stream": True,
            "gen_ai.request.max_tokens": request.max_tokens,
            "gen_ai.request.temperature": request.temperature,
            "gen_ai.request.top_p": request.options.top_p,
            "gen_ai.request.seed": request.options.seed,
            "gen_ai.request.presence_penalty": request.options.presence_penalty,
            "gen_ai.request.frequency_penalty": request.options.frequency_penalty,
            "gen_ai.output.type": "json" if request.options.response_format else None,
        }
        with _Call(self.collector, "chat", model.name, model.model, wished) as call:
            for event in call.each(lambda: model.stream(request)):
                if not call.begun and type(event) is not AnswerStarted:
                    call.began_to_answer()
                if type(event) is AnswerDone:
                    call.used(event.usage)
                    call.told(event.response_id, event.response_model, event.finish_reason)
                yield event

    def embeddings(self, provider: str, model: str, dimensions: int, make: Callable[[], Embedded]) -> Embedded:
        """`make()` in a span of its own."""
        with _Call(
            self.collector, "embeddings", provider, model, {"gen_ai.embeddings.dimension.count": dimensions}
        ) as call:
            made = call.once(make)
            if made.tokens is not None:
                call.used(Usage(made.tokens, 0), "input")
            return made

    def picture(self, studio: ImageStudio, request: StudioRequest) -> StudioReply:
        """`studio.create_or_edit(request)` in a span of its own."""
        wished = {"gen_ai.output.type": "image"}
        with _Call(self.collector, "generate_content", studio.name, studio.model, wished) as call:
            reply = call.once(lambda: studio.create_or_edit(request))
            call.used(reply.usage)
            call.told(None, None, reply.finish_reason)
            return reply

    def step(self, tool: str, agent: str, conversation_id: str, take: Callable[[], Item]) -> Item:
        """`take()`, a step of a plan, in a span of its own."""
        told = {"gen_ai.tool.name": tool, "gen_ai.tool.type": "function", "gen_ai.agent.name": agent}
        told["gen_ai.conversation.id"] = conversation_id
        with _Call(self.collector, "execute_tool", None, tool, told) as call:
            return call.once(take)

    def turn(self, question: Question) -> TurnWatch:
        """Looks on while a turn is made; called where the turn is begun, whose span is the parent."""
        return TurnWatch(self.collector, question)

    def outgoing(self, request: httpx2.Request) -> None:
        """Tell a vendor which trace its call belongs to, and the trace where the vendor is."""
        TRACEPARENT.inject(request.headers)
        call = context.get_value(_CALL)
        if isinstance(call, _Call):
            call.goes_to(request.url)


class TurnWatch:
    """One turn: of agents it is a span with their tools below it, else its calls belong to whoever asked."""

    def __init__(self, collector: Collector, question: Question) -> None:
        self.collector = collector
        self._parent = context.set_value(_CONVERSATION, question.conversation_id)
        self._of_agents = any(tool.agent for tool in question.tools.values())
        self._context = self._parent

    def events(self, answer: Callable[[], Iterator[LoopEvent]]) -> Iterator[LoopEvent]:
        """What `answer()` yields."""
        if not self._of_agents:
            yield from _each(answer, self._parent)
            return
        with _Call(
            self.collector, "invoke_agent", None, NAME, {"gen_ai.agent.name": NAME}, parent=self._parent
        ) as call:
            self._context = call.context
            for event in call.each(answer):
                if type(event) is LoopDone:
                    call.used(event.usage)
                    call.told(None, None, event.finish_reason)
                yield event

    def tool(self, tool: Tool, asked: ToolCall) -> tuple[ToolResult, Outcome]:
        """`run_tool(tool, asked)`, in whichever thread."""
        told = {
            "gen_ai.tool.name": tool.spec.name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": asked.id,
            "gen_ai.agent.name": tool.agent,
        }
        with _Call(self.collector, "execute_tool", None, tool.spec.name, told, parent=self._context) as call:
            result, outcome = call.once(lambda: run_tool(tool, asked))
            if result.failed:
                call.failed("tool_failed")
            return result, outcome


class _Call:
    """An operation under way, ended by the block it manages: its span, and the figures of what a model was asked.

    Args:
        provider: whose model is called; None where an agent or a tool is.
        target: the model, agent or tool.
        attributes: of the span; those that are None are left out.
        parent: what it is part of, where that is not the thread's own.
    """

    def __init__(
        self,
        collector: Collector,
        operation: Operation,
        provider: str | None,
        target: str,
        attributes: Attributes,
        *,
        parent: Context | None = None,
    ) -> None:
        self.collector = collector
        self.begun = False
        self.of_model = provider is not None
        self.shared: Attributes = {"gen_ai.operation.name": operation}
        if provider is not None:
            self.shared |= {"gen_ai.provider.name": PROVIDERS.get(provider, provider), "gen_ai.request.model": target}
        conversation = context.get_value(_CONVERSATION, parent)
        known = self.shared | {"gen_ai.conversation.id": conversation} | attributes
        self.span: Span = collector.tracer.start_span(
            f"{operation} {target}",
            parent,
            # The local models are of this process.
            SpanKind.CLIENT if self.of_model and provider != "local" else SpanKind.INTERNAL,
            {name: value for name, value in known.items() if value is not None},
        )
        self.context = context.set_value(_CALL, self, trace.set_span_in_context(self.span, parent))
        self._at = time.perf_counter()

    def __enter__(self) -> _Call:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        # Whoever stops reading an answer closes its generator.
        if error is not None and not isinstance(error, GeneratorExit):
            self.failed(_error_type(error))
        if self.of_model:
            took = time.perf_counter() - self._at
            self.collector.call_seconds.record(took, self.shared, self.context)
        self.span.end()

    def once(self, call: Callable[[], Item]) -> Item:
        """Make the call within the span."""
        token = context.attach(self.context)
        try:
            return call()
        finally:
            context.detach(token)

    def each(self, call: Callable[[], Iterator[Item]]) -> Iterator[Item]:
        """Iterate what the call gives, with the span around each step: between them the thread is somebody else's."""
        return _each(call, self.context)

    def began_to_answer(self) -> None:
        """The first word, or whatever comes in its place, is there."""
        self.begun = True
        took = time.perf_counter() - self._at
        self.span.set_attribute("gen_ai.response.time_to_first_chunk", took)
        self.collector.first_chunk_seconds.record(took, self.shared, self.context)

    def used(self, usage: Usage, *kinds: str) -> None:
        """The tokens a provider has counted; estimates are not told."""
        if usage.estimated or not usage.total_tokens:
            return
        for kind, count in (("input", usage.prompt_tokens), ("output", usage.completion_tokens)):
            if kinds and kind not in kinds:
                continue
            self.span.set_attribute(f"gen_ai.usage.{kind}_tokens", count)
            if self.of_model:
                self.collector.tokens.record(count, {**self.shared, "gen_ai.token.type": kind}, self.context)

    def told(self, response_id: str | None, model: str | None, finish_reason: str) -> None:
        """What came back with the answer."""
        self.span.set_attribute("gen_ai.response.finish_reasons", [finish_reason])
        if response_id:
            self.span.set_attribute("gen_ai.response.id", response_id)
        if model:
            self.shared["gen_ai.response.model"] = model
            self.span.set_attribute("gen_ai.response.model", model)

    def goes_to(self, url: httpx2.URL) -> None:
        where: Attributes = {SERVER_ADDRESS: url.host, SERVER_PORT: url.port or (443 if url.scheme == "https" else 80)}
        self.shared |= where
        self.span.set_attributes(where)

    def failed(self, error_type: str) -> None:
        self.shared[ERROR_TYPE] = error_type
        self.span.set_attribute(ERROR_TYPE, error_type)
        self.span.set_status(StatusCode.ERROR)


def _each(call: Callable[[], Iterator[Item]], within: Context) -> Iterator[Item]:
    def step(next_one: Callable[[], Item]) -> Item:
        token = context.attach(within)
        try:
            return next_one()
        finally:
            context.detach(token)

    with closing(cast("Generator[Item]", step(call))) as items:  # type: ignore[arg-type]
        while True:
            try:
                item = step(items.__next__)
            except StopIteration:
                return
            yield item


def _error_type(error: BaseException) -> str:
    if isinstance(error, ProviderError) and error.status is not None:
        return str(error.status)
    return error.code if isinstance(error, AssistantError) else type(error).__qualname__
