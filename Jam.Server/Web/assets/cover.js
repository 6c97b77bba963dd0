// A picture for a track that brings none: drawn from its id, so that it is the same on every page.

const SIZE = 240;

function numbers(id) {
  let seed = Number.parseInt(id.slice(0, 8), 16) || 1;
  return () => {
    seed = (Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    return ((seed ^ (seed >>> 13)) >>> 0) / 2 ** 32;
  };
}

/** Draws it into a canvas. */
export function drawCover(canvas, id) {
  const next = numbers(id ?? '5ad1b8c0');
  const hue = id ? Math.floor(next() * 360) : 168;
  canvas.width = SIZE;
  canvas.height = SIZE;
  const g = canvas.getContext('2d');
  const sky = g.createLinearGradient(0, 0, SIZE, SIZE);
  sky.addColorStop(0, `hsl(${hue} 45% 26%)`);
  sky.addColorStop(1, `hsl(${(hue + 60) % 360} 50% 12%)`);
  g.fillStyle = sky;
  g.fillRect(0, 0, SIZE, SIZE);
  g.lineCap = 'round';
  g.lineWidth = 7;
  for (let i = 0; i < 15; i++) {
    const x = 22 + i * 14;
    const half = (0.12 + 0.88 * next() * Math.sin(((i + 1) / 16) * Math.PI)) * 84;
    g.strokeStyle = `hsl(${(hue + i * 6) % 360} 75% ${58 + next() * 14}% / ${id ? 0.92 : 0.35})`;
    g.beginPath();
    g.moveTo(x, SIZE / 2 - half);
    g.lineTo(x, SIZE / 2 + half);
    g.stroke();
  }
}
