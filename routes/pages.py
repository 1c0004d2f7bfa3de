"""The page that people use, and the one place where text becomes HTML."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from flask import Response, jsonify, render_template, request
from flask_openapi3 import APIBlueprint, Tag
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pydantic import AfterValidator, BaseModel, Field

from routes.document import INFO
from routes.parsing import Body, clean, validated
from routes.schemas import ErrorBody
from services.errors import TooLarge

bp = APIBlueprint("pages", __name__, abp_tags=[Tag(name="Page", description="What the page at `/` is served by.")])

SERVICE = "Interactive AI Vision Assistant API"
MAX_MARKDOWN_BYTES = 100_000
HEADINGS_DOWN = 2
"""Headings of an answer stand below the page's own title and the view's."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; trusted-types rendered; require-trusted-types-for 'script'"
)
"""Nothing from elsewhere, nothing inline, and HTML only through the page's one policy (`static/rendered.js`)."""

TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6"),
}


class Markdown(Body):
    text: Annotated[str, Field(max_length=MAX_MARKDOWN_BYTES), AfterValidator(clean)] = Field(
        description="Markdown; HTML in it is shown as text.",
        examples=["A **red** square."],
    )


class Rendered(BaseModel):
    html: str = Field(description="Sanitised: no script, no picture, links only to http, https and mailto.")


@bp.get("/", doc_ui=False)
def root() -> Response:
    """The page for a browser, the service's name for everything else."""
    kinds = request.accept_mimetypes
    if kinds["text/html"] > kinds["application/json"]:
        response = Response(render_template("index.html"), mimetype="text/html")
        response.headers["Content-Security-Policy"] = POLICY
        response.cache_control.no_cache = True
    else:
        response = jsonify({"service": SERVICE, "version": INFO.version, "status": "running"})
    response.vary.add("Accept")
    return response


@bp.post("/render", responses={200: Rendered, 400: ErrorBody, 413: ErrorBody, 415: ErrorBody})
@validated
def render(body: Markdown) -> Response:
    """Markdown as HTML that is safe to show."""
    if len(body.text.encode()) > MAX_MARKDOWN_BYTES:
        raise TooLarge("The text is over 100 kB.", code="text_too_large", field="text")
    return jsonify({"html": rendered(body.text)})


def rendered(text: str) -> str:
    """Markdown (CommonMark with tables and strikethrough) as sanitised HTML.

    HTML in the text is escaped, a picture is shown by its alternative text, and a link that is not http, https or
    mailto loses its address.
    """
    # A megabyte and a half that a server without readers of its page does without.
    import nh3

    return nh3.clean(
        _markdown().render(text),
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


@cache
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    for kind in ("heading_open", "heading_close"):
        parser.add_render_rule(kind, _heading)
    parser.add_render_rule("image", _image)
    return parser


def _heading(self: RendererHTML, tokens: list[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    level = int(tokens[index].tag[1:])
    tokens[index].tag = f"h{min(6, level + HEADINGS_DOWN)}"
    return self.renderToken(tokens, index, options, env)


def _image(_self: RendererHTML, tokens: list[Token], index: int, _options: OptionsDict, _env: EnvType) -> str:
    return escapeHtml(tokens[index].content)
