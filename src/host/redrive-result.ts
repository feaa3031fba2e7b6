/**
 * Why an entry was not run:
 * - `gone`: there is no such entry;
 * - `locked`: another process redrives it at this moment;
 * - `not open`: it was redriven or resolved, and `again` was not asked for;
 * - `erased`: its payload was forgotten;
 * - `not failed`: its job was run again, or a job before it in its lane has failed, too;
 * - `not a message`: it is a row's change that could not be decoded, so that no subscription can run it;
 * - `no worker`: this version serves no such subscription;
 * - `too old`: its worker is transactional, and the inbox may have forgotten whether it ran; `again` was
 *   not asked for;
 * - `behind`: an earlier message of its ordering key failed in this redrive.
 */
export type SkipReason =
  | 'gone'
  | 'locked'
  | 'not open'
  | 'erased'
  | 'not failed'
  | 'not a message'
  | 'no worker'
  | 'too old'
  | 'behind';

/** What became of one entry. */
export type RedriveResult = {
  readonly id: string;
  /** Unknown of entries that are gone or locked. */
  readonly subscription?: string;
} & (
  | {
      readonly outcome: 'redriven';
      /** Its effects were committed already, so that nothing ran. */
      readonly duplicate: boolean;
    }
  /**
   * It stays open, with this error and one more attempt; a row's change is open for each subscription
   * that failed.
   */
  | { readonly outcome: 'failed'; readonly error: string }
  /** Nothing happened to it: Postgres was away, or the redrive was stopped. */
  | { readonly outcome: 'interrupted'; readonly error: string }
  | { readonly outcome: 'skipped'; readonly reason: SkipReason }
);
