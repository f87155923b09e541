/**
 * Sends a request, and once more if it fails: a server closes a connection that was idle for some seconds, also while
 * this process, which is too busy, begins to use it.
 */
export async function again<T>(send: () => Promise<T>): Promise<T> {
  return send().catch(send);
}
