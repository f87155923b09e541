import type { Environment } from './config.ts';
import type { Service } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import type { MetricSources } from './metrics.ts';
import type { ParentChannel } from './supervisor/parent-channel.ts';
import type { WebProcesses } from './supervisor/web-processes.ts';

/** What every role gets in addition to its configuration. */
export interface RoleContext {
  /** Aborts when the process begins to stop. */
  stopping: AbortSignal;
  environment: Environment;
  assetsDirectory: string;
  /** The process that `--workers` made the parent of this one; null if this process has none. */
  parent: ParentChannel | null;
  log: Logger;
}

/** A part of a role. `clock all` has three. */
export interface RolePart {
  /** In start order. */
  services: readonly Service[];
  sources: MetricSources;
  /** Whether `/ready` says that the part is still starting. */
  isStarting?: () => boolean;
  /** The processes that serve in place of this one. */
  processes?: WebProcesses;
}
