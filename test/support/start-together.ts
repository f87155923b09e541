type Closable = AsyncDisposable | { close: () => Promise<unknown> };

/** Like `Promise.all` over what is being started. If one start fails, closes what the others have started. */
export async function startTogether<const Starts extends readonly Promise<Closable>[]>(
  ...starts: Starts
): Promise<{ -readonly [Index in keyof Starts]: Awaited<Starts[Index]> }> {
  try {
    return await Promise.all(starts);
  } catch (error) {
    for (const start of await Promise.allSettled(starts)) {
      if (start.status === 'fulfilled') await close(start.value);
    }
    throw error;
  }
}

async function close(started: Closable): Promise<void> {
  if ('close' in started) await started.close();
  else await started[Symbol.asyncDispose]();
}
