import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { commonOptions, unknownVariables } from '../../src/config.ts';
import { redisOptions } from '../../src/backend/options.ts';
import { webOptions } from '../../src/web/options.ts';
import { startApiServer } from '../support/api-server.ts';
import {
  container,
  manifestsIn,
  manifestsOf,
  named,
  passes,
  podSpec,
  readYaml,
  root,
  validate,
  workloads,
  type Manifest,
} from '../support/manifests.ts';

const { version } = readYaml<{ version: string }>('package.json');
const manifests = manifestsIn('k8s');
const roles = ['clock-web-api', 'clock-worker', 'clock-cron'];
const web = named(manifests, 'Deployment', 'clock-web-api');
const redis = named(manifests, 'StatefulSet', 'clock-redis');
const deployments = roles.map((name) => named(manifests, 'Deployment', name));

describe('manifests', () => {
  test('are what Kubernetes 1.33 takes, without a field that it does not know', () => {
    expect(() => validate(manifests)).not.toThrow();
  });

  test('are refused with a field that Kubernetes does not know, or a value that it does not take', () => {
    const misspelt = structuredClone(web);
    misspelt.spec.template.spec.enableServiceLink = false;
    expect(() => validate([misspelt])).toThrow('enableServiceLink');
    const wrong = structuredClone(web);
    wrong.spec.replicas = 'two';
    expect(() => validate([wrong])).toThrow('replicas');
  });

  test('are these and no others: no Namespace, no Secret', () => {
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted()).toEqual([
      'ConfigMap clock-app-config',
      'Deployment clock-cron',
      'Deployment clock-web-api',
      'Deployment clock-worker',
      'NetworkPolicy clock-default-deny',
      'NetworkPolicy clock-dns',
      'NetworkPolicy clock-metrics',
      'NetworkPolicy clock-redis',
      'NetworkPolicy clock-to-redis',
      'NetworkPolicy clock-web-api',
      'PodDisruptionBudget clock-cron',
      'PodDisruptionBudget clock-web-api',
      'PodDisruptionBudget clock-worker',
      'Service clock-redis',
      'Service clock-web-api',
      'StatefulSet clock-redis',
    ]);
    expect(manifests.every(({ metadata }) => !('namespace' in metadata))).toBe(true);
  });

  test('name one image of this version, taken where it is', () => {
    for (const deployment of deployments) {
      expect(container(deployment)).toMatchObject({ image: `clock:${version}`, imagePullPolicy: 'IfNotPresent' });
    }
    const { images } = readYaml<{ images: object[] }>('k8s/Kustomization');
    expect(images).toEqual([{ name: 'clock', newName: 'clock', newTag: version }]);
    for (const { metadata } of manifests) expect(metadata.labels?.['app.kubernetes.io/version']).toBe(version);
  });

  test('run each role by the arguments of its own', () => {
    const args = deployments.map((deployment) => container(deployment).args);
    expect(args).toEqual([['web', '--port', '8000'], ['worker'], ['beat']]);
  });

  test.each(workloads(manifests))('select by app and project: $metadata.name', ({ metadata, spec }) => {
    const labels = { app: metadata.name, project: 'clock' };
    expect(spec.selector).toEqual({ matchLabels: labels });
    for (const found of [metadata.labels, spec.template.metadata.labels]) {
      expect(found).toMatchObject({
        ...labels,
        'app.kubernetes.io/name': 'clock',
        'app.kubernetes.io/instance': 'clock',
        'app.kubernetes.io/part-of': 'clock',
        'app.kubernetes.io/managed-by': 'kubectl',
        'app.kubernetes.io/component': expect.any(String),
      });
    }
  });

  test('serve the world on 8000 and keep its addresses', () => {
    expect(named(manifests, 'Service', 'clock-web-api').spec).toMatchObject({
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      selector: { app: 'clock-web-api', project: 'clock' },
      ports: [{ port: 8000, targetPort: 8000, protocol: 'TCP' }],
    });
  });

  test('tell every role where Redis is by the shared ConfigMap', () => {
    expect(named(manifests, 'ConfigMap', 'clock-app-config').data).toEqual({ 'redis.host': 'clock-redis' });
    const valueFrom = { configMapKeyRef: { name: 'clock-app-config', key: 'redis.host' } };
    for (const deployment of deployments) {
      expect(container(deployment).env).toContainEqual({ name: 'REDIS_HOST', valueFrom });
    }
    expect(named(manifests, 'Service', 'clock-redis').spec).toMatchObject({
      type: 'ClusterIP',
      ports: [{ port: 6379 }],
    });
  });

  test('set no variable that no option reads', () => {
    const tables = [commonOptions, redisOptions, webOptions];
    for (const deployment of deployments) {
      const names = container(deployment).env?.map(({ name }) => [name, 'set']) ?? [];
      expect(unknownVariables(Object.fromEntries(names), tables)).toEqual([]);
    }
  });

  test('give web the two keys of the Secret as files that its group alone reads', () => {
    const secret = { secretName: 'clock', defaultMode: 0o440 };
    const items = ['secret', 'admin-password'].map((key) => ({ key, path: key }));
    expect(podSpec(web).volumes).toEqual([{ name: 'secrets', secret: { ...secret, items } }]);
    expect(podSpec(web).securityContext?.fsGroup).toBe(10_001);
    const files = container(web).env?.flatMap(({ name, value }) => (name.endsWith('_FILE') ? [value] : []));
    expect(files).toEqual(['/run/secrets/clock/secret', '/run/secrets/clock/admin-password']);
  });

  test('let a password for Redis be there or not', () => {
    for (const workload of workloads(manifests)) {
      const refs = container(workload).env?.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
      expect(refs).toEqual([{ name: 'clock-redis', key: 'password', optional: true }]);
    }
  });
});

