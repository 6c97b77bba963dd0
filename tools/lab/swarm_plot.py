"""Chunks over time per peer, as SVG."""
import html

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 960, 480, 56, 40, 44, 130
COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"]


def draw(path, title, curves, bound_s, chunks):
    """`curves` is name -> [(seconds, chunks)]."""
    end = max([bound_s * 1.05] + [points[-1][0] for points in curves.values() if points])
    end = min(end, 4 * bound_s)

    def x(seconds):
        return LEFT + (WIDTH - LEFT - RIGHT) * min(seconds, end) / end

    def y(count):
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * count / chunks

    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             f'<text x="{LEFT}" y="24" font-size="15">{html.escape(title)}</text>']
    for i in range(6):
        at, count = end * i / 5, chunks * i / 5
        lines.append(f'<line x1="{x(at):.1f}" y1="{y(0)}" x2="{x(at):.1f}" y2="{y(chunks)}" stroke="#ddd"/>')
        lines.append(f'<line x1="{x(0)}" y1="{y(count):.1f}" x2="{x(end):.1f}" y2="{y(count):.1f}" stroke="#ddd"/>')
        lines.append(f'<text x="{x(at):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{at:.1f} s</text>')
        lines.append(f'<text x="{LEFT - 6}" y="{y(count) + 4:.1f}" text-anchor="end">{count:.0f}</text>')
    lines.append(f'<line x1="{x(bound_s):.1f}" y1="{y(0)}" x2="{x(bound_s):.1f}" y2="{y(chunks)}" stroke="black" stroke-dasharray="4 3"/>')
    lines.append(f'<text x="{x(bound_s):.1f}" y="{TOP - 6}" text-anchor="middle">bound {bound_s:.2f} s</text>')
    for index, (name, points) in enumerate(curves.items()):
        colour = COLOURS[index % len(COLOURS)]
        steps = " ".join(f"{x(at):.1f},{y(count):.1f}" for at, count in points if at <= end)
        lines.append(f'<polyline points="{steps}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        lines.append(f'<text x="{WIDTH - RIGHT + 10}" y="{TOP + 14 * index + 10}" fill="{colour}">{html.escape(name)}</text>')
    lines.append("</svg>")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
