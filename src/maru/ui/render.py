"""One block of a page template rendered alone: the fragment an htmx request asks for."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.utils.cache import patch_vary_headers
from jinja2 import Template

from maru.ui.jinja import request_values


def block_to_string(
    request: HttpRequest | None,
    template: str,
    block: str,
    context: Mapping[str, Any] | None = None,
) -> str:
    """
    Markup of `block` in `template`. Imports and assignments at the top of the template are seen by the block.
    Raises KeyError when the template itself defines no such block.
    """
    engine = _engine()
    page: Template = engine.env.get_template(template)
    values: dict[str, Any] = dict(context or {})
    values["request"] = request
    if request is not None:
        values |= request_values(request)
        for processor in engine.template_context_processors:
            values.update(processor(request))
    state = page.new_context(values)
    # The first step of the page runs its imports and sets, and stops at the first output.
    opening = page.root_render_func(state)
    next(opening, None)
    if hasattr(opening, "close"):
        opening.close()
    return str(engine.env.concat(page.blocks[block](state)))


def render_block(
    request: HttpRequest,
    template: str,
    block: str,
    context: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """An HTTP response with one block; caches are told that htmx requests differ from page requests."""
    response = HttpResponse(block_to_string(request, template, block, context), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks for a fragment (not for a page it restores from history)."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"


def _engine() -> Any:
    for engine in engines.all():
        if hasattr(engine, "env") and hasattr(engine, "template_context_processors"):
            return engine
    raise LookupError("No Jinja2 engine in TEMPLATES")
