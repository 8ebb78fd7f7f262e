"""Sample data for the gallery page `ui/kit.html`: every component and state in one place, also read by axe."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

NAMES = ("김서연", "박도윤", "Emily Carter", "佐藤 美咲", "이수민", "장현우", "오지원", "박정호")


def context() -> dict[str, Any]:
    """Everything `ui/kit.html` needs besides what the desk's own shell gives."""
    now = timezone.now()
    return {
        "names": NAMES,
        "statuses": ("new", "open", "pending", "transferred", "answered", "resolved", "closed", "spam"),
        "priorities": ("urgent", "high", "normal", "low"),
        "channels": ("email", "chat", "phone", "web", "sms", "agent"),
        "dues": (now + timedelta(minutes=215), now + timedelta(minutes=47), now - timedelta(minutes=12)),
        "moments": (now, now - timedelta(hours=3), now - timedelta(days=2), now - timedelta(days=40)),
        "rows": _rows(),
        "columns": _columns(),
        "steps": [
            {"label": "접수", "note": "11.20 17:12", "state": "done"},
            {"label": "담당자 할당", "note": "11.20 17:12 · 이수민", "state": "done"},
            {"label": "처리중", "note": "지금 확인하고 있습니다", "state": "now"},
            {"label": "완료", "note": "", "state": ""},
        ],
    }


_FIELDS = ("number", "who", "firm", "subject", "status", "priority", "channel", "left", "tag", "assignee", "ago")
_ROWS = """
T-7K2M-9QXD-4RZA|김서연|오브젝트랩|결제 승인은 됐는데 주문 내역이 비어 있어요|open|urgent|email|18|결제|이수민|6
T-1ZB4-55TW-0C3N|박도윤|세림물산|[장애] 사내 SSO 로그인 시 무한 리다이렉트|new|urgent|web|-12|SSO||38
T-9PQ8-12HJ-6VFS|Emily Carter|Northwind KR|Bulk export returns HTTP 429 after 1,000 rows|open|high|web|47|API|장현우|71
T-3DGE-8MWY-2XKB|佐藤 美咲|青葉商事|請求書の宛名変更をお願いします|pending|normal|email|215|請求|오지원|82
T-6RT0-4NHC-7QAZ|최유진|라온통신|통화 녹취 파일 다운로드가 안 됩니다|resolved|low|phone|||박정호|1500
"""


def _rows() -> list[dict[str, Any]]:
    now = timezone.now()
    rows: list[dict[str, Any]] = [
        dict(zip(_FIELDS, line.split("|"), strict=True)) for line in _ROWS.strip().splitlines()
    ]
    for place, row in enumerate(rows):
        row["due"] = now + timedelta(minutes=int(row["left"])) if row["left"] else None
        row["at"] = now - timedelta(minutes=int(row["ago"]))
        row["unread"] = place < 2
    return rows


def _columns() -> list[dict[str, Any]]:
    rows = _rows()
    return [
        {"stage": "backlog", "label": "접수", "status": "new", "cards": [rows[1]]},
        {"stage": "doing", "label": "처리중", "status": "open", "cards": [rows[0], rows[2]]},
        {"stage": "held", "label": "보류", "status": "pending", "cards": [rows[3]]},
        {"stage": "done", "label": "완료", "status": "resolved", "cards": [rows[4]]},
    ]
