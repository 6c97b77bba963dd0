"""Samples of a soak over time, one panel for each figure, as SVG."""
import html
import math

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 960, 190, 70, 120, 40, 34
COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"]


def marks(low, high):
    """Round numbers, three to six of them, that hold all from `low` to `high` between them."""
    least = (high - low) / 4
    size = 10 ** math.floor(math.log10(least))
    step = next(size * by for by in (1, 2, 2.5, 5, 10) if size * by >= least * 0.999)
    return [step * n for n in range(math.floor(low / step), math.ceil(high / step * 0.999) + 1)]


def self_test():
    """What is wrong with the marks, as lines."""
    cases = [((0, 115.3), [0, 50, 100, 150]), ((0, 142), [0, 50, 100, 150]), ((0, 20), [0, 5, 10, 15, 20]), ((0, 5.771), [0, 2, 4, 6]), ((-3, 1e3), [-500, 0, 500, 1000])]
    return [f"marks of {given}: {marks(*given)}" for given, wanted in cases if [round(m, 9) for m in marks(*given)] != wanted]


def draw(path, title, panels):
    """`panels` is [(title, {name: [(seconds, value)]})]."""
    end = max((points[-1][0] for _, curves in panels for points in curves.values() if points), default=1) or 1
    height = TOP + len(panels) * (PANEL + GAP)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             f'<text x="{LEFT}" y="22" font-size="15">{html.escape(title)}</text>']
    names = sorted({name for _, curves in panels for name in curves})
    for index, (what, curves) in enumerate(panels):
        top = TOP + index * (PANEL + GAP) + 14
        values = [value for points in curves.values() for _, value in points]
        levels = marks(min([0, *values]), max([*values, 1e-9]))
        low, high = levels[0], levels[-1]

        def x(seconds):
            return LEFT + (WIDTH - LEFT - RIGHT) * seconds / end

        def y(value):
            return top + (PANEL - 14) * (1 - (value - low) / (high - low))

        lines.append(f'<text x="{LEFT}" y="{top - 5}">{html.escape(what)}</text>')
        for value in levels:
            lines.append(f'<line x1="{LEFT}" y1="{y(value):.1f}" x2="{WIDTH - RIGHT}" y2="{y(value):.1f}" stroke="#ddd"/>')
            lines.append(f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.4g}</text>')
        for i in range(5):
            lines.append(f'<text x="{x(end * i / 4):.1f}" y="{top + PANEL}" text-anchor="middle">{end * i / 4 / 60:.1f} min</text>')
        for name, points in curves.items():
            at = names.index(name)
            shown = points[::max(1, len(points) // 2000)]
            steps = " ".join(f"{x(seconds):.1f},{y(value):.1f}" for seconds, value in shown)
            lines.append(f'<polyline points="{steps}" fill="none" stroke="{COLOURS[at % len(COLOURS)]}" stroke-width="1.2"/>')
    for at, name in enumerate(names):
        lines.append(f'<text x="{WIDTH - RIGHT + 10}" y="{TOP + 24 + 15 * at}" fill="{COLOURS[at % len(COLOURS)]}">{html.escape(name)}</text>')
    lines.append("</svg>")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
