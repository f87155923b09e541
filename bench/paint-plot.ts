/** Draws the lateness of painted seconds. */
const width = 800;
const height = 300;
const left = 50;
const bottom = 250;
const rangeMs = 30;
const binMs = 1;

/** Overlaid histograms of lateness, as SVG. */
export function paintPlot(series: readonly { name: string; color: string; lateness: readonly number[] }[]): string {
  const x = (ms: number): number => left + ((ms + rangeMs) / (2 * rangeMs)) * (width - 2 * left);
  const histograms = series.map(({ name, color, lateness }, index) => {
    const bins = Array.from({ length: (2 * rangeMs) / binMs }, (_, bin) => {
      const from = bin * binMs - rangeMs;
      return lateness.filter((ms) => ms >= from && ms < from + binMs).length / lateness.length;
    });
    const most = Math.max(...bins);
    const bars = bins.map((part, bin) => {
      const barHeight = (part / most) * 200;
      const [barX, barWidth] = [x(bin * binMs - rangeMs), x(binMs) - x(0)];
      return `<rect x="${barX}" y="${bottom - barHeight}" width="${barWidth}" height="${barHeight}"/>`;
    });
    const label = `<text x="${left}" y="${24 + index * 18}">${name}, ${lateness.length} paints</text>`;
    return `<g fill="${color}" fill-opacity="0.55">${bars.join('')}</g><g fill="${color}">${label}</g>`;
  });
  const marks = [-30, -20, -10, 0, 10, 20, 30].map(
    (ms) =>
      `<line x1="${x(ms)}" x2="${x(ms)}" y1="50" y2="${bottom}" stroke="#8884"/>` +
      `<text x="${x(ms)}" y="${bottom + 18}" text-anchor="middle">${ms}</text>`,
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">` +
    `<rect width="100%" height="100%" fill="#fff"/>${marks.join('')}${histograms.join('')}` +
    `<text x="${width / 2}" y="${height - 8}" text-anchor="middle">ms after the second began (before: negative)</text></svg>\n`
  );
}
