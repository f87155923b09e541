import { anyText, type OptionTable } from '../config.ts';

export const watchOptions = {
  token: { env: ['CLOCK_TOKEN'], secret: true, parse: anyText, help: "what 'clock token issue' printed" },
} as const satisfies OptionTable;
