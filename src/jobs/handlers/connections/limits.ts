/** What one sync may take; every one of them ends what a hostile server could draw out. */
export interface SyncLimits {
  /** Bytes of the feed, unpacked. @default 5 MiB */
  readonly maximumBytes: number;
  /** Seconds for the request with its redirects and its body. @default 30 */
  readonly requestSeconds: number;
  /** Seconds without a byte. @default 10 */
  readonly idleSeconds: number;
  /** @default 5 */
  readonly maximumRedirects: number;
  /** Seconds for parsing. @default 15 */
  readonly parseSeconds: number;
  /** Of the thread that parses, in MiB. @default 256 */
  readonly parseMemory: number;
  /** Items that are taken from the top of a feed. @default 2000 */
  readonly maximumItems: number;
  /** Seconds that a sync holds its connection: more than the job may take. @default 180 */
  readonly leaseSeconds: number;
  /** Failures in a row, of a kind that does not mend itself, after which a connection is disabled. @default 5 */
  readonly maximumFailures: number;
}

export const syncLimits: SyncLimits = {
  maximumBytes: 5 * 1024 * 1024,
  requestSeconds: 30,
  idleSeconds: 10,
  maximumRedirects: 5,
  parseSeconds: 15,
  parseMemory: 256,
  maximumItems: 2_000,
  leaseSeconds: 180,
  maximumFailures: 5,
};
