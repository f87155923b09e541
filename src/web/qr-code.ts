import { encode } from 'uqr';

/** A QR code as the path of an SVG, in modules. */
export interface QrCode {
  /** The side, including the quiet zone. */
  size: number;
  path: string;
}

/** ISO 18004 requires four modules around the code. */
const quietZone = 4;

export function qrCode(text: string): QrCode {
  const { size, data } = encode(text, { ecc: 'M', border: quietZone });
  const rows = data.map((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')).join(''));
  return { size, path: rows.join('') };
}
