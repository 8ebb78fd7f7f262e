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
            {"label": "담당자 배정", "note": "11.20 17:12 · 이수민", "state": "done"},
            {"label": "처리중", "note": "지금 확인하고 있습니다", "state": "now"},
            {"label": "완료", "note": "", "state": ""},
        ],
    }


def _rows() -> list[dict[str, Any]]:
    now = timezone.now()

    def row(number: str, who: str, firm: str, subject: str, **more: Any) -> dict[str, Any]:
        return {
            "number": number,
            "who": who,
            "firm": firm,
            "subject": subject,
            "status": more.get("status", "open"),
            "priority": more.get("priority", "normal"),
            "channel": more.get("channel", "email"),
            "due": now + timedelta(minutes=more["left"]) if "left" in more else None,
            "tag": more.get("tag", ""),
            "assignee": more.get("assignee", ""),
            "at": now - timedelta(minutes=more.get("ago", 6)),
            "unread": more.get("unread", False),
        }

    return [
        row(
            "T-7K2M-9QXD-4RZA",
            "김서연",
            "오브젝트랩",
            "결제 승인은 됐는데 주문 내역이 비어 있어요",
            priority="urgent",
            left=18,
            tag="결제",
            assignee="이수민",
            unread=True,
        ),
        row(
            "T-1ZB4-55TW-0C3N",
            "박도윤",
            "세림물산",
            "[장애] 사내 SSO 로그인 시 무한 리다이렉트",
            status="new",
            priority="urgent",
            channel="web",
            left=-12,
            tag="SSO",
            ago=38,
            unread=True,
        ),
        row(
            "T-9PQ8-12HJ-6VFS",
            "Emily Carter",
            "Northwind KR",
            "Bulk export returns HTTP 429 after 1,000 rows",
            priority="high",
            channel="web",
            left=47,
            tag="API",
            assignee="장현우",
            ago=71,
        ),
        row(
            "T-3DGE-8MWY-2XKB",
            "佐藤 美咲",
            "青葉商事",
            "請求書の宛名変更をお願いします",
            status="pending",
            left=215,
            tag="請求",
            assignee="오지원",
            ago=82,
        ),
        row(
            "T-6RT0-4NHC-7QAZ",
            "최유진",
            "라온통신",
            "통화 녹취 파일 다운로드가 안 됩니다",
            status="resolved",
            priority="low",
            channel="phone",
            assignee="박정호",
            ago=1500,
        ),
    ]


def _columns() -> list[dict[str, Any]]:
    rows = _rows()
    return [
        {"stage": "backlog", "label": "접수", "status": "new", "cards": [rows[1]]},
        {"stage": "doing", "label": "처리중", "status": "open", "cards": [rows[0], rows[2]]},
        {"stage": "held", "label": "보류", "status": "pending", "cards": [rows[3]]},
        {"stage": "done", "label": "완료", "status": "resolved", "cards": [rows[4]]},
    ]
