import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import ts from 'typescript';
import { parse, parseAllDocuments } from 'yaml';

export const root = join(import.meta.dirname, '../..');
const require = createRequire(import.meta.url);

/** A Kubernetes object of any kind. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  // oxlint-disable-next-line typescript/no-explicit-any -- differs by kind; the schemas check it
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

/** Reads the objects that `kubectl apply -f` takes from a directory. */
export function manifestsIn(directory: string): Manifest[] {
  const files = readdirSync(join(root, directory)).filter((name) => /\.(ya?ml|json)$/.test(name));
  return files.flatMap((name) => manifestsOf(readFileSync(join(root, directory, name), 'utf8')));
}

export function named(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`expected one ${kind} ${name}, found ${found.length}`);
  return only;
}

/** The objects that run pods. */
export function workloads(manifests: readonly Manifest[]): Manifest[] {
  return manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
}

export function podSpec(workload: Manifest): IPodSpec {
  return workload.spec.template.spec;
}

export function container(workload: Manifest): IContainer {
  const [only, ...others] = podSpec(workload).containers;
  if (only === undefined || others.length > 0)
    throw new Error(`${workload.metadata.name} must have exactly one container`);
  return only;
}

/**
 * Validates against the schemas of Kubernetes 1.33, which kubernetes-models 4.5.1 contains, as the API server does with
 * `--validate=strict`. Throws an error that lists every violation.
 */
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

/** The schemas accept unknown fields; the package's TypeScript types reject them. */
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
