/** A promise of change data capture, and what was seen of it. */
export interface Finding {
  readonly promise: string;
  readonly kept: boolean;
  readonly seen: string;
}
