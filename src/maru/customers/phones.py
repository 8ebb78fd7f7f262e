"""Phone numbers in the form in which they are compared."""

import re


def fold_phone(phone: str) -> str:
    """Digits of a phone number with the Korean, Japanese or other country prefix taken back to a leading zero."""
    digits = re.sub(r"\D", "", phone)
    if phone.strip().startswith("+") or digits.startswith(("8210", "8190", "8180", "8170")):
        for prefix in ("82", "81"):
            if digits.startswith(prefix) and len(digits) > 9:
                return "0" + digits[2:].lstrip("0")
    return digits
