import { runInBackground } from '../background.ts';

/** Keeps the screen on if the browser can; requests it again whenever the page becomes visible, and on a tap. */
export function keepAwake(): void {
  if (!('wakeLock' in navigator) || !isAllowed()) return;
  let lock: WakeLockSentinel | null = null;
  const request = async (): Promise<void> => {
    if (document.hidden || lock?.released === false) return;
    // iOS requires a tap first, and a device that saves power refuses: the next event tries again.
    lock = await navigator.wakeLock.request('screen').catch(() => null);
  };
  const onEvent = (): void => runInBackground(request());
  document.addEventListener('visibilitychange', onEvent);
  document.addEventListener('click', onEvent);
  onEvent();
}

/** False in a frame whose page does not delegate the permission: a request there would log an error in the console. */
function isAllowed(): boolean {
  const { featurePolicy } = document as { featurePolicy?: { allowsFeature(name: string): boolean } };
  return featurePolicy?.allowsFeature('screen-wake-lock') ?? window === top;
}
