"""What our own letters look like: a way in that can be pressed, and no button made from what somebody wrote."""

import pytest
from django.conf import settings

from maru.channels.letters import notice_letter
from maru.organizations.models import Organization

LINK = settings.ENVIRONMENT.public_url + "/invitation/token"


def letter(*parts: str, language: str = "ko") -> tuple[str, str]:
    """HTML and text of a notice of these paragraphs."""
    organization = Organization(name="AB 상사", language=language)
    made = notice_letter(organization, subject="초대", text="\n\n".join(parts), language=language)
    return made.html, made.text


@pytest.mark.parametrize(("language", "word"), [("ko", "페이지 열기"), ("ja", "ページを開く"), ("en", "Open the page")])
def test_an_address_of_the_house_is_a_button_and_can_be_copied(language: str, word: str) -> None:
    html, text = letter("안녕하세요.", LINK, language=language)
    assert f'href="{LINK}"' in html
    assert f">{word}</a>" in html
    assert html.count(LINK) == 2
    assert LINK in text
    assert "<" not in text


@pytest.mark.parametrize(
    "part",
    [
        "https://evil.example/invitation/token",
        settings.ENVIRONMENT.public_url + ".evil.example/x",
        f"{LINK} 그리고 더",
        f'{settings.ENVIRONMENT.public_url}/"><script>alert(1)</script>',
    ],
)
def test_what_somebody_wrote_is_no_button(part: str) -> None:
    html, _ = letter("안녕하세요.", part)
    assert "<script" not in html
    assert 'class="act"' not in html


def test_dark_programs_are_served_and_korean_words_stay_whole() -> None:
    html, _ = letter("안녕하세요.")
    assert "prefers-color-scheme:dark" in html
    assert "word-break:keep-all" in html
