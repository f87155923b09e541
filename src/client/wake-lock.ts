/** Keeps the screen on, where the browser can: asks again after each time that it was hidden, and on a tap. */
export function keepAwake(): void {
  if (!('wakeLock' in navigator)) return;
  let lock: WakeLockSentinel | null = null;
  const ask = async (): Promise<void> => {
    if (document.hidden || lock?.released === false) return;
    // iOS wants a tap first, and a device that saves power refuses: the next occasion tries again.
    lock = await navigator.wakeLock.request('screen').catch(() => null);
  };
  document.addEventListener('visibilitychange', () => void ask());
  document.addEventListener('click', () => void ask());
  void ask();
}
