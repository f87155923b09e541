import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const docs = join(import.meta.dirname, '../../docs');

export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  pattern?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  allOf?: Schema[];
}

/** A YAML description in `docs/`, whose references are resolved when they are followed. */
export class Description<T> {
  readonly content: T;
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    this.content = parse(readFileSync(join(docs, file), 'utf8')) as T;
  }

  /** What a reference names, and the description that it is in. */
  follow(ref: string): { found: unknown; in: Description<unknown> } {
    const [file = '', path = ''] = ref.split('#');
    const home = file === '' ? this : new Description<unknown>(file);
    const found = path
      .split('/')
      .slice(1)
      .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], home.content);
    if (found === undefined) throw new Error(`${this.#file}: ${ref} does not exist`);
    return { found, in: home as Description<unknown> };
  }

  /** Why a value does not match a schema: the keywords that these files use. Empty if it matches. */
  problems(schema: Schema, value: unknown, path = '$'): string[] {
    if (schema.$ref !== undefined) {
      const { found, in: home } = this.follow(schema.$ref);
      return home.problems(found as Schema, value, path);
    }
    const { type, required = [], properties = {}, additionalProperties = true } = schema;
    const problems = [
      ...(type === undefined || [type].flat().some((one) => isOfType(one, value)) ? [] : [`${path} is no ${type}`]),
      ...('const' in schema && schema.const !== value ? [`${path} is not ${schema.const}`] : []),
      ...(schema.enum?.includes(value) === false ? [`${path} is ${value}, which is not listed`] : []),
      ...(schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(String(value))
        ? [`${path} does not match ${schema.pattern}`]
        : []),
      ...(schema.allOf ?? []).flatMap((one) => this.problems(one, value, path)),
    ];
    const matching = schema.oneOf?.filter((one) => this.problems(one, value, path).length === 0);
    if (matching !== undefined && matching.length !== 1) problems.push(`${path} matches ${matching.length} of oneOf`);
    if (Array.isArray(value)) {
      return [...problems, ...value.flatMap((one, n) => this.problems(schema.items ?? {}, one, `${path}[${n}]`))];
    }
    if (typeof value !== 'object' || value === null) return problems;
    for (const key of required) if (!(key in value)) problems.push(`${path}.${key} is missing`);
    for (const [key, one] of Object.entries(value)) {
      const known = properties[key];
      if (known !== undefined) problems.push(...this.problems(known, one, `${path}.${key}`));
      else if (additionalProperties === false) problems.push(`${path}.${key} is not documented`);
      else if (additionalProperties !== true) {
        problems.push(...this.problems(additionalProperties, one, `${path}.${key}`));
      }
    }
    return problems;
  }
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
