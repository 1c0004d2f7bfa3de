"""Questions in a session: answered whole or streamed, followed again later, cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import Response, after_this_request, g, jsonify, request, stream_with_context
from flask_openapi3 import APIBlueprint, Tag

from models.base import new_id, now
from models.chats import Conversation, Message
from routes import errors, sse, wire
from routes.current import caller, owner_id, request_id, services
from routes.following import frames, whole
from routes.parsing import uuid_or_none, validated
from routes.session_schemas import Answered, Cancelled, MessagePath, NewMessage, Problem, SessionPath
from routes.sessions import ERRORS, known_ids, remaining, session_id
from routes.showing import presenter
from services import prompts, turn_rows, turns
from services.agent import agents
from services.agent.toolbox import Kit
from services.answer_log import Log
from services.answers import language_of
from services.context import Context
from services.errors import (
    AssistantError,
    Conflict,
    InvalidInput,
    LimitExceeded,
    ProviderUnavailable,
    SessionNotFound,
)
from services.providers.tokens import estimate
from services.usage import Limits, reset_date

ASKED: dict[str | int, Any] = ERRORS | dict.fromkeys((429, 502, 503, 504), Problem)
STREAM: dict[str | int, Any] = {200: {"content": {"text/event-stream": {}}}}

bp = APIBlueprint(
    "messages",
    __name__,
    url_prefix="/api/v2/chat/sessions/<session_id>/messages",
    abp_tags=[Tag(name="Messages", description="Questions in a session and their answers.")],
)


@bp.post("", responses={200: Answered, **ASKED})
@validated
def send(path: SessionPath, body: NewMessage) -> Response:
    """Ask, and get the whole answer."""
    made = begin(services().sessions.get(owner_id(), session_id(path)), body)
    services().generations.wait(made.message_id)
    message = services().sessions.message(owner_id(), session_id(path), made.message_id)
    if message.status != "complete":
        raise failure_of(message)
    session = services().sessions.get(owner_id(), session_id(path))
    return jsonify(
        {
            "message_id": message.id,
            "content": message.content,
            "token_count": message.completion_tokens,
            "provider": message.provider,
            "model": message.model,
            "processing_time_ms": message.processing_time_ms,
            **remaining(session),
            **wire.kept(message.content, message.details or {}),
        }
    )


@bp.post("/stream", responses={**STREAM, **ASKED})
@validated
def stream(path: SessionPath, body: NewMessage) -> Response:
    """Ask, and read the answer while it is being made. It is made to its end even if nobody reads on."""
    session = services().sessions.get(owner_id(), session_id(path))
    try:
        made = begin(session, body)
    except LimitExceeded as error:
        refused = answer(iter(wire.Frames().encode(wire.refused(new_id(), error))))
        refused.headers.update(errors.month_over(error.context))
        return refused
    except SessionNotFound:
        # It was there a moment ago.
        return answer(iter(wire.Frames().encode(wire.auth_error(new_id()))))
    g.made_anyway = partial(whole, services().generations, made.message_id)
    return answer(frames(made.message_id, 0))


@bp.get("/<message_id>/stream", responses={**STREAM, 404: Problem, 422: Problem})
@validated
def replay(path: MessagePath) -> Response:
    """Read the stream of an answer again, from after `Last-Event-ID` or from the start, and follow it live."""
    message = services().sessions.message(owner_id(), session_id(path), message_id(path))
    if message.role != "assistant":
        raise SessionNotFound("This message has no stream: it is not an answer.", code="message_not_found")
    return answer(frames(message.id, last_event_id()))


@bp.post("/<message_id>/cancel", responses={200: Cancelled, 404: Problem, 409: Problem})
@validated
def cancel(path: MessagePath) -> Response:
    """Stop an answer; what was said so far is kept."""
    message = services().sessions.message(owner_id(), session_id(path), message_id(path))
    if message.status != "streaming":
        raise Conflict("The answer is not being made any more.", code="message_not_streaming")
    if not services().generations.cancel(message.id, message.worker_id):
        services().sessions.interrupt(message.id)
    message = services().sessions.message(owner_id(), message.conversation_id, message.id)
    return jsonify(
        {
            "message_id": message.id,
            "session_id": message.conversation_id,
            "status": message.status,
            "content": message.content,
        }
    )


def begin(conversation: Conversation, body: NewMessage) -> Log:
    """Keep the question and let the answer be made."""
    if body.expected_image_ids is not None:
        services().sessions.agree_on_images(owner_id(), conversation.id, known_ids(body.expected_image_ids))
    recalled = services().toolbox.recall(conversation)
    chosen = services().contexts.choose(
        conversation,
        body.message,
        detailed=body.force_detailed_analysis,
        listed=[picture.image_id for picture in recalled.last],
    )
    language = language_of(body.message, conversation.last_user_message or "")
    kit = services().toolbox.kit(conversation, chosen, recalled, language, now())
    present = presenter()
    context = [present(known.picture) for known in chosen.shown]
    shown = wire.Shown(context, present, recalled.folder_modified, language)
    turn = services().turns.start(question(conversation, body, chosen, kit, shown))
    tell_of_month(turn)
    return services().generations.start(turn, wire.entries(conversation.id, shown))


def tell_of_month(turn: turns.Turn) -> None:
    """Have the response say how much of its owner's month is left, where there is a limit."""
    limit = turn.limits.monthly_messages if turn.limits else 0
    if not limit:
        return
    told = errors.of_month(limit, turn.asked_this_month, reset_date(turn.created_at))

    @after_this_request
    def tell(response: Response) -> Response:
        response.headers.update(told)
        return response


