// Loaded into each role with NODE_OPTIONS: SIGUSR2 collects garbage and returns the pages that this frees to the system.
// A plain collection keeps them, so that memory would depend on the last burst of work.
process.on('SIGUSR2', () => globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' }));
