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
  podSpec,
  readYaml,
  root,
  validate,
  workloads,
  type Manifest,
} from '../support/manifests.ts';
import { parseRedisTarget } from '../../src/backend/redis/target.ts';
import { isAllowed } from '../support/network-policies.ts';

const { version } = readYaml<{ version: string }>('package.json');
const manifests = manifestsIn('k8s');
const roles = ['clock-web-api', 'clock-worker', 'clock-cron'];
const web = named(manifests, 'Deployment', 'clock-web-api');
const redis = named(manifests, 'StatefulSet', 'clock-redis');
const deployments = roles.map((name) => named(manifests, 'Deployment', name));

describe('Kubernetes manifests', () => {
  test('are valid for Kubernetes 1.33 and have no unknown field', () => {
    expect(() => validate(manifests)).not.toThrow();
  });

  test('fail validation with an unknown field or an invalid value', () => {
    const unknownField = structuredClone(web);
    unknownField.spec.template.spec.enableServiceLink = false;
    expect(() => validate([unknownField])).toThrow('enableServiceLink');
    const invalidValue = structuredClone(web);
    invalidValue.spec.replicas = 'two';
    expect(() => validate([invalidValue])).toThrow('replicas');
  });

  test('contain exactly these objects, without a Namespace or a Secret', () => {
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted()).toEqual([
      'ConfigMap clock-app-config',
      'Deployment clock-cron',
      'Deployment clock-web-api',
      'Deployment clock-worker',
      'NetworkPolicy clock-default-deny',
      'NetworkPolicy clock-dns',
      'NetworkPolicy clock-metrics',
      'NetworkPolicy clock-ntp',
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

  test('use one image of this version, pulled only if it is not present', () => {
    for (const deployment of deployments) {
      expect(container(deployment)).toMatchObject({ image: `clock:${version}`, imagePullPolicy: 'IfNotPresent' });
    }
    const { images } = readYaml<{ images: object[] }>('k8s/Kustomization');
    expect(images).toEqual([{ name: 'clock', newName: 'clock', newTag: version }]);
    for (const { metadata } of manifests) expect(metadata.labels?.['app.kubernetes.io/version']).toBe(version);
  });

  test('run each role with its own arguments', () => {
    const args = deployments.map((deployment) => container(deployment).args);
    expect(args).toEqual([['web', '--port', '8000'], ['worker'], ['beat']]);
  });

  test.each(workloads(manifests))('select the pods of $metadata.name by app and project', ({ metadata, spec }) => {
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

  test('expose web on port 8000 and preserve client addresses', () => {
    expect(named(manifests, 'Service', 'clock-web-api').spec).toMatchObject({
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      selector: { app: 'clock-web-api', project: 'clock' },
      ports: [{ port: 8000, targetPort: 8000, protocol: 'TCP' }],
    });
  });

  test('give every role the address of Redis from the shared ConfigMap', () => {
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

  test('set only variables that an option reads', () => {
    const tables = [commonOptions, redisOptions, webOptions];
    for (const deployment of deployments) {
      const names = container(deployment).env?.map(({ name }) => [name, 'set']) ?? [];
      expect(unknownVariables(Object.fromEntries(names), tables)).toEqual([]);
    }
  });

  test('mount the two keys of the Secret into web as files that only its group can read', () => {
    const secret = { secretName: 'clock', defaultMode: 0o440 };
    const items = ['secret', 'admin-password'].map((key) => ({ key, path: key }));
    expect(podSpec(web).volumes).toEqual([{ name: 'secrets', secret: { ...secret, items } }]);
    expect(podSpec(web).securityContext?.fsGroup).toBe(10_001);
    const files = container(web).env?.flatMap(({ name, value }) => (name.endsWith('_FILE') ? [value] : []));
    expect(files).toEqual(['/run/secrets/clock/secret', '/run/secrets/clock/admin-password']);
  });

  test('take an optional password for Redis', () => {
    for (const workload of workloads(manifests)) {
      const refs = container(workload).env?.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
      expect(refs).toEqual([{ name: 'clock-redis', key: 'password', optional: true }]);
    }
  });
});

describe('Kubernetes pods', () => {
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

  test.each(workloads(manifests))('of $metadata.name get no service links and no service account token', (workload) => {
    expect(podSpec(workload)).toMatchObject({ enableServiceLinks: false, automountServiceAccountToken: false });
  });

  test.each(workloads(manifests))(
    'of $metadata.name request their whole memory limit and have no CPU limit',
    (workload) => {
      const { requests = {}, limits = {} } = container(workload).resources ?? {};
      expect(limits).toEqual({ memory: requests['memory'] });
      expect(requests['cpu']).toBeDefined();
    },
  );

  test.each(deployments)('of $metadata.name have startup, liveness and readiness probes', (deployment) => {
    const { livenessProbe, readinessProbe, startupProbe, ports = [] } = container(deployment);
    const port = deployment === web ? 'http' : 'internal';
    expect(ports.map(({ name }) => name)).toContain(port);
    expect(startupProbe?.httpGet).toEqual({ path: '/health', port });
    expect(livenessProbe?.httpGet).toEqual({ path: '/health', port });
    expect(readinessProbe).toMatchObject({ httpGet: { path: '/ready', port }, periodSeconds: 5, failureThreshold: 12 });
  });

  test.each(deployments)('of $metadata.name are replaced one by one without downtime', ({ spec }) => {
    expect(spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
    expect(spec.replicas).toBe(2);
    expect(spec.minReadySeconds).toBeGreaterThan(0);
    expect(spec.progressDeadlineSeconds).toBeGreaterThan(120);
  });

  test.each(deployments)('of $metadata.name are spread over hosts and zones if possible', (deployment) => {
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

  test.each(deployments)('of $metadata.name are evicted one at a time when nodes are drained', ({ metadata, spec }) => {
    expect(named(manifests, 'PodDisruptionBudget', metadata.name).spec).toEqual({
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: spec.selector,
    });
  });

  test('of web get enough time to terminate for load balancers, drain and grace period', () => {
    const longestDrainSeconds = 8;
    const graceSeconds = Math.max(10, longestDrainSeconds + 2);
    const pause = container(web).lifecycle?.preStop?.sleep?.seconds ?? 0;
    expect(pause).toBeGreaterThanOrEqual(5);
    expect(podSpec(web).terminationGracePeriodSeconds).toBeGreaterThan(pause + graceSeconds);
  });

  test('of Redis store their data on a volume and evict no key', () => {
    expect(redis.spec).toMatchObject({ replicas: 1, serviceName: 'clock-redis' });
    expect(redis.spec.volumeClaimTemplates).toMatchObject([{ metadata: { name: 'data' } }]);
    expect(container(redis).volumeMounts).toEqual([{ name: 'data', mountPath: '/data' }]);
    const script = container(redis).command?.at(-1);
    expect(script).toContain('--dir /data --appendonly yes');
    expect(script).toContain('--maxmemory-policy noeviction');
  });
});

describe('Kubernetes network policies', () => {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy') as never[];
  const pod = (app: string) => ({ labels: { app, project: 'clock' } });
  const otherProject = { labels: { app: 'something-else' } };
  const prometheus = { labels: { app: 'prometheus' }, namespace: 'monitoring' };
  const otherNamespace = { labels: { app: 'prometheus' }, namespace: 'elsewhere' };

  test('let web alone ask NTP servers', () => {
    expect(isAllowed(policies, pod('clock-web-api'), 'outside', 123, 'UDP')).toBe(true);
    expect(isAllowed(policies, pod('clock-worker'), 'outside', 123, 'UDP')).toBe(false);
  });

  test.each(roles)('let %s connect to Redis and DNS', (app) => {
    expect(isAllowed(policies, pod(app), pod('clock-redis'), 6379)).toBe(true);
    expect(isAllowed(policies, pod(app), 'outside', 53, 'UDP')).toBe(true);
    expect(isAllowed(policies, pod(app), 'outside', 53)).toBe(true);
    expect(isAllowed(policies, pod(app), 'outside', 443)).toBe(false);
    expect(isAllowed(policies, pod(app), otherProject, 6379)).toBe(false);
  });

  test('let everything connect to web, on its public port only', () => {
    expect(isAllowed(policies, 'outside', pod('clock-web-api'), 8000)).toBe(true);
    expect(isAllowed(policies, otherProject, pod('clock-web-api'), 8000)).toBe(true);
    expect(isAllowed(policies, otherProject, pod('clock-web-api'), 9464)).toBe(false);
  });

  test.each(roles)('let only the monitoring namespace read the metrics of %s', (app) => {
    expect(isAllowed(policies, prometheus, pod(app), 9464)).toBe(true);
    expect(isAllowed(policies, otherNamespace, pod(app), 9464)).toBe(false);
  });

  test('let no other pod connect to Redis, and Redis to no other pod', () => {
    expect(isAllowed(policies, otherProject, pod('clock-redis'), 6379)).toBe(false);
    expect(isAllowed(policies, 'outside', pod('clock-redis'), 6379)).toBe(false);
    expect(isAllowed(policies, pod('clock-redis'), 'outside', 443)).toBe(false);
    expect(isAllowed(policies, pod('clock-redis'), pod('clock-web-api'), 8000)).toBe(false);
  });

  test('do not apply to pods of other projects', () => {
    expect(isAllowed(policies, otherProject, 'outside', 443)).toBe(true);
    expect(isAllowed(policies, 'outside', otherProject, 80)).toBe(true);
  });
});

// Only kubectl itself shows what it builds from a directory, so these tests need it.
describe.skipIf(!hasKubectl())('kubectl', () => {
  test.each([['-f'], ['-k']])('applies every manifest of k8s/ with %s', async (option) => {
    await using server = await startApiServer();
    const dry = ['--dry-run=client', '--validate=ignore', '--output=name', `--server=${server.url}`];
    const { stdout } = await promisify(execFile)('kubectl', ['apply', option, 'k8s/', ...dry], { cwd: root });
    const applied = manifests.map(({ apiVersion, kind, metadata }) => {
      const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
      return `${kind.toLowerCase()}${group}/${metadata.name}`;
    });
    expect(stdout.trim().split('\n').toSorted()).toEqual(applied.toSorted());
  });

  test('builds from k8s/ the same objects that apply -f reads', () => {
    expect(sorted(kustomize('k8s'))).toEqual(sorted(manifests));
  });

  test('takes the name and version of the image from the Kustomization', () => {
    for (const deployment of roles.map((name) => named(kustomize('k8s'), 'Deployment', name))) {
      expect(container(deployment).image).toBe(`clock:${version}`);
    }
  });

  test('builds deploy/managed-redis with a managed Redis in place of its own', () => {
    const built = kustomize('deploy/managed-redis');
    validate(built);
    expect(built.filter(({ metadata }) => metadata.name === 'clock-redis')).toEqual([]);
    const valueFrom = { secretKeyRef: { name: 'clock-redis-url', key: 'url' } };
    for (const name of roles) {
      expect(container(named(built, 'Deployment', name)).env).toContainEqual({ name: 'CLOCK_REDIS_URL', valueFrom });
    }
  });

  test('builds deploy/ingress with a trusted Ingress in front of web', () => {
    const built = kustomize('deploy/ingress');
    validate(built);
    const service = named(built, 'Service', 'clock-web-api').spec;
    expect([service.type, service.externalTrafficPolicy]).toEqual(['ClusterIP', undefined]);
    const [backend] = named(built, 'Ingress', 'clock-web-api').spec.rules[0].http.paths;
    expect(backend).toMatchObject({
      path: '/',
      backend: { service: { name: 'clock-web-api', port: { name: 'http' } } },
    });
    const { env = [] } = container(named(built, 'Deployment', 'clock-web-api'));
    expect(env.map(({ name }) => name)).toContain('CLOCK_TRUSTED_PROXY');
  });

  test('builds deploy/gateway with a trusted Gateway in front of web', () => {
    const built = kustomize('deploy/gateway');
    validate(built.filter(({ kind }) => kind !== 'HTTPRoute'));
    const { spec } = named(built, 'HTTPRoute', 'clock-web-api');
    expect(spec.hostnames).toHaveLength(1);
    expect(spec.rules).toMatchObject([{ backendRefs: [{ name: 'clock-web-api', port: 8_000 }] }]);
    const service = named(built, 'Service', 'clock-web-api').spec;
    expect([service.type, service.ports[0].port]).toEqual(['ClusterIP', 8_000]);
    const { env = [] } = container(named(built, 'Deployment', 'clock-web-api'));
    expect(env.map(({ name }) => name)).toContain('CLOCK_TRUSTED_PROXY');
  });

  test('builds deploy/sentinel with three Redis and three Sentinels that only Clock reaches', () => {
    const built = kustomize('deploy/sentinel');
    validate(built);
    for (const name of ['clock-redis', 'clock-sentinel']) {
      const { spec } = named(built, 'StatefulSet', name);
      expect([spec.replicas, spec.serviceName]).toEqual([3, name]);
      expect(named(built, 'Service', name).spec.clusterIP).toBe('None');
      expect(named(built, 'PodDisruptionBudget', name).spec.maxUnavailable).toBe(1);
    }
    for (const name of roles) {
      const { env = [] } = container(named(built, 'Deployment', name));
      const names = env.map((one) => one.name);
      // Kubernetes expands only variables that come first.
      expect(names.indexOf('CLOCK_REDIS_URL')).toBeGreaterThan(names.indexOf('CLOCK_REDIS_PASSWORD'));
      const url = env.find((one) => one.name === 'CLOCK_REDIS_URL')?.value ?? '';
      const target = parseRedisTarget(url.replace('$(CLOCK_REDIS_PASSWORD)', 'secret'));
      expect(target).toMatchObject({ kind: 'sentinel', name: 'clock', password: 'secret' });
    }
    const policies = built.filter(({ kind }) => kind === 'NetworkPolicy') as never[];
    const pod = (app: string) => ({ labels: { app, project: 'clock' } });
    const servers = [
      ['clock-redis', 6379],
      ['clock-sentinel', 26379],
    ] as const;
    for (const [server, port] of servers) {
      for (const app of [...roles, 'clock-redis', 'clock-sentinel']) {
        expect(isAllowed(policies, pod(app), pod(server), port)).toBe(true);
      }
      expect(isAllowed(policies, { labels: { app: 'something-else' } }, pod(server), port)).toBe(false);
      expect(isAllowed(policies, pod(server), 'outside', 443)).toBe(false);
    }
  });

  test('builds deploy/autoscaler, which scales web by its open sockets', () => {
    const built = kustomize('deploy/autoscaler');
    validate(built);
    expect(named(built, 'Deployment', 'clock-web-api').spec.replicas).toBeUndefined();
    const { spec } = named(built, 'HorizontalPodAutoscaler', 'clock-web-api');
    expect(spec.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'clock-web-api' });
    expect(spec.metrics).toMatchObject([{ type: 'Pods', pods: { metric: { name: 'clock_connections' } } }]);
    expect(spec.minReplicas).toBeGreaterThanOrEqual(2);
  });
});

/** Version 1.21 or later: earlier ones do not find a base in a file called `Kustomization`. */
function hasKubectl(): boolean {
  try {
    const text = execFileSync('kubectl', ['version', '--client', '--output=json'], { encoding: 'utf8' });
    return parseInt(JSON.parse(text).clientVersion.minor, 10) >= 21;
  } catch {
    return false;
  }
}

function kustomize(directory: string): Manifest[] {
  return manifestsOf(execFileSync('kubectl', ['kustomize', directory], { cwd: root, encoding: 'utf8' }));
}

function sorted(all: readonly Manifest[]): Manifest[] {
  const key = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;
  return all.toSorted((a, b) => key(a).localeCompare(key(b)));
}
