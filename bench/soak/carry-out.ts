import type { Interruption } from '../../test/support/tick-ledger.ts';
import { passes, until } from '../../test/support/until.ts';
import { openClients } from '../clients.ts';
import type { Fault, FaultStep } from './fault-list.ts';
import type { SoakInstallation } from './installation.ts';
import type { Population } from './population.ts';
import type { RoleSlot } from './role-slot.ts';

const socketsAtOnce = 500;

export interface Scene {
  installation: SoakInstallation;
  population: Population;
}

/** Carries out the steps in order. Returns when each fault interrupted what. */
export async function carryOut(
  steps: readonly FaultStep[],
  scene: Scene,
  onStep: (step: FaultStep, tookMs: number) => void,
): Promise<Interruption[]> {
  const interruptions: Interruption[] = [];
  const begin = performance.now();
  for (const step of steps) {
    await passes(Math.max(0, begin + step.atMs - performance.now()));
    const startedAt = performance.now();
    await Promise.all(
      step.faults.map(async (fault) => {
        const from = Date.now();
        await run(fault, scene);
        const scope = scopeOf(fault);
        if (scope !== null) interruptions.push({ ...scope, from, to: Date.now() });
      }),
    );
    onStep(step, performance.now() - startedAt);
  }
  return interruptions;
}

async function run(fault: Fault, { installation, population }: Scene): Promise<void> {
  const { slots, redis, webProxies } = installation;
  switch (fault.kind) {
    case 'kill':
      return slotOf(installation, fault).kill(fault.forMs);
    case 'freeze':
      return slotOf(installation, fault).freeze(fault.forMs);
    case 'cut-redis':
      return slotOf(installation, fault).cutRedis(fault.forMs);
    case 'cut-clients': {
      const proxy = webProxies[fault.index];
      proxy?.silence();
      await passes(fault.forMs);
      return proxy?.restore();
    }
    case 'reset-clients':
      for (const connection of webProxies[fault.index]?.connections() ?? []) connection.cut();
      return;
    case 'freeze-redis':
      redis.pause();
      await passes(fault.forMs);
      return redis.resume();
    case 'kill-redis':
      await redis.crash();
      await passes(fault.forMs);
      return redis.begin();
    case 'restart':
      for (const some of fault.role === 'every' ? Object.values(slots) : [slots[fault.role]]) {
        for (const slot of some.slice(fault.first)) await slot.restart();
      }
      return;
    case 'end-sessions':
      return population.endSessions(fault.count);
    case 'churn':
      return churn(installation, fault.count);
  }
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

function slotOf(
  { slots }: SoakInstallation,
  fault: Extract<Fault, { role: keyof typeof slots; index: number }>,
): RoleSlot {
  return slots[fault.role][fault.index] as RoleSlot;
}

/** Which clients a fault may keep existing ticks from; null: none. */
function scopeOf(fault: Fault): Pick<Interruption, 'cause' | 'web'> | null {
  switch (fault.kind) {
    case 'kill':
    case 'freeze':
      return fault.role === 'web' ? { cause: 'process', web: fault.index } : null;
    case 'cut-redis':
      return fault.role === 'web' ? { cause: 'network', web: fault.index } : null;
    case 'cut-clients':
      return { cause: 'network', web: fault.index };
    default:
      // Nobody may miss a tick on an open socket.
      return null;
  }
}

/** Resolves when every process is ready and every client is live. */
export async function recovered({ installation, population }: Scene): Promise<void> {
  for (const { role, process } of installation.allSlots) {
    await until(async () => (await process.ask('/ready')).status === 200, `${role} is ready`, 60_000, 50);
  }
  await population.allLive();
}
