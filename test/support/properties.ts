import fc from 'fast-check';

// The same examples in every run, so that a result depends on the commit alone. FC_SEED selects others: a number, or
// `random`. A failure prints its seed.
const seed = process.env['FC_SEED'] ?? '1';
fc.configureGlobal(seed === 'random' ? {} : { seed: Number(seed) });
