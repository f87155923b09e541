import { freePort } from './free-port.ts';
import { RedisServer } from './redis-server.ts';
import { until } from './until.ts';

const slotRanges = [
  ['0', '5460'],
  ['5461', '10922'],
  ['10923', '16383'],
] as const;

/** A cluster of three masters, each with a replica if it has six nodes. */
export class RedisCluster implements AsyncDisposable {
  readonly masters: readonly RedisServer[];
  /** In the order of their masters. */
  readonly replicas: readonly RedisServer[];

  private constructor(masters: readonly RedisServer[], replicas: readonly RedisServer[]) {
    this.masters = masters;
    this.replicas = replicas;
  }

  /** Resolves when all nodes serve and every replica has the data of its master. */
  static async start(nodes: 3 | 6): Promise<RedisCluster> {
    const servers: RedisServer[] = [];
    const busPorts: string[] = [];
    for (let n = 0; n < nodes; n++) {
      const busPort = String(await freePort());
      busPorts.push(busPort);
      servers.push(
        await RedisServer.start({
          settings: {
            'cluster-enabled': 'yes',
            'cluster-port': busPort,
            'cluster-node-timeout': '1000',
            // Otherwise the loss of any master stops all slots until its replica has replaced it.
            'cluster-require-full-coverage': 'no',
            'repl-diskless-sync-delay': '0',
            appendonly: 'yes',
            'maxmemory-policy': 'noeviction',
          },
        }),
      );
    }
    const cluster = new RedisCluster(servers.slice(0, 3), servers.slice(3));
    const [first] = servers as [RedisServer];
    for (const [index, node] of servers.entries()) {
      const range = slotRanges[index];
      if (range !== undefined) await node.cli('CLUSTER', 'ADDSLOTSRANGE', ...range);
      await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
      if (index > 0) await first.cli('CLUSTER', 'MEET', '127.0.0.1', String(node.port), busPorts[index] ?? '');
    }
    const knowsAll = new RegExp(`cluster_state:ok[^]*cluster_known_nodes:${nodes}`);
    for (const node of servers) {
      await until(async () => knowsAll.test(await node.cli('CLUSTER', 'INFO')), 'the cluster', 60_000, 100);
    }
    for (const [index, replica] of cluster.replicas.entries()) {
      const id = (await cluster.masters[index]?.cli('CLUSTER', 'MYID')) ?? '';
      await replica.cli('CLUSTER', 'REPLICATE', id);
      await until(async () => /^slave[^]*connected/.test(await replica.cli('ROLE')), 'the replica', 60_000, 100);
    }
    return cluster;
  }

  get url(): string {
    return `redis+cluster://${[...this.masters, ...this.replicas].map(({ port }) => `127.0.0.1:${port}`).join()}`;
  }

  /** The position of the master that serves the slot of a key. */
  async masterOf(key: string): Promise<number> {
    for (const [index, node] of this.masters.entries()) {
      if (!(await node.cli('EXISTS', key)).startsWith('MOVED')) return index;
    }
    throw new Error(`no node serves the slot of ${key}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.replicas, ...this.masters].map((server) => server.stop()));
  }
}
