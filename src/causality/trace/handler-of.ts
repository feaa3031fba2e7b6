import { eventId } from '../../events/identity.ts';
import type { Delivered } from './deliveries.ts';
import type { Item } from './node.ts';

/** Calls of one handler that are tried; one that makes more of a kind gives them keys. */
const mostCalls = 20;

const isMadeBy = (
  { node, made }: Item,
  { eventId: id, subscription }: Delivered,
): boolean => {
  if (made === undefined) return false;
  const { name, key } = made;
  const idOf = (call: number, given?: string) =>
    eventId(name, { id, subscription, nextOrdinal: () => call }, given);
  if (key !== undefined && idOf(0, key) === node.key) return true;
  for (let call = 0; call < mostCalls; call += 1)
    if (idOf(call) === node.key) return true;
  return false;
};

/** Handlers are not the only ones whose clock it is. */
const tolerance = 5;

const ranAt = ({ node: { attempts = [] } }: Delivered, at: Date): boolean =>
  attempts.some(
    ({ startedAt, finishedAt }) =>
      at.getTime() >= startedAt.getTime() - tolerance &&
      at.getTime() <= finishedAt.getTime() + tolerance,
  );

/**
 * Which of an event's handlers made something: what is stored with it is the event alone. Handlers that share its
 * transaction, or whose name its id is made of, did for certain; otherwise the only one there is, or that
 * ran then.
 *
 * @returns `undefined` if it might have been any of them
 */
export const handlerOf = (
  item: Item,
  deliveries: readonly Delivered[],
): Delivered | undefined => {
  const { transaction, node, handler } = item;
  const certain =
    deliveries.find(({ subscription }) => subscription === handler) ??
    deliveries.find(
      ({ commit }) => commit !== undefined && commit.id === transaction?.id,
    ) ??
    deliveries.find((each) => isMadeBy(item, each));
  if (certain) return certain;
  if (deliveries.length === 1) return deliveries[0];
  const at = node.at;
  const ran = at ? deliveries.filter((each) => ranAt(each, at)) : [];
  return ran.length === 1 ? ran[0] : undefined;
};