def question(
    conversation: Conversation, body: NewMessage, chosen: Context, kit: Kit, shown: wire.Shown
) -> turns.Question:
    settings = services().settings
    own_limit = caller().monthly_limit
    return turns.Question(
        conversation_id=conversation.id,
        text=body.message,
        instructions=prompts.agentic(chosen.in_words(), kit.papers, agents.in_words(), kit.language),
        images=chosen.parts(services().images),
        language=kit.language,
        request_id=request_id(),
        details={"token_count": estimate(body.message)},
        answer_details={
            "image_context": shown.image_context,
            "vision_used": bool(shown.image_context),
            "offers_detailed_analysis": bool(shown.image_context) and not chosen.detailed,
        },
        limits=Limits(
            owner_id=conversation.owner_id,
            session_messages=settings.session_message_budget,
            session_tokens=settings.session_token_budget,
            monthly_messages=own_limit if own_limit is not None else settings.monthly_message_limit,
        ),
        tools=kit.tools,
        evidence=kit.evidence,
        propose=kit.propose,
        kept_results=lambda found: {
            **wire.results(found, shown),
            "listed": [picture.image_id for picture in found.pictures],
        },
    )


def answer(body: Iterator[bytes]) -> Response:
    return Response(stream_with_context(body), mimetype="text/event-stream", headers=sse.HEADERS)


def last_event_id() -> int:
    given = request.headers.get("Last-Event-ID", "").strip()
    if not given:
        return 0
    if not given.isascii() or not given.isdigit() or len(given) > 12:
        raise InvalidInput("Last-Event-ID is not the number of a token.", field="Last-Event-ID")
    return int(given)


def message_id(path: MessagePath) -> str:
    found = uuid_or_none(path.message_id)
    if found is None:
        raise SessionNotFound("There is no message with this id in the session.", code="message_not_found")
    return found


def failure_of(message: Message) -> AssistantError:
    """Why an answer did not come to its end."""
    if message.error_code == turn_rows.CANCELLED:
        return Conflict("The answer was cancelled; what was said until then is kept.", code="message_cancelled")
    if message.status == "interrupted":
        return turns.cut_short()
    failed = services().generations.failure(message.id)
    return failed or ProviderUnavailable("The answer could not be made.", provider=message.provider or "")
