"""HTML as text and text as HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maru.core.html import html_to_text, one_line, sanitise, strip_controls, strip_invisible, text_to_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br/><br>three", "one\ntwo\n\nthree"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("a  b\n c&nbsp;d &amp; &lt;e&gt; 한글", "a b c d & <e> 한글"),
        ("<ul><li>a<li>b</ul><ol start=1><li>c</li></ol>", "- a\n- b\n\n1. c"),
        ("<ul><li>a<ul><li>b</ul></ul>", "- a\n  - b"),
        ("<blockquote>q<blockquote>r</blockquote></blockquote>t", "> q\n> >\n> > r\n\nt"),
        ('<a href="https://x.example/y">word</a>', "word <https://x.example/y>"),
        ('<a href="https://x.example">https://x.example/</a>', "https://x.example/"),
        ('<a href="mailto:a@b.c">a@b.c</a>', "a@b.c"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a\tb\nc"),
        ("<style>p{}</style><script>x</script><title>t</title>body", "body"),
        ("<head><title>t</title></head><body>b</body>", "b"),
        ("<head><meta charset=x><body>b", "b"),
        ('<div style="display:none">hidden</div>seen', "seen"),
        ('<img alt="word">', "word"),
        ("<p>unclosed <b>tags <i>here", "unclosed tags here"),
        ("a < b and c > d", "a < b and c > d"),
        ("", ""),
    ],
)
def test_html_reads_well_as_text(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_text_becomes_safe_html() -> None:
    html = text_to_html("안녕\n<b>&\n\nhttps://x.example/?a=1&b=2. kim@x.example, javascript:alert(1)\n  indented")
    assert "<p>안녕<br>&lt;b&gt;&amp;</p>" in html
    assert '<a href="https://x.example/?a=1&amp;b=2" rel="noopener noreferrer nofollow">' in html
    assert '<a href="mailto:kim@x.example"' in html
    assert 'href="javascript' not in html
    assert "\xa0\xa0indented" in html


@given(st.text(max_size=300))
def test_text_survives_the_way_to_html_and_back(text: str) -> None:
    html = text_to_html(text)
    assert sanitise(html).html.count("<script") == 0
    assert (
        html_to_text(html, links=False).split() == " ".join(text.replace("\r", "\n").split("\n")).split()
        or not text.isprintable()
    )


@given(st.text(alphabet="<>/!-\"'= abpdiv&;#x0", max_size=200))
def test_any_markup_can_be_read(html: str) -> None:
    assert isinstance(html_to_text(html), str)


def test_invisible_characters_go_and_emoji_stay() -> None:
    assert strip_invisible("a\u200bb\u202ec\u00add\u3164e\ufefff\x00\x1f") == "abcdef"
    assert strip_invisible("👨\u200d👩\u200d👧 ok") == "👨\u200d👩\u200d👧 ok"
    assert strip_invisible("a\u200db") == "ab"
    assert strip_controls("a\r\nb\rc\0\ud800") == "a\nb\nc"
    assert one_line(" a\r\n b\tc\u200b  d ", 5) == "a b c"
