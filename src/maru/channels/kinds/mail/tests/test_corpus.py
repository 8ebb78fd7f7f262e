"""Real and broken mail of others, when it lies beside the repository: all of it is read or quarantined."""

from pathlib import Path

import pytest

from maru.channels.kinds.mail.parse import ParsedMail, ParserPool, Quarantine
from maru.channels.kinds.mail.parse.reader import read_mail

BESIDE = [parent / "shared" / "mail-corpus" for parent in Path(__file__).resolve().parents]
LETTERS = Path(__file__).parent / "letters"
CORPUS = next((folder for folder in BESIDE if folder.is_dir()), LETTERS)


def mails() -> list[Path]:
    return sorted(CORPUS.rglob("*.eml"))


def test_every_mail_is_read_or_quarantined() -> None:
    pool = ParserPool(1)
    try:
        results = {path: pool.parse(path.read_bytes(), envelope_from="somebody@example.com") for path in mails()}
    finally:
        pool.close()
    unread = {path.name: result for path, result in results.items() if isinstance(result, Quarantine)}
    assert unread == {}
    for result in results.values():
        assert isinstance(result, ParsedMail)
        for text in (result.subject, result.text, result.html_safe, result.visible_text):
            assert "\0" not in text
            assert not any("\ud800" <= char <= "\udfff" for char in text)


@pytest.mark.row("EML-09")
@pytest.mark.parametrize("path", sorted((CORPUS / "replies").glob("*.eml")), ids=lambda path: path.stem)
def test_replies_show_only_the_reply(path: Path) -> None:
    mail = read_mail(path.read_bytes())
    assert isinstance(mail, ParsedMail)
    assert mail.visible_text == "Hello"


@pytest.mark.row("EML-09")
@pytest.mark.parametrize("path", sorted((CORPUS / "replies-html").glob("*.html")), ids=lambda path: path.stem)
def test_html_replies_show_only_the_reply(path: Path) -> None:
    head = b"From: alex@example.com\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    mail = read_mail(head + path.read_bytes())
    assert isinstance(mail, ParsedMail)
    assert mail.visible_text.replace("\n\n", "\n") == "Hi. I am fine.\nThanks,\nAlex"
    assert "Sasha" not in mail.html_visible
