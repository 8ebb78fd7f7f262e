"""What a new organization finds on its desk."""

from maru.core.actors import Actor
from maru.core.commands import command
from maru.tickets.models import Stage, Status
from maru.tickets.trees import HANDLING, INTAKE

STAGES = (
    (Status.NEW, {"ko": "접수", "ja": "受付", "en": "Backlog"}, "violet"),
    (Status.OPEN, {"ko": "진행중", "ja": "対応中", "en": "In progress"}, "blue"),
    (Status.PENDING, {"ko": "보류", "ja": "保留", "en": "On hold"}, "amber"),
    (Status.RESOLVED, {"ko": "완료", "ja": "完了", "en": "Done"}, "green"),
)
CATEGORIES = (
    {"ko": "일반 문의", "ja": "一般的なお問い合わせ", "en": "General question"},
    {"ko": "오류 신고", "ja": "不具合の報告", "en": "Something is broken"},
    {"ko": "계정", "ja": "アカウント", "en": "Account"},
    {"ko": "결제 · 환불", "ja": "支払い・返金", "en": "Payment and refund"},
    {"ko": "기타", "ja": "その他", "en": "Something else"},
)
HANDLINGS = (
    {"ko": "안내", "ja": "ご案内", "en": "Explained"},
    {"ko": "조치 완료", "ja": "対応済み", "en": "Fixed"},
    {"ko": "처리 불가", "ja": "対応不可", "en": "Not possible"},
    {"ko": "중복 문의", "ja": "重複", "en": "Duplicate"},
)


@command
def set_up_desk(actor: Actor, *, language: str) -> None:
    """Give a new organization its first stages and categories; does nothing where there are stages already."""
    if Stage.objects.exists():
        return
    Stage.bulk(
        [
            Stage(names=names, colour=colour, order=order, status=status)
            for order, (status, names, colour) in enumerate(STAGES)
        ]
    )
    for tree, all_names in ((INTAKE, CATEGORIES), (HANDLING, HANDLINGS)):
        for order, names in enumerate(all_names):
            tree.model(name=names.get(language, names["en"]), names=names, order=order).save()
