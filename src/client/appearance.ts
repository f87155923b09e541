import { contrast, opposite } from './contrast.ts';
import { type FaceParameter, faceParameters, type FaceValues } from './face-parameters.ts';

/** How a face looks: the values of the address, resolved against one another. */
export interface Appearance extends FaceValues {
  face: 'digital' | 'analog';
  hours: 12 | 24;
  /** `#rrggbb`, or null for the default. If the page is transparent: the color of the halo around the text. */
  background: string | null;
  isTransparent: boolean;
}

const leastContrast = 7;

/** Reads a query. Each value that cannot be used is replaced by its default and described in a warning. */
export function readAppearance(query: string): { appearance: Appearance; warnings: string[] } {
  const given = new URLSearchParams(query);
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

/** Why text in these colors would be hard to read; null if it would not. */
function colorProblem({ color, background, isTransparent }: Appearance): string | null {
  if (color === null && background === null) return null;
  if (color === null || background === null) return 'color and background are ignored: each needs the other';
  const ratio = contrast(color, background);
  if (ratio >= leastContrast) return null;
  if (isTransparent) return `color is ignored: no halo gives it a contrast of ${leastContrast}`;
  return `color and background are ignored: their contrast is ${ratio.toFixed(1)} and must be at least ${leastContrast}`;
}
