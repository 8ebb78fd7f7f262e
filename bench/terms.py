"""What is searched for, and planted in the texts accordingly often."""

RARE = tuple(f"누전{a}{b}기" for a in "차단갈물산호재보연토" for b in "다라마바")
"""Words that each stand in a handful of tickets of the largest organization."""
MEDIUM = ("세금계산서", "수료증", "비밀번호 초기화", "쿠폰이 적용되지", "배송지 변경")
COMMON = ("환불", "문의", "감사합니다", "확인 부탁", "결제")
