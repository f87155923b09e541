// Loaded into each role with NODE_OPTIONS: SIGUSR2 collects garbage, so that memory can be compared.
process.on('SIGUSR2', () => globalThis.gc());
