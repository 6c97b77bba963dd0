// Lines over time, drawn a few times a second.

const HEIGHT = 250;
const LEFT = 52;
const BOTTOM = 20;

// 1, 2 or 5 times a power of ten that gives about four steps.
function niceStep(span) {
  const raw = span / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((f) => f * power).find((s) => s >= raw);
}

/** A chart in a canvas. */
export class LineChart {
  #canvas;
  #g;
  #isTime;

  constructor(canvas, { isTime }) {
    this.#canvas = canvas;
    this.#g = canvas.getContext('2d');
    this.#isTime = isTime;
  }

  /** Draws lines: [{color, points: [[x, y]], isDashed}], x range, y range (symmetrical around zero where there is none), unit. */
  draw({ lines, x, y, unit }) {
    const canvas = this.#canvas;
    const dpr = devicePixelRatio || 1;
    const width = canvas.parentElement.clientWidth - parseFloat(getComputedStyle(canvas.parentElement).paddingLeft) * 2;
    const [w, h] = [Math.round(width * dpr), Math.round(HEIGHT * dpr)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const g = this.#g;
    const style = getComputedStyle(canvas);
    const [ink, faint] = [style.getPropertyValue('--mute').trim(), style.getPropertyValue('--line').trim()];
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    g.clearRect(0, 0, width, HEIGHT);
    const [low, high] = y ?? this.#range(lines);
    const px = (v) => LEFT + ((v - x[0]) / (x[1] - x[0])) * (width - LEFT - 6);
    const py = (v) => 8 + (1 - (v - low) / (high - low)) * (HEIGHT - BOTTOM - 8);
    g.font = '11px system-ui, sans-serif';
    g.textBaseline = 'middle';
    g.lineWidth = 1;
    g.textAlign = 'right';
    const step = niceStep(high - low);
    for (let v = Math.ceil(low / step) * step; v <= high + 1e-9; v += step) {
      g.strokeStyle = faint;
      g.beginPath();
      g.moveTo(LEFT, py(v));
      g.lineTo(width - 6, py(v));
      g.stroke();
      g.fillStyle = ink;
      g.fillText(unit(v), LEFT - 6, py(v));
    }
    g.textAlign = 'center';
    const xStep = niceStep(x[1] - x[0]);
    for (let v = Math.ceil(x[0] / xStep) * xStep; v <= x[1] + 1e-9; v += xStep)
      g.fillText(this.#isTime && v === 0 ? 'now' : `${v} s`, Math.min(width - 14, px(v)), HEIGHT - 8);
    g.save();
    g.beginPath();
    g.rect(LEFT, 4, width - LEFT, HEIGHT - BOTTOM);
    g.clip();
    g.lineJoin = 'round';
    for (const line of lines) {
      g.strokeStyle = line.color ?? style.getPropertyValue('--ink').trim();
      g.lineWidth = line.isDashed ? 2 : lines.length > 12 ? 1 : 1.6;
      g.setLineDash(line.isDashed ? [6, 5] : []);
      g.beginPath();
      line.points.forEach(([a, b], i) => (i ? g.lineTo(px(a), py(b)) : g.moveTo(px(a), py(b))));
      g.stroke();
    }
    g.restore();
  }

  #range(lines) {
    const all = lines.flatMap((l) => l.points.map((p) => Math.abs(p[1]))).sort((a, b) => a - b);
    // A start or a seek may be far off for a moment; it must not flatten the rest.
    const most = Math.max(50, all[Math.floor(all.length * 0.98)] ?? 0, all.length < 50 ? (all.at(-1) ?? 0) : 0);
    return [-most * 1.15, most * 1.15];
  }
}
