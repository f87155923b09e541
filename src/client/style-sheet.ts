/** Adds a style sheet to the page, once. Rejects if the server does not deliver it. */
export async function loadStyleSheet(address: string): Promise<void> {
  if (document.querySelector(`link[href="${address}"]`) !== null) return;
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = address;
  try {
    await new Promise((resolve, reject) => {
      link.onload = resolve;
      link.onerror = () => reject(new Error(`${address} cannot be loaded`));
      document.head.append(link);
    });
  } catch (error) {
    link.remove();
    throw error;
  }
}
