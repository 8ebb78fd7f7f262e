"""Base pages render alone, in three languages, without the database (these tests may not touch one)."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from maru.ui import errors, kit, views
from maru.ui.jinja import json_script
from maru.ui.render import block_to_string, is_htmx, render_block

LANGUAGES = ("ko", "ja", "en")


@pytest.fixture
def request_() -> HttpRequest:
    return RequestFactory().get("/somewhere", headers={"cookie": "theme=dark"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_error_pages_need_no_database(request_: HttpRequest, language: str) -> None:
    with translation.override(language):
        for response, status in (
            (errors.bad_request(request_), 400),
            (errors.forbidden(request_, PermissionDenied()), 403),
            (errors.not_found(request_), 404),
            (errors.too_many(request_, retry_after=30), 429),
            (errors.server_error(request_), 500),
            (errors.csrf_failure(request_), 403),
        ):
            text = response.content.decode()
            assert response.status_code == status
            assert f'lang="{language}"' in text
            assert 'data-theme="dark"' in text
            assert 'href="/"' in text
    assert errors.too_many(request_, retry_after=30)["Retry-After"] == "30"


@pytest.mark.parametrize("language", LANGUAGES)
def test_gallery_renders_without_inline_code(request_: HttpRequest, language: str) -> None:
    with translation.override(language):
        text = render_to_string("ui/kit.html", kit.context(), request_)
    assert " style=" not in text
    assert " onclick=" not in text
    assert "<script>" not in text
    assert text.count("<main") == 1


def test_block_sees_imports_of_its_page(request_: HttpRequest) -> None:
    whole = block_to_string(request_, "ui/kit.html", "dialogs", kit.context())
    assert 'id="kit-dialog"' in whole
    assert "<html" not in whole
    with pytest.raises(KeyError):
        block_to_string(request_, "ui/kit.html", "no_such_block")
    response = render_block(request_, "ui/kit.html", "dialogs", kit.context(), status=422)
    assert response.status_code == 422
    assert "HX-Request" in response["Vary"]


def test_htmx_is_told_from_history() -> None:
    factory = RequestFactory()
    assert is_htmx(factory.get("/", headers={"HX-Request": "true"}))
    assert not is_htmx(factory.get("/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}))
    assert not is_htmx(factory.get("/"))


def test_data_for_scripts_cannot_end_the_element() -> None:
    made = json_script({"a": "</script><b>&"}, "x")
    assert made.count("</script>") == 1
    assert json.loads(made.split(">", 1)[1].rsplit("<", 1)[0]) == {"a": "</script><b>&"}


def test_preferences_refuse_what_they_do_not_know() -> None:
    factory = RequestFactory()
    good = views.set_theme(factory.post("/-/theme", {"theme": "dark", "next": "/desk"}))
    assert good.cookies["theme"].value == "dark"
    assert good["Location"] == "/desk"
    bad = views.set_theme(factory.post("/-/theme", {"theme": "<x>", "next": "https://evil.example/"}))
    assert "theme" not in bad.cookies
    assert bad["Location"] == "/"
    assert views.set_language(factory.post("/-/language", {"language": "ja"})).cookies["maru_language"].value == "ja"
    assert not views.set_language(factory.post("/-/language", {"language": "xx"})).cookies
    assert views.set_theme(factory.get("/-/theme")).status_code == 405
