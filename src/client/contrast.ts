/** The contrast of two `#rrggbb` colors as WCAG 2 defines it, 1 to 21. */
export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** Black or white, whichever contrasts more with a color. */
export function opposite(rgb: string): string {
  return contrast(rgb, '#000000') > contrast(rgb, '#ffffff') ? '#000000' : '#ffffff';
}

/** Relative luminance, 0 to 1. */
function luminance(rgb: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(rgb.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
