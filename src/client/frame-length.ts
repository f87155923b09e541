const defaultMs = 1_000 / 60;
/** A longer gap means that the browser skipped frames. */
const longestMs = 50;
const gapsPerMeasurement = 5;
const measureAgainAfterMs = 60_000;
/** Firefox delivers the first frames after an idle time in quick succession: the gap before the fourth is reliable. */
const firstReliableFrame = 4;

/** Measures how long the screen shows a frame: the median gap of frames that were requested one after another. */
export class FrameLength {
  #ms = defaultMs;
  #gaps: number[] = [];
  #measuredAt = -Infinity;
  #framesInRow = 0;
  #lastFrameAt = 0;

  /** The frame length, ms; 16.7 until it is measured. */
  get ms(): number {
    return this.#ms;
  }

  /** Whether several frames in a row should be requested; `now` is monotonic, ms. */
  isMeasurementDue(now: number): boolean {
    return now - this.#measuredAt > measureAgainAfterMs;
  }

  /** A frame began at `frameAt`; the previous frame's callback requested it unless `interrupt` was called since. */
  add(frameAt: number): void {
    const gapMs = frameAt - this.#lastFrameAt;
    this.#lastFrameAt = frameAt;
    this.#framesInRow += 1;
    if (this.#framesInRow < firstReliableFrame || gapMs <= 0 || gapMs > longestMs) return;
    this.#gaps.push(gapMs);
    if (this.#gaps.length < gapsPerMeasurement) return;
    this.#ms = this.#gaps.sort((a, b) => a - b)[Math.floor(gapsPerMeasurement / 2)] || defaultMs;
    this.#gaps = [];
    this.#measuredAt = frameAt;
  }

  /** Something other than a frame happened: the next frame starts a new row. */
  interrupt(): void {
    this.#framesInRow = 0;
  }
}
