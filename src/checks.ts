import { readFileSync } from 'node:fs';
import { AuthorityCheck } from './authority/authority-check.ts';
import { commandSecrets } from './auth/secrets.ts';
import type { Backend } from './backend/backend.ts';
import { commandRedisBackend, dataDirectory, embeddedBackend, hasEmbeddedData, isRedisConfigured } from './backends.ts';
import {
  check,
  durabilityChecks,
  ntpCheck,
  portCheck,
  backendChecks,
  type Check,
  type Finding,
} from './commands/check.ts';
import { keySetCheck } from './commands/check-sso.ts';
import type { Environment } from './config.ts';
import { UserError } from './lifecycle.ts';
import { internalOptions, publicOptions } from './listening.ts';
import { silentLogger } from './logger.ts';
import type { AllConfig } from './roles.ts';
import { createApp } from './web/app.ts';
import { certificateProblem } from './web/certificate.ts';
import { ssoSettings } from './web/sso-settings.ts';
import { loadUws } from './web/uws.ts';

/** The checks of a valid configuration, and the backend that they start. The caller stops it. */
export async function checksFor(
  config: AllConfig,
  environment: Environment,
): Promise<{ checks: Check[]; backend: Backend }> {
  const { host = '::', port, internalPort, internalHost = host, tlsCert, tlsKey } = config;
  const others = (backend: Backend): Check[] => [
    ...authorityChecks(config, backend),
    secretCheck(config, backend, environment),
    ...ssoChecks(config),
    ...(tlsCert === undefined && tlsKey === undefined ? [] : [tlsCheck(config)]),
    portCheck(publicOptions, { host, port }, tlsCert !== undefined),
    ...(internalPort === undefined
      ? []
      : [portCheck(internalOptions, { host: internalHost, port: internalPort }, false)]),
  ];
  const log = silentLogger();
  if (!isRedisConfigured(config)) {
    const directory = dataDirectory(config, environment);
    if (hasEmbeddedData(directory)) {
      const backend = embeddedBackend(directory, false, log);
      return { checks: [...backendChecks(backend, 'data'), ...others(backend)], backend };
    }
  }
  const backend = await commandRedisBackend(config, log);
  return { checks: [...backendChecks(backend, 'redis'), ...durabilityChecks(backend), ...others(backend)], backend };
}

function ssoChecks(config: AllConfig): Check[] {
  const name = 'shared sign-in';
  try {
    const settings = ssoSettings(config);
    if (settings === null) return [];
    const { tokens, warnings } = settings;
    const agree = check(name, async () => 'the options agree');
    const warned: Check = async () => warnings.map((text) => ({ name, level: 'warn', text }));
    const keys = tokens !== null && 'jwks' in tokens.keys ? [keySetCheck(`${name} keys`, tokens.keys.jwks)] : [];
    return [agree, warned, ...keys];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [check(name, () => Promise.reject(error))];
  }
}

function authorityChecks({ ntpServers, ntpAlarmMs }: AllConfig, backend: Backend): Check[] {
  if (ntpServers === undefined) return [];
  const options = { servers: ntpServers, alarmMs: ntpAlarmMs, time: backend.time, log: silentLogger() };
  return [ntpCheck(new AuthorityCheck(options), backend.time, ntpAlarmMs)];
}

function tlsCheck(config: AllConfig): Check {
  const name = 'tls';
  const load = check(name, async () => {
    createApp(config, await loadUws()).close();
    return 'the certificate and its key can be loaded';
  });
  return async () => {
    const loaded = await load();
    if (config.tlsCert === undefined || loaded.some(({ level }) => level === 'WRONG')) return loaded;
    const problem = certificateProblem(readFileSync(config.tlsCert, 'utf8'), Date.now());
    if (problem === null) return loaded;
    const level: Finding['level'] = problem.isFatal ? 'WRONG' : 'warn';
    return [{ name, level, text: `${config.tlsCert}: the certificate ${problem.message}` }];
  };
}

function secretCheck(config: AllConfig, backend: Backend, environment: Environment): Check {
  const { secrets } = config;
  return check('secret', async () => {
    if (secrets === undefined) {
      commandSecrets(undefined, backend, () => dataDirectory(config, environment))();
      return 'stored with the data, and long enough';
    }
    return secrets.length === 1 ? 'long enough' : `${secrets.length}, each long enough; the first one signs`;
  });
}
