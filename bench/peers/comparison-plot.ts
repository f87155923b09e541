import { type Comparison, figureOf } from './comparison.ts';
import { shortName } from './comparison-table.ts';

const width = 800;
const labels = 250;
const barHeight = 14;
const top = 56;
const colors = ['#8fb3d9', '#1f5f9e'];
/** The axis is logarithmic: the systems differ by a factor of thirty. */
const [least, most] = [1, 1_000];

/** The CPU per message of each system, as horizontal bars, one for each number of sockets. SVG. */
export function comparisonPlot(comparison: Comparison): string {
  const sizes = [...new Set(comparison.measurements.map(({ sockets }) => sockets))];
  const rowHeight = sizes.length * barHeight + 16;
  const height = top + comparison.peers.length * rowHeight + 44;
  const x = (us: number): number => labels + (Math.log(us / least) / Math.log(most / least)) * (width - labels - 40);
  const rows = comparison.peers.map(({ id, name }, index) => {
    const y = top + index * rowHeight;
    const bars = sizes.map((sockets, size) => {
      const spread = figureOf(comparison, id, sockets, 'cpuUsPerMessage');
      const barY = y + size * barHeight;
      const middle = barY + barHeight / 2;
      if (spread === null) return `<text x="${labels + 4}" y="${barY + 11}" fill="#777">not measured</text>`;
      return (
        `<rect x="${labels}" y="${barY + 1}" width="${x(spread.median) - labels}" height="${barHeight - 2}" fill="${colors[size % 2]}"/>` +
        `<line x1="${x(spread.min)}" x2="${x(spread.max)}" y1="${middle}" y2="${middle}" stroke="#000"/>` +
        `<text x="${x(spread.max) + 5}" y="${barY + 11}">${spread.median.toFixed(spread.median < 100 ? 1 : 0)}</text>`
      );
    });
    const labelY = y + (sizes.length * barHeight) / 2 + 4;
    return `<text x="${labels - 8}" y="${labelY}" text-anchor="end">${shortName(name)}</text>${bars.join('')}`;
  });
  const bottom = height - 40;
  const marks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000].map(
    (us) =>
      `<line x1="${x(us)}" x2="${x(us)}" y1="${top - 6}" y2="${bottom}" stroke="#8884"/>` +
      `<text x="${x(us)}" y="${bottom + 16}" text-anchor="middle">${us}</text>`,
  );
  const legend = sizes.map((sockets, size) => {
    const legendX = labels + size * 140;
    return (
      `<rect x="${legendX}" y="20" width="12" height="12" fill="${colors[size % 2]}"/>` +
      `<text x="${legendX + 18}" y="31">${sockets.toLocaleString('en')} sockets</text>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">` +
    `<rect width="100%" height="100%" fill="#fff"/>${marks.join('')}${rows.join('')}${legend.join('')}` +
    `<text x="${width / 2}" y="${height - 8}" text-anchor="middle">` +
    `CPU of the server per delivered message, µs, logarithmic; black lines span the rounds</text></svg>\n`
  );
}
