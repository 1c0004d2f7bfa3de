"""Shapes of requests and answers, for validation and for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask_openapi3 import FileStorage
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from routes.parsing import Body, Query, clean, filled

MAX_QUESTION = 10_000


class ErrorDetail(BaseModel):
    message: str
    type: str
    param: str | None = None
    code: str


class ErrorBody(BaseModel):
    """An error as OpenAI's API words it."""

    error: ErrorDetail


class ImagePath(BaseModel):
    image_id: str = Field(description="Id of an uploaded picture, as `/upload` answered it.")


class UploadForm(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: FileStorage = Field(description="A picture: png, jpg, jpeg or gif, at most 16 MB.")


class Question(Body):
    question: Annotated[str, Field(max_length=MAX_QUESTION), AfterValidator(clean), AfterValidator(filled)] = Field(
        description="What you want to know about the picture.",
        examples=["What colors are in this image?"],
    )


class UploadedPicture(BaseModel):
    filename: str
    mime_type: str
    size_bytes: int
    width: int = Field(description="Pixels, as a person sees the picture.")
    height: int = Field(description="Pixels, as a person sees the picture.")
    sha256: str
    created_at: str
    url: str
    thumbnail_url: str


class ChatMessage(BaseModel):
    role: Literal["assistant"]
    content: str
    refusal: str | None = None


class Choice(BaseModel):
    index: int
    message: ChatMessage
    logprobs: dict[str, Any] | None = None
    finish_reason: Literal["stop", "length", "content_filter", "tool_calls", "error"]


class CompletionUsage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(BaseModel):
    """A chat completion as OpenAI's API words it, and the picture it is about."""

    id: str
    object: Literal["chat.completion"]
    created: int = Field(description="Unix seconds.")
    model: str
    choices: list[Choice]
    usage: CompletionUsage
    provider: str
    image_id: str


class FirstAnalysis(ChatCompletion):
    """The first analysis of an uploaded picture."""

    image: UploadedPicture


class ThumbnailQuery(Query):
    size: Literal[64, 128, 256, 512, 1024, 2048] = Field(default=256, description="The longest side, in pixels.")

    @field_validator("size", mode="before")
    @classmethod
    def number(cls, given: object) -> object:
        """A query string holds text, and a choice among numbers is strict."""
        return int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else given


class ImageInfo(UploadedPicture):
    image_id: str


class KeptMessage(BaseModel):
    id: str
    role: Literal["user", "assistant"]
    content: str
    status: Literal["sent", "unanswered", "streaming", "complete", "interrupted", "failed"]
    provider: str | None = None
    model: str | None = None
    finish_reason: str | None = None
    error_code: str | None = None
    created_at: str


class KeptMessages(BaseModel):
    image_id: str
    messages: list[KeptMessage]
