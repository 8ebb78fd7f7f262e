"""What is promised, and whether it holds."""

LIMITS: dict[str, tuple[str, float]] = {
    "list_p95_ms": ("≤", 60),
    "detail_p95_ms": ("≤", 60),
    "board_p95_ms": ("≤", 100),
    "search_rare_p95_ms": ("≤", 120),
    "search_medium_p95_ms": ("≤", 120),
    "search_common_p95_ms": ("≤", 120),
    "counts_p95_ms": ("≤", 30),
    "list_growth": ("≤", 1.3),
    "detail_growth": ("≤", 1.3),
    "board_growth": ("≤", 1.3),
    "search_rare_growth": ("≤", 1.3),
    "search_medium_growth": ("≤", 1.3),
    "search_common_growth": ("≤", 1.3),
    "counts_growth": ("≤", 1.3),
    "list_cpu_ms": ("≤", 16),
    "detail_cpu_ms": ("≤", 18),
    "search_cpu_ms": ("≤", 25),
    "create_cpu_ms": ("≤", 20),
    "mail_cpu_ms": ("≤", 25),
    "form_p95_ms": ("≤", 100),
    "api_tickets_per_s": ("≥", 100),
    "mails_per_s": ("≥", 40),
    "mail_to_ticket_p95_s": ("≤", 2),
    "fanout_p95_ms": ("≤", 300),
    "start_s": ("≤", 6),
    "idle_mb": ("≤", 450),
}


def verdict(figures: dict[str, float]) -> str:
    """A table: figure, measured, promised, and by how much it is missed."""
    lines = []
    for name, (sign, promised) in LIMITS.items():
        value = figures[name]
        met = value <= promised if sign == "≤" else value >= promised
        missed = "" if met else f"   missed by {abs(value - promised):.2f}"
        lines.append(f"{name:24} {value:10.2f}   {sign} {promised:g}{missed}")
    return "\n".join(lines)
