import fc from 'fast-check';

// One commit, one verdict: the examples change only when somebody asks for others, with FC_SEED.
fc.configureGlobal({ seed: Number(process.env['FC_SEED'] ?? 1) });
