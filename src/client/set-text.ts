/** An element that the page writes texts to. */
export interface TextElement {
  textContent: string | null;
}

/** Writes a text only if it differs: writing costs layout, and screen readers announce it. */
export function setText(element: TextElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
