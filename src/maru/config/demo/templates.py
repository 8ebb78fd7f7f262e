"""Prepared answers of the demo company: title, search code, HTML with merge codes."""

TEMPLATES = (
    (
        "접수 확인",
        "접수",
        "<p>안녕하세요, #{customer.name}님. #{organization.name}입니다.</p>"
        "<p>문의 주신 「#{ticket.title}」(#{ticket.number})을 확인했습니다. 살펴본 뒤 다시 안내해 드리겠습니다.</p>"
        "<p>감사합니다.<br>#{agent.name} 드림</p>",
    ),
    (
        "환불 안내",
        "환불",
        "<p>안녕하세요, #{customer.name}님.</p><p>환불을 접수했습니다. 결제 수단에 따라 영업일 기준 3~5일 안에 처리됩니다.</p>"
        "<p>불편을 드려 죄송합니다.<br>#{agent.name} 드림</p>",
    ),
    (
        "비밀번호 재설정 안내",
        "비번",
        "<p>안녕하세요, #{customer.name}님.</p><p>로그인 화면의 <b>비밀번호 찾기</b>에서 메일 주소를 입력하시면 재설정 링크를 보내 드립니다.</p>"
        "<ul><li>메일이 보이지 않으면 스팸함을 확인해 주세요.</li><li>링크는 한 시간 동안 쓸 수 있습니다.</li></ul>"
        "<p>#{agent.name} 드림</p>",
    ),
    (
        "受付のご連絡",
        "uketsuke",
        "<p>#{customer.name}様</p><p>お問い合わせありがとうございます。#{organization.name}の#{agent.name}です。</p>"
        "<p>「#{ticket.title}」（#{ticket.number}）を承りました。確認のうえ、あらためてご連絡いたします。</p>",
    ),
    (
        "We are looking into it",
        "looking",
        "<p>Dear #{customer.name},</p><p>Thank you for writing to us about “#{ticket.title}” (#{ticket.number}). "
        "We are looking into it and will write again soon.</p><p>#{agent.name}, #{organization.name}</p>",
    ),
)
