"""Moments as people say them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from maru.ui import times

MOMENT = datetime(2025, 3, 5, 8, 7, tzinfo=UTC)  # 17:07 in Seoul


@pytest.mark.parametrize(
    ("language", "clock", "full"),
    [
        ("ko", "오후 5:07", "2025년 3월 5일 (수) 오후 5:07"),
        ("ja", "17:07", "2025年3月5日(水) 17:07"),
        ("en", "5:07 PM", "Wed, Mar 5, 2025 5:07 PM"),
    ],
)
def test_clock_follows_language_and_zone(language: str, clock: str, full: str) -> None:
    with translation.override(language), timezone.override(ZoneInfo("Asia/Seoul")):
        assert times.clock_text(MOMENT) == clock
        assert times.full_text(MOMENT) == full


def test_ago_counts_up_and_ends_in_a_date() -> None:
    now = MOMENT + timedelta(days=9)
    with translation.override("ko"), timezone.override(ZoneInfo("Asia/Seoul")):
        assert times.ago_text(now - timedelta(seconds=20), now) == "방금"
        assert times.ago_text(now - timedelta(minutes=59), now) == "59분 전"
        assert times.ago_text(now - timedelta(hours=23), now) == "23시간 전"
        assert times.ago_text(now - timedelta(days=6), now) == "6일 전"
        assert times.ago_text(MOMENT, now) == "2025년 3월 5일"


def test_days_near_now_have_names() -> None:
    with translation.override("ja"):
        assert times.day(timezone.now()) == "今日"
        assert times.day(timezone.now() - timedelta(days=1)) == "昨日"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 KB"), (1, "0.1 KB"), (188_416, "184 KB"), (10 * 1024**2, "10 MB"), (3 * 1024**3, "3.0 GB")],
)
def test_file_sizes(size: int, text: str) -> None:
    assert times.filesize(size) == text
