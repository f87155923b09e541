export function requestFrame(run: (frameAt: number) => void): () => void {
  const frame = requestAnimationFrame(run);
  return () => cancelAnimationFrame(frame);
}

/** Path and query of this page, encoded as a value of a query. */
export function pathAndQuery(): string {
  return encodeURIComponent(location.pathname + location.search).replace(/%2F/g, '/');
}

export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}
