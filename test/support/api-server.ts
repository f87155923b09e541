import { createServer } from 'node:http';
import { close, listen } from './http-server.ts';

/** The kinds that our manifests use, by group and version. */
const kinds: Record<string, Record<string, string>> = {
  v1: { configmaps: 'ConfigMap', services: 'Service' },
  'apps/v1': { deployments: 'Deployment', statefulsets: 'StatefulSet' },
  'policy/v1': { poddisruptionbudgets: 'PodDisruptionBudget' },
  'networking.k8s.io/v1': { networkpolicies: 'NetworkPolicy' },
};

/** What kubectl requests of an API server before it writes: the kinds, and that no object exists. */
export async function startApiServer(): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    const answer = discovery(path);
    response.writeHead(answer === null ? 404 : 200, { 'Content-Type': 'application/json' });
    response.end(
      JSON.stringify(answer ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }),
    );
  });
  return { url: await listen(server), [Symbol.asyncDispose]: () => close(server) };
}

function discovery(path: string): object | null {
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') {
    const groups = Object.keys(kinds).filter((groupVersion) => groupVersion !== 'v1');
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupOf) };
  }
  const groupVersion = path.replace(/^\/apis?\//, '');
  const resources = kinds[groupVersion];
  if (resources === undefined) return null;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion,
    resources: Object.entries(resources).map(([name, kind]) => {
      return { name, singularName: kind.toLowerCase(), kind, namespaced: true, verbs: ['get', 'create', 'patch'] };
    }),
  };
}

function groupOf(groupVersion: string): object {
  const [name, version] = groupVersion.split('/');
  return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
}
