import { checkHealth } from './lua/health.ts';
import { forgetMessages, publishMessage } from './lua/publications.ts';
import { createRecord, deleteAndPublish, deleteRecord, replaceRecord } from './lua/records.ts';
import { reportConnections } from './lua/roster.ts';
import { acquireLease, publishTick, pushJob, releaseLease, rewriteTime } from './lua/ticks.ts';

/**
 * The scripts of `lua/`, each one atomic step. ioredis defines a method for each: the first call on a connection sends the
 * script, later calls its hash. The parameters are in `RedisClient`.
 */
export const scripts = {
  acquireLease: { lua: acquireLease, numberOfKeys: 3 },
  releaseLease: { lua: releaseLease, numberOfKeys: 1 },
  pushJob: { lua: pushJob, numberOfKeys: 3 },
  publishTick: { lua: publishTick, numberOfKeys: 4 },
  publishMessage: { lua: publishMessage, numberOfKeys: 3 },
  forgetMessages: { lua: forgetMessages, numberOfKeys: 1 },
  checkHealth: { lua: checkHealth, numberOfKeys: 3 },
  reportConnections: { lua: reportConnections, numberOfKeys: 5 },
  createRecord: { lua: createRecord, numberOfKeys: 3 },
  replaceRecord: { lua: replaceRecord, numberOfKeys: 3 },
  deleteRecord: { lua: deleteRecord, numberOfKeys: 3 },
  deleteAndPublish: { lua: deleteAndPublish },
  rewriteTime: { lua: rewriteTime, numberOfKeys: 1 },
};
