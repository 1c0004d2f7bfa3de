"""Shapes of the OpenAI-compatible API (https://platform.openai.com/docs/api-reference/chat/create)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from routes.parsing import Body, clean
from routes.schemas import Choice, CompletionUsage
from services.providers.base import Options

MAX_MESSAGES = 1000


class ImageURL(Body):
    url: str = Field(description="A `data:` URL, or the address of a picture on this server.")
    detail: Literal["auto", "low", "high"] = "auto"


class TextContent(Body):
    type: Literal["text"]
    text: Annotated[str, AfterValidator(clean)]


class ImageContent(Body):
    type: Literal["image_url"]
    image_url: ImageURL


Content = Annotated[TextContent | ImageContent, Field(discriminator="type")]


class GatewayMessage(Body):
    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, AfterValidator(clean)] | Annotated[list[Content], Field(min_length=1)]


class StreamOptions(Body):
    include_usage: bool = False


StopWord = Annotated[str, Field(min_length=1, max_length=256)]


class Plain(Body):
    type: Literal["text", "json_object"]


class NamedSchema(Body):
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str | None = None
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    strict: bool | None = None


class BySchema(Body):
    type: Literal["json_schema"]
    json_schema: NamedSchema


ResponseFormat = Annotated[Plain | BySchema, Field(discriminator="type")]


class CompletionRequest(Body):
    model: str = Field(description="Any name; the answer says which model answered.")
    messages: Annotated[list[GatewayMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    seed: int | None = Field(default=None, ge=-(2**63), le=2**63 - 1)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    stop: StopWord | Annotated[list[StopWord], Field(max_length=4)] | None = None
    response_format: ResponseFormat | None = None
    n: int | None = Field(default=None, ge=1, le=1)
    tools: list[Any] | None = Field(default=None, max_length=0, description="Not taken here.")

    def options(self) -> Options:
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        wanted = self.response_format
        return Options(
            top_p=self.top_p,
            seed=self.seed,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            stop=tuple(stop),
            response_format=wanted.model_dump(by_alias=True, exclude_unset=True)
            if wanted and wanted.type != "text"
            else None,
        )


class GatewayCompletion(BaseModel):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: CompletionUsage
    provider: str


class ModelPath(BaseModel):
    model: str


class ModelInfo(BaseModel):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(BaseModel):
    object: Literal["list"]
    data: list[ModelInfo]
