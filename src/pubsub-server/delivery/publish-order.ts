import type { StoredMessage } from '../message.ts';

/** A message and whether it is to be delivered or only retained. */
export interface SoughtMessage {
  readonly message: StoredMessage;
  readonly wanted: boolean;
}

/**
 * All messages once: the wanted in the order given, and each other retained one before the first
 * wanted message that was published after it.
 */
export function* inPublishOrder(
  wanted: readonly StoredMessage[],
  retained: readonly StoredMessage[],
): Generator<SoughtMessage> {
  const wantedIds = new Set(wanted.map(({ id }) => id));
  const others = retained.filter(({ id }) => !wantedIds.has(id));
  let next = 0;
  for (const message of wanted) {
    for (
      let other = others[next];
      other !== undefined && Number(other.id) < Number(message.id);
      other = others[next]
    ) {
      yield { message: other, wanted: false };
      next += 1;
    }
    yield { message, wanted: true };
  }
  for (const other of others.slice(next))
    yield { message: other, wanted: false };
}
