"""Templates compiled once for each language, with constant texts and icons already in them.

A desk page has some 370 translated texts and 100 icons; looking each up at every request cost a third of the page.
"""

from typing import Any

from django.utils import translation
from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer

from maru.ui import atoms


class FoldingEnvironment(Environment):
    """A Jinja2 environment whose templates speak one language."""

    language = "en"

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        with translation.override(self.language):
            folded: nodes.Template = _Fold().visit(tree)
        return folded


class _Fold(NodeTransformer):
    """Replaces calls whose arguments are all constants and whose answer cannot change within one language."""

    def visit_Call(  # noqa: N802 - named by Jinja2
        self, node: nodes.Call, *args: Any, **kwargs: Any
    ) -> nodes.Node:
        self.generic_visit(node, *args, **kwargs)
        if not isinstance(node.node, nodes.Name) or node.dyn_args or node.dyn_kwargs:
            return node
        given = [argument.value for argument in node.args if isinstance(argument, nodes.Const)]
        named = {word.key: word.value.value for word in node.kwargs if isinstance(word.value, nodes.Const)}
        if len(given) != len(node.args) or len(named) != len(node.kwargs):
            return node
        text = _answer(node.node.name, given, named)
        return node if text is None else nodes.MarkSafe(nodes.Const(text), lineno=node.lineno)


def _answer(function: str, given: list[Any], named: dict[str, Any]) -> str | None:
    # Jinja2's newstyle texts are format strings even without variables.
    if function in ("_", "gettext") and len(given) == 1 and not named:
        return str(translation.gettext(given[0]) % {})
    if function == "pgettext" and len(given) == 2 and not named:
        return str(translation.pgettext(given[0], given[1]) % {})
    if function == "icon":
        return str(atoms.icon(*given, **named))
    return None