describe('pods', () => {
  test.each(workloads(manifests))('of $metadata.name meet the restricted pod security standard', (workload) => {
    const { securityContext, hostNetwork, hostPID, hostIPC, volumes = [] } = podSpec(workload);
    expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(securityContext?.runAsUser).toBeGreaterThan(0);
    expect([hostNetwork, hostPID, hostIPC]).toEqual([undefined, undefined, undefined]);
    expect(volumes.every((volume) => 'secret' in volume)).toBe(true);
    expect(container(workload).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container(workload).ports?.every(({ hostPort }) => hostPort === undefined)).toBe(true);
  });

  test.each(workloads(manifests))('of $metadata.name get no service links and no token', (workload) => {
    expect(podSpec(workload)).toMatchObject({ enableServiceLinks: false, automountServiceAccountToken: false });
  });

  test.each(workloads(manifests))(
    'of $metadata.name have all the memory they may use, and no limit of CPU',
    (workload) => {
      const { requests = {}, limits = {} } = container(workload).resources ?? {};
      expect(limits).toEqual({ memory: requests['memory'] });
      expect(requests['cpu']).toBeDefined();
    },
  );

  test.each(deployments)('of $metadata.name are asked whether they live, and whether they are ready', (deployment) => {
    const { livenessProbe, readinessProbe, startupProbe, ports = [] } = container(deployment);
    const port = deployment === web ? 'http' : 'internal';
    expect(ports.map(({ name }) => name)).toContain(port);
    expect(startupProbe?.httpGet).toEqual({ path: '/health', port });
    expect(livenessProbe?.httpGet).toEqual({ path: '/health', port });
    expect(readinessProbe).toMatchObject({ httpGet: { path: '/ready', port }, periodSeconds: 5, failureThreshold: 12 });
  });

  test.each(deployments)('of $metadata.name are renewed without a gap', ({ spec }) => {
    expect(spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
    expect(spec.replicas).toBe(2);
    expect(spec.minReadySeconds).toBeGreaterThan(0);
    expect(spec.progressDeadlineSeconds).toBeGreaterThan(120);
  });

  test.each(deployments)('of $metadata.name stand on hosts and in zones of their own where they can', (deployment) => {
    const { topologySpreadConstraints = [] } = podSpec(deployment);
    expect(topologySpreadConstraints.map(({ topologyKey }) => topologyKey)).toEqual([
      'topology.kubernetes.io/zone',
      'kubernetes.io/hostname',
    ]);
    for (const constraint of topologySpreadConstraints) {
      expect(constraint).toMatchObject({
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: deployment.spec.selector,
      });
    }
  });

  test.each(deployments)('of $metadata.name leave one at a time when nodes are emptied', ({ metadata, spec }) => {
    expect(named(manifests, 'PodDisruptionBudget', metadata.name).spec).toEqual({
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: spec.selector,
    });
  });

  test('of web are given the time that load balancers, their drain and their own grace take', () => {
    const longestDrainSeconds = 8;
    const graceSeconds = Math.max(10, longestDrainSeconds + 2);
    const pause = container(web).lifecycle?.preStop?.sleep?.seconds ?? 0;
    expect(pause).toBeGreaterThanOrEqual(5);
    expect(podSpec(web).terminationGracePeriodSeconds).toBeGreaterThan(pause + graceSeconds);
  });

  test('of Redis keep their data on a volume and forget nothing', () => {
    expect(redis.spec).toMatchObject({ replicas: 1, serviceName: 'clock-redis' });
    expect(redis.spec.volumeClaimTemplates).toMatchObject([{ metadata: { name: 'data' } }]);
    expect(container(redis).volumeMounts).toEqual([{ name: 'data', mountPath: '/data' }]);
    const script = container(redis).command?.at(-1);
    expect(script).toContain('--dir /data --appendonly yes');
    expect(script).toContain('--maxmemory-policy noeviction');
  });
});

describe('network policies', () => {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy') as never[];
  const pod = (app: string) => ({ labels: { app, project: 'clock' } });
  const stranger = { labels: { app: 'something-else' } };
  const prometheus = { labels: { app: 'prometheus' }, namespace: 'monitoring' };
  const elsewhere = { labels: { app: 'prometheus' }, namespace: 'elsewhere' };

  test.each(roles)('let %s reach Redis and nothing else but DNS', (app) => {
    expect(passes(policies, pod(app), pod('clock-redis'), 6379)).toBe(true);
    expect(passes(policies, pod(app), 'outside', 53, 'UDP')).toBe(true);
    expect(passes(policies, pod(app), 'outside', 53)).toBe(true);
    expect(passes(policies, pod(app), 'outside', 443)).toBe(false);
    expect(passes(policies, pod(app), stranger, 6379)).toBe(false);
  });

  test('let everybody reach web, on its port alone', () => {
    expect(passes(policies, 'outside', pod('clock-web-api'), 8000)).toBe(true);
    expect(passes(policies, stranger, pod('clock-web-api'), 8000)).toBe(true);
    expect(passes(policies, stranger, pod('clock-web-api'), 9464)).toBe(false);
  });

  test.each(roles)('let monitoring alone read the metrics of %s', (app) => {
    expect(passes(policies, prometheus, pod(app), 9464)).toBe(true);
    expect(passes(policies, elsewhere, pod(app), 9464)).toBe(false);
  });

  test('let nobody else reach Redis, and Redis nobody', () => {
    expect(passes(policies, stranger, pod('clock-redis'), 6379)).toBe(false);
    expect(passes(policies, 'outside', pod('clock-redis'), 6379)).toBe(false);
    expect(passes(policies, pod('clock-redis'), 'outside', 443)).toBe(false);
    expect(passes(policies, pod('clock-redis'), pod('clock-web-api'), 8000)).toBe(false);
  });

  test('say nothing about pods of other projects', () => {
    expect(passes(policies, stranger, 'outside', 443)).toBe(true);
    expect(passes(policies, 'outside', stranger, 80)).toBe(true);
  });
});

// Where there is a kubectl: only it can tell what it makes of a folder.
describe.skipIf(!hasKubectl())('kubectl', () => {
  test.each([['-f'], ['-k']])('applies k8s/ with %s', async (option) => {
    await using server = await startApiServer();
    const dry = ['--dry-run=client', '--validate=ignore', '--output=name', `--server=${server.url}`];
    const { stdout } = await promisify(execFile)('kubectl', ['apply', option, 'k8s/', ...dry], { cwd: root });
    const applied = manifests.map(({ apiVersion, kind, metadata }) => {
      const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
      return `${kind.toLowerCase()}${group}/${metadata.name}`;
    });
    expect(stdout.trim().split('\n').toSorted()).toEqual(applied.toSorted());
  });

  test('makes of k8s/ what apply -f takes from it', () => {
    expect(sorted(kustomize('k8s'))).toEqual(sorted(manifests));
  });

  test('takes a name and a version for the image from one place', () => {
    for (const deployment of roles.map((name) => named(kustomize('k8s'), 'Deployment', name))) {
      expect(container(deployment).image).toBe(`clock:${version}`);
    }
  });

  test('replaces Redis by a managed one', () => {
    const made = kustomize('deploy/managed-redis');
    validate(made);
    expect(made.filter(({ metadata }) => metadata.name === 'clock-redis')).toEqual([]);
    const valueFrom = { secretKeyRef: { name: 'clock-redis-url', key: 'url' } };
    for (const name of roles) {
      expect(container(named(made, 'Deployment', name)).env).toContainEqual({ name: 'CLOCK_REDIS_URL', valueFrom });
    }
  });

  test('stands web behind an Ingress that is trusted and ends TLS', () => {
    const made = kustomize('deploy/ingress');
    validate(made);
    const service = named(made, 'Service', 'clock-web-api').spec;
    expect([service.type, service.externalTrafficPolicy]).toEqual(['ClusterIP', undefined]);
    const [backend] = named(made, 'Ingress', 'clock-web-api').spec.rules[0].http.paths;
    expect(backend).toMatchObject({
      path: '/',
      backend: { service: { name: 'clock-web-api', port: { name: 'http' } } },
    });
    const { env = [] } = container(named(made, 'Deployment', 'clock-web-api'));
    expect(env.map(({ name }) => name)).toContain('CLOCK_TRUSTED_PROXY');
  });

  test('lets the number of sockets say how many web pods there are', () => {
    const made = kustomize('deploy/autoscaler');
    validate(made);
    expect(named(made, 'Deployment', 'clock-web-api').spec.replicas).toBeUndefined();
    const { spec } = named(made, 'HorizontalPodAutoscaler', 'clock-web-api');
    expect(spec.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'clock-web-api' });
    expect(spec.metrics).toMatchObject([{ type: 'Pods', pods: { metric: { name: 'clock_connections' } } }]);
    expect(spec.minReplicas).toBeGreaterThanOrEqual(2);
  });
});

/** 1.21 or newer: before that, an overlay found no base in a file called `Kustomization`. */
function hasKubectl(): boolean {
  try {
    const text = execFileSync('kubectl', ['version', '--client', '--output=json'], { encoding: 'utf8' });
    return parseInt(JSON.parse(text).clientVersion.minor, 10) >= 21;
  } catch {
    return false;
  }
}

function kustomize(folder: string): Manifest[] {
  return manifestsOf(execFileSync('kubectl', ['kustomize', folder], { cwd: root, encoding: 'utf8' }));
}

function sorted(all: readonly Manifest[]): Manifest[] {
  const key = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;
  return all.toSorted((a, b) => key(a).localeCompare(key(b)));
}
