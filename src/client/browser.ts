export function requestFrame(run: (frameAt: number) => void): () => void {
  const frame = requestAnimationFrame(run);
  return () => cancelAnimationFrame(frame);
}

/** A part of this program that not every page needs, by the name that the build knows it by. */
export async function load<Module>(name: string): Promise<Module> {
  return (await import(name)) as Module;
}

/** Path and query of this page, as a value of a query. */
export function here(): string {
  return encodeURIComponent(location.pathname + location.search).replaceAll('%2F', '/');
}

export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}
