import type { Backend } from './backend/backend.ts';
import { dataFolder, embeddedBackend, hasEmbeddedData, namesRedis, redisBackend } from './backends.ts';
import { portCheck, storeChecks, type Check } from './commands/check.ts';
import type { Environment } from './config.ts';
import { silentLogger } from './logger.ts';
import type { AllConfig } from './roles.ts';
import { createApp } from './web/app.ts';
import { loadUws } from './web/uws.ts';

/** The checks of a valid configuration, and the store that they start. The caller stops it. */
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
      return { checks: [...storeChecks(store, null), storedSecretCheck(config), ...ports], store };
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
      return 'the certificate and its key can be loaded';
    },
  };
}

function secretCheck({ secrets }: AllConfig): Check {
  return {
    name: 'secret',
    run: async () => {
      if (secrets === undefined)
        throw new Error("CLOCK_SECRET: missing, and web requires it; 'clock secret' makes one");
      return secrets.length === 1 ? 'long enough' : `${secrets.length}, each long enough; the first one signs`;
    },
  };
}

function storedSecretCheck({ secrets }: AllConfig): Check {
  const text = secrets === undefined ? 'stored with the data' : 'long enough';
  return { name: 'secret', run: async () => text };
}
