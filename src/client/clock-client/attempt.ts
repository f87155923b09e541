/** Calls a function of the page. If it throws, that is an uncaught error of the page, and the result is false. */
export function attempt(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
    return false;
  }
}
