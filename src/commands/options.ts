import type { OptionTable } from '../config.ts';
import { anyText } from '../option-parsers.ts';

export const watchOptions = {
  token: { env: ['CLOCK_TOKEN'], secret: true, parse: anyText, help: "the token that 'clock token issue' printed" },
} as const satisfies OptionTable;
