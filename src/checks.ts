import type { Backend } from './backend/backend.ts';
import { dataFolder, embeddedBackend, hasEmbeddedData, namesRedis, redisBackend } from './backends.ts';
import { portCheck, storeChecks, type Check } from './commands/check.ts';
import type { Environment } from './config.ts';
import { silentLogger } from './logger.ts';
import type { AllConfig } from './roles.ts';
import { createApp } from './web/app.ts';
import { loadUws } from './web/uws.ts';

/** What `clock check` looks at for a configuration that could be read, and the store that it has to open for it. */
export function checksFor(config: AllConfig, environment: Environment): { checks: Check[]; store: Backend } {
  const { host = '0.0.0.0', port, internalPort } = config;
  const ports = [
    ...(config.tlsCert === undefined && config.tlsKey === undefined ? [] : [tlsCheck(config)]),
    portCheck('--port', host, port, config.tlsCert !== undefined),
    ...(internalPort === undefined ? [] : [portCheck('--internal-port', host, internalPort, false)]),
  ];
  const log = silentLogger();
  if (!namesRedis(config)) {
    const folder = dataFolder(config, environment);
    if (hasEmbeddedData(folder)) {
      const store = embeddedBackend(folder, false, log);
      return { checks: [...storeChecks(store, null), keptSecretCheck(config), ...ports], store };
    }
  }
  const store = redisBackend(config, log);
  return { checks: [...storeChecks(store, () => store.checkDurability()), secretCheck(config), ...ports], store };
}

function tlsCheck(config: AllConfig): Check {
  return {
    name: 'tls',
    run: async () => {
      createApp(config, await loadUws()).close();
      return 'the certificate and its key can be used';
    },
  };
}

function secretCheck({ secrets }: AllConfig): Check {
  return {
    name: 'secret',
    run: async () => {
      if (secrets === undefined) throw new Error("CLOCK_SECRET is missing, and web needs it: 'clock secret' makes one");
      return secrets.length === 1 ? 'one, long enough' : `${secrets.length}, each long enough; the first signs`;
    },
  };
}

function keptSecretCheck({ secrets }: AllConfig): Check {
  const words = secrets === undefined ? 'kept with the data' : 'given, and long enough';
  return { name: 'secret', run: async () => words };
}
