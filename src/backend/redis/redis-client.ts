import type { Redis } from 'ioredis';

/** An ioredis client with the scripts as methods: keys first, then arguments. Times are epoch ms, lifetimes ms. */
export interface RedisClient extends Redis {
  /** Resolves to the term, or to null while another owner holds the lease. */
  acquireLease(...keysAndArguments: [lease: string, ...HealthKeys, owner: string]): Promise<Checked<string | null>>;
  releaseLease(lease: string, owner: string, term: number): Promise<1>;
  pushJob(
    ...keysAndArguments: [
      lease: string,
      queue: string,
      lastPushed: string,
      owner: string,
      term: number,
      task: string,
      at: number,
      expiryMs: number,
      job: string,
      maxQueuedJobs: number,
    ]
  ): Promise<'pushed' | 'duplicate' | 'not-leader'>;
  /** The frame is `frameBeforeSeq` + seq + `frameAfterSeq`. `setsTime` 1 stores the text under the key `time`, too. */
  publishTick(
    ...keysAndArguments: [
      lastTick: string,
      time: string,
      ...HealthKeys,
      at: number,
      expiresAt: number,
      text: string,
      zone: string,
      everyMs: number,
      frameBeforeSeq: string,
      frameAfterSeq: string,
      tickChannel: string,
      setsTime: 0 | 1,
    ]
  ): Promise<Checked<'published' | 'expired' | 'duplicate'>>;
  /** An empty slot is that of the channel in the list. An empty lifetime and `ifSeq` mean none. */
  publishMessage(
    ...keysAndArguments: [
      publications: string,
      publicationSeqs: string,
      channelList: string,
      channel: string,
      slot: string,
      lifetime: string,
      ifSeq: string,
      frameBeforeAt: string,
      frameBeforeSeq: string,
      frameAfterSeq: string,
      publicationChannel: string,
    ]
  ): Promise<[at: string, seq: string] | 'unknown-channel' | 'changed'>;
  forgetMessages(publications: string, maxSeq: number, ...slots: readonly string[]): Promise<null>;
  /**
   * Writes, and stores `newInstallation` if there is no installation id. Resolves to the schema, the installation id
   * and the seconds and microseconds of TIME; to the schema alone, without a write, if it is greater than ours.
   */
  checkHealth(
    ...keysAndArguments: [
      schemaKey: string,
      installation: string,
      health: string,
      schema: number,
      newInstallation: string,
    ]
  ): Promise<[schema: string] | Health>;
  /** `rows` is an object of texts and nulls, as JSON. Resolves to the sum of the counts and the version. */
  reportConnections(
    ...keysAndArguments: [
      connections: string,
      roster: string,
      rosterChanges: string,
      ...HealthKeys,
      owner: string,
      count: number,
      after: number,
      rows: string,
    ]
  ): Promise<Checked<[total: number, version: string]>>;
  /** Resolves to 1, or to 0 if the record exists. An empty lifetime means forever. */
  createRecord(...keysAndArguments: [...RecordKeys, id: string, value: string, lifetime: string]): Promise<0 | 1>;
  /**
   * Resolves to 1 if the value was `expected`, else to the current value, which is null if there is no record.
   * Publishes the message, unless the channel is empty.
   */
  replaceRecord(
    ...keysAndArguments: [
      ...RecordKeys,
      id: string,
      value: string,
      lifetime: string,
      expected: string,
      messageChannel: string,
      message: string,
    ]
  ): Promise<1 | string | null>;
  /** Resolves to 1, or to 0 if the record did not exist. */
  deleteRecord(...keysAndArguments: [...RecordKeys, id: string]): Promise<0 | 1>;
  /** The keys are both indexes and the records; the arguments the pub/sub channel, the message and the ids. */
  deleteAndPublish(numberOfKeys: number, ...keysAndArguments: string[]): Promise<number>;
  rewriteTime(time: string): Promise<1>;
}

/** The keys that a health check reads. */
export type HealthKeys = [schema: string, installation: string];

/** What a script returns that counts as a check if it has written: its result, and what a check reads. */
export type Checked<Result> = [Result] | [Result, ...Health];

type Health = [schema: string, installation: string, seconds: string, microseconds: string];

/** The keys of a record and of the indexes of its kind. */
export type RecordKeys = [record: string, ids: string, expiries: string];
