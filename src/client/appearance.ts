import { contrast, opposite } from './contrast.ts';
import { type FaceParameter, faceParameters, type FaceValues } from './face-parameters.ts';

/** The appearance of a face: the values of the address, after those that depend on each other are resolved. */
export interface Appearance extends FaceValues {
  face: 'digital' | 'analog';
  hours: 12 | 24;
  /** `#rrggbb`, or null for the default. If the page is transparent: the color of the halo around the text. */
  background: string | null;
  isTransparent: boolean;
}

const minContrast = 7;

/**
 * Reads the query of an address, and for each parameter that it does not contain, the query that operators set. A value
 * that cannot be used is replaced by its default and described in a warning.
 */
export function readAppearance(query: string, setQuery = ''): { appearance: Appearance; warnings: string[] } {
  const given = mergeQueries(query, setQuery);
  const warnings: string[] = [];
  const read: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries<FaceParameter<unknown>>(faceParameters)) {
    read[name] = readValue(given, name, parameter, warnings);
  }
  const values = read as unknown as FaceValues;
  for (const name of new Set(given.keys())) {
    if (!Object.keys(faceParameters).includes(name)) warnings.push(`${name} is unknown and ignored`);
  }
  const { face, hours, background } = values;
  const appearance: Appearance = {
    ...values,
    face: face === '12h' ? 'digital' : face,
    hours: hours ?? (face === '12h' ? 12 : 24),
    background: background === 'transparent' ? null : background,
    isTransparent: background === 'transparent',
  };
  if (appearance.isTransparent && appearance.color !== null) appearance.background = opposite(appearance.color);
  const reason = colorProblem(appearance);
  if (reason !== null) {
    warnings.push(reason);
    appearance.color = null;
    appearance.background = null;
  }
  return { appearance, warnings };
}

function mergeQueries(query: string, setQuery: string): URLSearchParams {
  const own = new URLSearchParams(query);
  const merged = new URLSearchParams(query);
  for (const [name, value] of new URLSearchParams(setQuery)) if (!own.has(name)) merged.append(name, value);
  return merged;
}

function readValue<Value>(
  given: URLSearchParams,
  name: string,
  parameter: FaceParameter<Value>,
  warnings: string[],
): Value {
  const [text, ...others] = given.getAll(name);
  if (text === undefined) return parameter.default;
  if (others.length > 0) warnings.push(`${name} is given more than once: the first value is used`);
  const value = parameter.parse(text);
  if (value === undefined) warnings.push(`${name}=${text} is ignored: it must be ${parameter.values}`);
  return value ?? parameter.default;
}

/** Why these colors cannot be used, such as a contrast that is too low; null if they can. */
function colorProblem({ color, background, isTransparent }: Appearance): string | null {
  if (color === null && background === null) return null;
  if (color === null || background === null) return 'color and background are ignored: each requires the other';
  const ratio = contrast(color, background);
  if (ratio >= minContrast) return null;
  if (isTransparent) return `color is ignored: no halo gives it a contrast of ${minContrast}`;
  return `color and background are ignored: their contrast is ${ratio.toFixed(1)} and must be at least ${minContrast}`;
}
