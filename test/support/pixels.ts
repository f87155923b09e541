import type { Browser } from 'playwright-core';

/** Pixels of a screenshot, by columns and rows from its top left corner: red, green, blue and opacity, 0 to 255 each. */
export async function pixelsOf(
  browser: Browser,
  screenshot: Buffer,
  positions: readonly (readonly [x: number, y: number])[],
): Promise<number[][]> {
  const page = await browser.newPage();
  const pixels: number[][] = await page.evaluate(`(async () => {
    const image = new Image();
    image.src = 'data:image/png;base64,${screenshot.toString('base64')}';
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
    canvas.drawImage(image, 0, 0);
    return ${JSON.stringify(positions)}.map(([x, y]) => [...canvas.getImageData(x, y, 1, 1).data]);
  })()`);
  await page.close();
  return pixels;
}
