"""A company's one colour, turned into the four that its pages need, light and dark, with contrast kept."""

import colorsys
import re

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_LEAST = 4.5


def luminance(color: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""

    def channel(text: str) -> float:
        part = int(text, 16) / 255
        return part / 12.92 if part <= 0.03928 else float(((part + 0.055) / 1.055) ** 2.4)

    red, green, blue = (channel(color[i : i + 2]) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def is_usable(color: str) -> bool:
    """Whether white text stands out on this colour enough; forms refuse it otherwise."""
    return bool(_HEX.fullmatch(color)) and contrast(color, "#ffffff") >= _LEAST


def _shade(color: str, lightness: float, most_saturation: float = 1.0) -> str:
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, _light, saturation = colorsys.rgb_to_hls(red, green, blue)
    parts = colorsys.hls_to_rgb(hue, lightness, min(saturation, most_saturation))
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _darken_until(color: str, ground: str) -> str:
    lightness = 0.34
    shade = _shade(color, lightness)
    while contrast(shade, ground) < 5.5 and lightness > 0.05:
        lightness -= 0.03
        shade = _shade(color, lightness)
    return shade


def _lighten_until(color: str, ground: str) -> str:
    lightness = 0.74
    shade = _shade(color, lightness, 0.85)
    while contrast(shade, ground) < 6 and lightness < 0.95:
        lightness += 0.03
        shade = _shade(color, lightness, 0.85)
    return shade


def stylesheet(color: str) -> str:
    """CSS with the company's tokens for both themes. Raises ValueError for a colour `is_usable` refuses."""
    if not is_usable(color):
        raise ValueError(color)
    soft = _shade(color, 0.945, 0.6)
    dark_soft = _shade(color, 0.17, 0.42)
    bright = _lighten_until(color, dark_soft)
    light = f"--co:{color.lower()};--on-co:#ffffff;--co-soft:{soft};--co-ink:{_darken_until(color, soft)}"
    dark = (
        f"--co:{bright};--on-co:{_shade(color, 0.09, 0.6)};--co-soft:{dark_soft};"
        f"--co-ink:{_shade(color, 0.84, 0.85)};--brand-hover:color-mix(in oklab,var(--co),white 18%)"
    )
    return (
        f".pub{{{light}}}\n"
        f'[data-theme="dark"] .pub{{{dark}}}\n'
        f'@media (prefers-color-scheme:dark){{[data-theme="auto"] .pub{{{dark}}}}}\n'
    )
