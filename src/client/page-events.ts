import type { Connection } from './connection/shell.ts';

/**
 * Reports events of the page to a connection: it was hidden or shown, or the device came online or woke. `onVisible` is
 * called when the page is shown. The returned function removes the listeners.
 */
export function listenToPage(connection: Connection, onVisible: () => void): () => void {
  const setVisible = (): void => connection.setVisible(!document.hidden);
  const resume = (): void => connection.resume();
  const listeners: readonly [EventTarget, string, (event: Event) => void][] = [
    [window, 'online', () => connection.wake()],
    [window, 'pageshow', (event) => (event as PageTransitionEvent).persisted && resume()],
    [document, 'resume', resume],
    [
      document,
      'visibilitychange',
      () => {
        setVisible();
        if (document.hidden) return;
        connection.wake();
        onVisible();
      },
    ],
  ];
  setVisible();
  for (const [target, type, listener] of listeners) target.addEventListener(type, listener);
  return () => {
    for (const [target, type, listener] of listeners) target.removeEventListener(type, listener);
  };
}
