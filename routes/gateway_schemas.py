"""Shapes of the OpenAI-compatible API (https://platform.openai.com/docs/api-reference/chat/create)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from routes.parsing import Body, clean
from routes.schemas import CompletionUsage
from services.content import ToolSpec
from services.providers.base import Options

MAX_MESSAGES = 1000


class ImageURL(Body):
    url: str = Field(description="A `data:` URL, or the address of a picture on this server.")
    detail: Literal["auto", "low", "high", "original"] | None = None


class TextContent(Body):
    type: Literal["text"]
    text: Annotated[str, AfterValidator(clean)]


class ImageContent(Body):
    type: Literal["image_url"]
    image_url: ImageURL


class RefusalContent(Body):
    """What a model said in place of an answer, as a client sends it back."""

    type: Literal["refusal"]
    refusal: Annotated[str, AfterValidator(clean)]


Content = Annotated[TextContent | ImageContent | RefusalContent, Field(discriminator="type")]


class FunctionCall(Body):
    name: str = Field(min_length=1, max_length=128)
    arguments: Annotated[str, AfterValidator(clean)]


class CallMade(Body):
    id: str = Field(min_length=1, max_length=65_536)
    type: Literal["function"] = "function"
    function: FunctionCall


class GatewayMessage(Body):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[str, AfterValidator(clean)] | Annotated[list[Content], Field(min_length=1)] | None = None
    refusal: Annotated[str, AfterValidator(clean)] | None = None
    tool_calls: Annotated[list[CallMade], Field(min_length=1, max_length=128)] | None = None
    tool_call_id: str | None = Field(default=None, max_length=65_536)

    @model_validator(mode="after")
    def whole(self) -> GatewayMessage:
        if self.role == "tool" and (self.tool_call_id is None or self.content is None):
            raise PydanticCustomError("tool", "A tool's message has its tool_call_id and a content.")
        if self.role != "assistant" and self.tool_calls is not None:
            raise PydanticCustomError("calls", "Only an assistant calls tools.")
        refused = self.role == "assistant" and self.refusal is not None
        if self.content is None and self.tool_calls is None and not refused:
            raise PydanticCustomError("content", "The message has no content.")
        return self


class StreamOptions(Body):
    include_usage: bool | None = None


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


class FunctionSpec(Body):
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str | None = None
    parameters: dict[str, Any] | None = None


class FunctionTool(Body):
    type: Literal["function"]
    function: FunctionSpec


class FunctionName(Body):
    name: str


class NamedTool(Body):
    type: Literal["function"]
    function: FunctionName


class CompletionRequest(Body):
    model: str = Field(description="Any name; the answer says which model answered.")
    messages: Annotated[list[GatewayMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool | None = None
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
    tools: Annotated[list[FunctionTool], Field(max_length=128)] | None = Field(
        default=None, description="Functions the model may ask for; the client runs them."
    )
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None

    @field_validator("tools")
    @classmethod
    def named_apart(cls, tools: list[FunctionTool] | None) -> list[FunctionTool] | None:
        names = {tool.function.name for tool in tools or ()}
        if len(names) < len(tools or ()):
            raise PydanticCustomError("tools", "Two tools have the same name.")
        return tools

    @field_validator("tool_choice")
    @classmethod
    def on_offer(cls, choice: Any, so_far: ValidationInfo) -> Any:
        names = {tool.function.name for tool in so_far.data.get("tools") or ()}
        if isinstance(choice, NamedTool) and choice.function.name not in names:
            raise PydanticCustomError("tool_choice", "There is no tool of this name.")
        return choice

    def offered(self) -> tuple[ToolSpec, ...]:
        """The tools a model may call."""
        tools = () if self.tool_choice == "none" else self.tools or ()
        return tuple(
            ToolSpec(tool.function.name, tool.function.description or "", tool.function.parameters or {})
            for tool in tools
        )

    def options(self) -> Options:
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        wanted = self.response_format
        return Options(
            top_p=self.top_p,
            seed=self.seed,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            stop=tuple(stop),
            must_call=self._must_call() if self.tools else None,
            response_format=wanted.model_dump(by_alias=True, exclude_unset=True)
            if wanted and wanted.type != "text"
            else None,
        )

    def _must_call(self) -> str | None:
        if isinstance(self.tool_choice, NamedTool):
            return self.tool_choice.function.name
        return "" if self.tool_choice == "required" else None


class GatewayAnswer(BaseModel):
    role: Literal["assistant"]
    content: str | None
    refusal: None = None
    tool_calls: list[CallMade] | None = None


class GatewayChoice(BaseModel):
    index: int
    message: GatewayAnswer
    logprobs: dict[str, Any] | None = None
    finish_reason: Literal["stop", "length", "content_filter", "tool_calls", "error"]


class GatewayCompletion(BaseModel):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[GatewayChoice]
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
