"""Pictures through Google's Gemini API: words and pictures in one answer."""

from __future__ import annotations

from google.genai import types

from services.content import Usage
from services.errors import ProviderGarbage
from services.providers.config import ProviderConfig
from services.providers.gemini_chat import FINISH_REASONS
from services.providers.gemini_client import FAULTS, gemini_client
from services.providers.http import http_client, provider_errors
from services.studio.base import StudioReply, StudioRequest, Turn
from services.studio.cloud import Answer, Sent, outgoing, reply

DEFAULT_MODEL = "gemini-3.1-flash-image"
MAX_TURNS = 20
_MASK_WORDS = (
    "The second picture is a mask of the first: change only what is white in it, leave everything else exactly as it "
    "is, and give back the first picture in the same size."
)


class GeminiStudio:
    """`ImageStudio` over the `google-genai` SDK.

    Args:
        config: `base_url` without a version; `api_key` must be given; `model` is one that makes pictures.

    Raises:
        ValueError: there is no key.
    """

    name = "gemini"

    def __init__(self, config: ProviderConfig) -> None:
        self.model = config.model or DEFAULT_MODEL
        self._secret = config.api_key
        self._http = http_client(config.timeout, config.on_request)
        self._client = gemini_client(config, self._http)

    def create_or_edit(self, request: StudioRequest) -> StudioReply:
        """See `ImageStudio`."""
        sent = outgoing(request)
        config = types.GenerateContentConfig(
            response_modalities=["TEXT", "IMAGE"],
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            automatic_continuation=False,
        )
        if request.request_id:
            config.http_options = types.HttpOptions(headers={"X-Request-ID": request.request_id})
        with provider_errors(self.name, FAULTS, self._secret):
            try:
                response = self._client.models.generate_content(
                    model=self.model, contents=contents(request, sent), config=config
                )
            except (TypeError, AttributeError, LookupError, ValueError):
                # The SDK stumbles over JSON of another form with Python's own exceptions.
                raise ProviderGarbage("The answer was not of the expected format.", provider=self.name) from None
        return reply(self.name, self.model, request, sent, self._read(response))

    def close(self) -> None:
        self._client.close()
        self._http.close()

    def _read(self, response: types.GenerateContentResponse) -> Answer:
        feedback = response.prompt_feedback
        if feedback and feedback.block_reason:
            return Answer(feedback.block_reason_message or "", None, _word(feedback.block_reason), refused=True)
        if not response.candidates:
            raise ProviderGarbage("The answer held nothing.", provider=self.name)
        candidate = response.candidates[0]
        parts = (candidate.content.parts if candidate.content else None) or []
        shown = [part for part in parts if not part.thought]
        text = "".join(part.text for part in shown if part.text).strip()
        pictures = [part.inline_data.data or b"" for part in shown if part.inline_data]
        reason = candidate.finish_reason
        refused = reason is not None and FINISH_REASONS.get(reason) == "content_filter"
        counted = response.usage_metadata
        usage = Usage(counted.prompt_token_count or 0, _made(counted)) if counted else Usage()
        picture = pictures[0] if pictures else None
        return Answer(text, picture, _word(reason), refused=refused and not pictures, usage=usage)


def contents(request: StudioRequest, sent: Sent | None) -> list[types.Content]:
    """Earlier turns as words, then the current picture with the wish.

    The picture goes with the newest message, not with the answer it came from: every edit then starts from the version
    that is seen, a branch as well, and no signature of an earlier answer is needed.
    """
    turned: list[types.Content] = []
    for turn in request.turns[-MAX_TURNS:]:
        turned.append(types.Content(role="user", parts=[types.Part(text=turn.prompt)]))
        turned.append(types.Content(role="model", parts=[types.Part(text=_said(turn))]))
    parts: list[types.Part] = []
    if sent is not None:
        parts.append(types.Part(inline_data=types.Blob(data=sent.data, mime_type=sent.mime_type)))
        if request.mask is not None:
            parts.append(types.Part(inline_data=types.Blob(data=request.mask, mime_type=_mask_type(request.mask))))
            parts.append(types.Part(text=_MASK_WORDS))
    return [*turned, types.Content(role="user", parts=[*parts, types.Part(text=request.prompt)])]


def _said(turn: Turn) -> str:
    made = "(A picture was made.)" if turn.made_picture else ""
    return " ".join(part for part in (turn.text.strip(), made) if part) or "(No answer.)"


def _mask_type(mask: bytes) -> str:
    return "image/jpeg" if mask.startswith(b"\xff\xd8") else "image/png"


def _made(counted: types.GenerateContentResponseUsageMetadata) -> int:
    return (counted.candidates_token_count or 0) + (counted.thoughts_token_count or 0)


def _word(reason: types.FinishReason | types.BlockedReason | None) -> str:
    return "UNSPECIFIED" if reason is None else str(getattr(reason, "value", reason))
