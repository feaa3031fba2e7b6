import { invalidArgument } from '../errors.ts';

const camelCase = (field: string): string =>
  field.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

type Fields = Record<string, unknown>;

/**
 * Copies the fields that a mask names from `source` to `target`; a field the source lacks is
 * cleared. A path may lead into a message field (`dead_letter_policy.max_delivery_attempts`), but not into a map
 * or a number: the field would become what no client can be sent.
 *
 * @param kind Topic, Subscription or Snapshot, for the error text.
 * @param mutable Every path that may change, in snake case.
 * @throws PubSubError INVALID_ARGUMENT for an empty mask or a path that is not mutable.
 */
export const applyUpdateMask = <T extends object>(
  kind: 'Topic' | 'Subscription' | 'Snapshot',
  mutable: ReadonlySet<string>,
  target: T,
  source: T,
  paths: readonly string[],
): void => {
  if (paths.length === 0)
    throw invalidArgument(
      `The update_mask in the Update${kind}Request must be set, and must contain a non-empty paths list.`,
    );
  for (const path of paths)
    if (!mutable.has(path))
      throw invalidArgument(
        `Invalid update_mask provided in the Update${kind}Request: The '${path}' field in the ${kind} is not mutable.`,
      );
  for (const path of paths) {
    const fields = path.split('.').map(camelCase);
    const last = fields.pop() ?? '';
    let to = target as Fields;
    let from = source as Fields | undefined;
    for (const field of fields) {
      to[field] = { ...(to[field] as Fields | undefined) };
      to = to[field] as Fields;
      from = from?.[field] as Fields | undefined;
    }
    to[last] = from?.[last] ?? undefined;
  }
};
