import { passes } from '../../test/support/until.ts';
import { openClients } from '../clients.ts';
import { recoveryMs, type Fault, type FaultStep, type Role } from './fault-list.ts';
import type { Incident } from './incidents.ts';
import type { SoakInstallation } from './installation.ts';
import type { Population } from './population.ts';
import type { RoleSlot } from './role-slot.ts';

const socketsAtOnce = 500;

export interface Scene {
  installation: SoakInstallation;
  population: Population;
}

/** Carries out the steps in order. Returns which process or network each fault interrupted, and when. */
export async function carryOut(
  steps: readonly FaultStep[],
  scene: Scene,
  onStep: (step: FaultStep, tookMs: number) => void,
): Promise<Incident[]> {
  const incidents: Incident[] = [];
  const begin = performance.now();
  let endedAt = -Infinity;
  for (const step of steps) {
    const startAt = Math.max(begin + step.atMs, endedAt + recoveryMs[0]);
    await passes(Math.max(0, startAt - performance.now()));
    const startedAt = performance.now();
    const found = await Promise.all(step.faults.map((fault) => run(fault, scene)));
    endedAt = performance.now();
    incidents.push(...found.flat());
    onStep(step, endedAt - startedAt);
  }
  return incidents;
}

async function run(fault: Fault, { installation, population }: Scene): Promise<Incident[]> {
  const { redis, webProxies } = installation;
  const from = Date.now();
  switch (fault.kind) {
    case 'kill':
    case 'freeze':
    case 'cut-redis':
      return [await interrupt(fault, installation)];
    case 'cut-clients':
      webProxies[fault.index]?.silence();
      await passes(fault.forMs);
      webProxies[fault.index]?.restore();
      return [{ kind: fault.kind, role: 'web', index: fault.index, from, to: Date.now() }];
    case 'reset-clients':
      for (const connection of webProxies[fault.index]?.connections() ?? []) connection.cut();
      return [{ kind: fault.kind, role: 'web', index: fault.index, from, to: Date.now() }];
    case 'freeze-redis':
      redis.pause();
      await passes(fault.forMs);
      redis.resume();
      return [{ kind: 'freeze', role: 'redis', index: 0, from, to: Date.now() }];
    case 'kill-redis':
      await redis.crash();
      await passes(fault.forMs);
      await redis.begin();
      return [{ kind: 'kill', role: 'redis', index: 0, from, to: Date.now() }];
    case 'restart':
      return restart(installation, fault.role, fault.first);
    case 'end-sessions':
      await population.endSessions(fault.count);
      return [];
    case 'churn':
      await churn(installation, fault.count);
      return [];
  }
}

type ProcessFault = Extract<Fault, { role: Role; index: number }>;

async function interrupt({ kind, role, index, forMs }: ProcessFault, { slots }: SoakInstallation): Promise<Incident> {
  const slot = slots[role][index] as RoleSlot;
  switch (kind) {
    case 'kill':
      return { kind, role, index, ...(await slot.kill(forMs)) };
    case 'freeze':
      return { kind, role, index, ...(await slot.freeze(forMs)) };
    case 'cut-redis':
      return { kind: 'cut', role, index, ...(await slot.cutRedis(forMs)) };
  }
}

async function restart({ slots }: SoakInstallation, which: Role | 'every', first: number): Promise<Incident[]> {
  const incidents: Incident[] = [];
  for (const role of which === 'every' ? (Object.keys(slots) as Role[]) : [which]) {
    for (const [index, slot] of slots[role].entries()) {
      if (index >= first) incidents.push({ kind: 'restart', role, index, ...(await slot.restart()) });
    }
  }
  return incidents;
}

/** Opens and closes sockets at all web processes, some hundreds at once. */
async function churn(installation: SoakInstallation, count: number): Promise<void> {
  const { credential } = await installation.openSession();
  const { web: webs } = installation.slots;
  for (let opened = 0, round = 0; opened < count; opened += socketsAtOnce, round++) {
    const port = webs[round % webs.length]?.port ?? 0;
    const some = Math.min(socketsAtOnce, count - opened);
    (await openClients(port, some, '', `sessionid=${credential}`)).close();
  }
}

/** Resolves when every process is ready and every client is live. */
export async function recovered({ installation, population }: Scene): Promise<void> {
  for (const slot of installation.allSlots) await slot.ready();
  await population.allLive();
}
