import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import ts from 'typescript';
import { parse, parseAllDocuments } from 'yaml';

export const root = join(import.meta.dirname, '../..');
const require = createRequire(import.meta.url);

/** A document of Kubernetes, of any kind. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  // oxlint-disable-next-line typescript/no-explicit-any -- each kind has its own, and the schemas know them
  spec: any;
  data?: Record<string, string>;
}

export function readYaml<T>(path: string): T {
  return parse(readFileSync(join(root, path), 'utf8')) as T;
}

export function manifestsOf(yaml: string): Manifest[] {
  return parseAllDocuments(yaml).map((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
    return document.toJS() as Manifest;
  });
}

/** What `kubectl apply -f` takes from a folder. */
export function manifestsIn(folder: string): Manifest[] {
  const files = readdirSync(join(root, folder)).filter((name) => /\.(ya?ml|json)$/.test(name));
  return files.flatMap((name) => manifestsOf(readFileSync(join(root, folder, name), 'utf8')));
}

export function named(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} times ${kind} ${name}`);
  return only;
}

/** Everything that runs pods. */
export function workloads(manifests: readonly Manifest[]): Manifest[] {
  return manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
}

export function podSpec(workload: Manifest): IPodSpec {
  return workload.spec.template.spec;
}

export function container(workload: Manifest): IContainer {
  const [only, ...others] = podSpec(workload).containers;
  if (only === undefined || others.length > 0) throw new Error(`${workload.metadata.name} has not one container`);
  return only;
}

// --- schemas: those of Kubernetes 1.33, which kubernetes-models 4.5.1 holds ---

/** Validates as the API server does with `--validate=strict`. Throws what is wrong. */
export function validate(manifests: readonly Manifest[]): void {
  for (const manifest of manifests) validateValues(manifest);
  const unknown = unknownFields(manifests);
  if (unknown.length > 0) throw new Error(unknown.join('\n'));
}

function validateValues(manifest: Manifest): void {
  const { apiVersion, kind, metadata } = manifest;
  const { [kind]: Model } = require(`kubernetes-models/${apiVersion}/${kind}`);
  try {
    new Model(manifest).validate();
  } catch (error) {
    throw new Error(`${kind} ${metadata.name}: ${String(error)}`, { cause: error });
  }
}

/** The schemas let fields pass that they do not know; the types of the same package do not. */
function unknownFields(manifests: readonly Manifest[]): string[] {
  const file = join(root, 'test/support/manifests.generated.ts');
  const source = manifests
    .map(({ apiVersion, kind, ...fields }, index) => {
      const type = `import('kubernetes-models/${apiVersion}/${kind}').I${kind}`;
      return `export const m${index}: ${type} = ${JSON.stringify({ apiVersion, kind, ...fields })};`;
    })
    .join('\n');
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, source, ts.ScriptTarget.Latest) : getSourceFile(name, ...rest);
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? source : readFile(name));
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

// --- network policies ---

export interface Peer {
  labels: Record<string, string>;
  /** Another namespace than that of the pods. */
  namespace?: string;
}

/** Whether the policies let a connection pass, by the rules of Kubernetes. No peer: an address outside. */
export function passes(
  policies: readonly INetworkPolicy[],
  from: Peer | 'outside',
  to: Peer | 'outside',
  port: number,
  protocol = 'TCP',
): boolean {
  return (
    allowed(policies, 'Egress', from, to, port, protocol) && allowed(policies, 'Ingress', to, from, port, protocol)
  );
}

function allowed(
  policies: readonly INetworkPolicy[],
  direction: 'Ingress' | 'Egress',
  pod: Peer | 'outside',
  other: Peer | 'outside',
  port: number,
  protocol: string,
): boolean {
  if (pod === 'outside' || pod.namespace !== undefined) return true;
  const own = policies.filter(
    ({ spec }) => spec?.policyTypes?.includes(direction) && selects(spec.podSelector, pod.labels),
  );
  if (own.length === 0) return true;
  return own.some(({ spec }) => {
    const rules =
      direction === 'Ingress'
        ? (spec?.ingress ?? []).map((rule) => ({ peers: rule.from, ports: rule.ports }))
        : (spec?.egress ?? []).map((rule) => ({ peers: rule.to, ports: rule.ports }));
    return rules.some(
      ({ peers, ports }) =>
        (ports === undefined || ports.some((one) => one.port === port && (one.protocol ?? 'TCP') === protocol)) &&
        (peers === undefined || peers.some((peer) => other !== 'outside' && isPeer(peer, other))),
    );
  });
}

type PolicyPeer = NonNullable<NonNullable<NonNullable<INetworkPolicy['spec']>['egress']>[number]['to']>[number];

function isPeer({ podSelector, namespaceSelector }: PolicyPeer, { labels, namespace }: Peer): boolean {
  const namespaceFits =
    namespaceSelector === undefined
      ? namespace === undefined
      : selects(namespaceSelector, { 'kubernetes.io/metadata.name': namespace ?? 'default' });
  return namespaceFits && selects(podSelector ?? {}, labels);
}

type Selector = NonNullable<PolicyPeer['podSelector']>;

/** Labels alone, and `In`: all that our policies use. */
function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Record<string, string>): boolean {
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator !== 'In') throw new Error(`${operator} is not understood here`);
      return values.includes(labels[key] ?? '');
    })
  );
}
