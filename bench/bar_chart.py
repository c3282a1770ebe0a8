"""Draws grouped bars as SVG, on a card that reads on light and on dark pages alike. Pure."""

import math
import textwrap
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

WIDTH = 900
MARGIN = 24
LABEL_WIDTH = 230
VALUE_WIDTH = 70
BAR, BAR_GAP, GROUP_GAP = 15, 3, 16
LINE = 16
LABEL_CHARACTERS = 32
# Estimated for the sans-serif fonts of browsers at 12 px.
CHARACTER_WIDTH = 6.9
INK, FAINT, GRID, CARD, EDGE = "#1f2430", "#5b6270", "#e3e6eb", "#ffffff", "#d0d4da"
# Around values, so that they read where a line passes behind them.
HALO = f' stroke="{CARD}" stroke-width="4" paint-order="stroke"'
# Told apart by the colour-blind too; each as (whole or first part, second part).
COLOURS = {
    "fairlead": ("#005a9c", "#6db3e8"),
    "haproxy": ("#b34700", "#f0a66b"),
    "nginx": ("#00704f", "#6cc9a6"),
    "relay": ("#4d4d4d", "#b5b5b5"),
    "haproxy-splice": ("#8a6d00", "#e6cf6a"),
    "haproxy-new": ("#8f2d56", "#dd9ab7"),
    "nginx-new": ("#006d77", "#7cc7cc"),
    "haproxy-new-splice": ("#5b4a00", "#cbb96a"),
}
REST = (("#005a9c", "#6db3e8"), ("#6a3d9a", "#c1a5dd"))  # for other contestants, in turn


@dataclass(frozen=True)
class Bar:
    series: str
    value: float
    text: str
    first_part: float = 1.0  # the share that is drawn in the darker colour


@dataclass(frozen=True)
class Chart:
    title: str
    subtitle: str
    groups: list  # of (label, [Bar, ...])
    parts: tuple = ()  # what the darker and the lighter colour mean
    mark: float | None = None  # a line across all bars
    mark_text: str = ""
    names: dict = field(default_factory=dict)  # of series that have another one in the legend


def draw(chart):
    series = list(dict.fromkeys(bar.series for _, bars in chart.groups for bar in bars))
    colours = colours_of(series)
    top = MARGIN + 50 + LINE * len(legend_lines(series, chart))
    bottom = top + sum(group_height(label, bars) for label, bars in chart.groups)
    scale = Scale(max(bar.value for _, bars in chart.groups for bar in bars))
    body = [*heading(chart), *legend(series, chart, colours), *grid(scale, top, bottom)]
    if chart.mark is not None:
        body += mark(chart, scale, top, bottom)
    at = top
    for label, bars in chart.groups:
        body += group(label, bars, at, scale, colours)
        at += group_height(label, bars)
    return svg(bottom + 40, body, chart)


def colours_of(series):
    others = iter(REST)
    return {name: COLOURS[name] if name in COLOURS else next(others) for name in series}


def group_height(label, bars):
    return max(bars_height(bars), LINE * len(label_lines(label))) + GROUP_GAP


def bars_height(bars):
    return len(bars) * (BAR + BAR_GAP) - BAR_GAP


def label_lines(label):
    return textwrap.wrap(label, LABEL_CHARACTERS)


class Scale:
    """Values to places on the page, with four to eight round numbers on the way."""

    def __init__(self, highest):
        highest = highest or 1
        step = 10 ** math.floor(math.log10(highest))
        self.step = next(step * part for part in (0.1, 0.2, 0.25, 0.5, 1)
                         if highest / (step * part) <= 8 or part == 1)
        self.end = math.ceil(highest / self.step - 1e-9) * self.step
        self.left = MARGIN + LABEL_WIDTH
        self.width = WIDTH - MARGIN - VALUE_WIDTH - self.left

    def x(self, value):
        return self.left + value / self.end * self.width

    def ticks(self):
        return [number * self.step for number in range(round(self.end / self.step) + 1)]


def number_text(value):
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.4g}"


def text(x, y, content, size=12, anchor="start", fill=INK, weight="normal", more=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'fill="{fill}" font-weight="{weight}"{more}>{escape(content)}</text>')


def box(x, y, width, height, fill):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" fill="{fill}"/>'


def line(x1, y1, x2, y2, stroke, more=""):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{stroke}"{more}/>')


def heading(chart):
    return [text(MARGIN, MARGIN + 10, chart.title, 17, weight="bold"),
            text(MARGIN, MARGIN + 30, chart.subtitle, 12, fill=FAINT)]


def legend_lines(series, chart):
    """[[name, ...], ...] as they fit beside each other."""
    lines, used = [[]], 0
    for name in [*series, *chart.parts]:
        width = legend_width(name, chart)
        if used + width > WIDTH - 2 * MARGIN and lines[-1]:
            lines.append([])
            used = 0
        lines[-1].append(name)
        used += width
    return lines


def legend_width(name, chart):
    return 36 + len(chart.names.get(name, name)) * CHARACTER_WIDTH


def legend(series, chart, colours):
    parts, result = chart.parts, []
    for row, names in enumerate(legend_lines(series, chart)):
        x, y = MARGIN, MARGIN + 52 + row * LINE
        for name in names:
            dark, light = colours.get(name, ("#3a3f4a", "#b9bec8"))
            if name in parts:
                result.append(box(x, y - 10, 14, 11, (dark, light)[parts.index(name)]))
            else:
                result += [box(x, y - 10, 7, 11, dark), box(x + 7, y - 10, 7, 11,
                                                            light if parts else dark)]
            result.append(text(x + 19, y, chart.names.get(name, name)))
            x += legend_width(name, chart)
    return result


def grid(scale, top, bottom):
    result = []
    for value in scale.ticks():
        x = scale.x(value)
        result.append(line(x, top, x, bottom - GROUP_GAP / 2, GRID if value else FAINT))
        result.append(text(x, bottom + 10, number_text(value), 11, "middle", FAINT))
    return result


def group(label, bars, top, scale, colours):
    lines = label_lines(label)
    middle = top + group_height(label, bars) / 2
    first_line = middle - LINE * len(lines) / 2 + 12
    first_bar = middle - bars_height(bars) / 2
    result = [text(scale.left - 10, first_line + LINE * number, one, anchor="end")
              for number, one in enumerate(lines)]
    for number, bar in enumerate(bars):
        result += one_bar(bar, first_bar + number * (BAR + BAR_GAP), scale, colours)
    return result


def one_bar(bar, y, scale, colours):
    dark, light = colours[bar.series]
    whole = scale.x(bar.value) - scale.left
    first = whole * bar.first_part
    parts = [box(scale.left, y, first, BAR, dark)]
    if bar.first_part < 1:
        parts.append(box(scale.left + first, y, whole - first, BAR, light))
    return [*parts, text(scale.left + whole + 5, y + BAR - 3.5, bar.text, 11, more=HALO)]


def mark(chart, scale, top, bottom):
    x = scale.x(chart.mark)
    return [line(x, top, x, bottom - GROUP_GAP / 2, INK, ' stroke-dasharray="4 3"'),
            text(x, bottom + 26, chart.mark_text, 11, "middle", INK)]


def svg(height, body, chart):
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    card = (f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8" '
            f'fill="{CARD}" stroke="{EDGE}"/>')
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" '
        'font-family="Helvetica, Arial, DejaVu Sans, sans-serif">',
        f"<title>{escape(chart.title)}</title>", card, *body, "</svg>", ""])
