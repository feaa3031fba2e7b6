import { payloadDocument } from './payload-document.ts';
import type { PubSubTopic } from './typedPubsub.ts';

/** Keys from the outside in. */
export type Path = readonly string[];

const userId: readonly Path[] = [['userId']];
const nobody: readonly Path[] = [];

/** Columns of captured tables that name a user; `id` does in the table of users, and nowhere else equals one. */
const columns = ['id', 'user_id', 'author_id'];
const rowChange: readonly Path[] = ['before', 'after'].flatMap((side) =>
  columns.map((column) => ['payload', side, column]),
);

/**
 * Where the payloads of each topic name a user. `nightshift forget` erases what names the user at one
 * of these paths; a new topic has to say here where it does.
 */
export const personalPaths: Readonly<Record<PubSubTopic, readonly Path[]>> = {
  'post-upvoted': userId,
  'post-upvote-canceled': userId,
  'comment-upvoted': userId,
  'comment-upvote-canceled': userId,
  'comment-commented': userId,
  'post-viewed': userId,
  'user-created': userId,
  'user-updated': userId,
  'contact-changed': userId,
  'post-created': nobody,
  'post-text-changed': nobody,
  'post-updated': nobody,
  'comment-created': nobody,
  'comment-changed': nobody,
  'api.v1.new-notification': userId,
  'api.v1.generate-personalized-digest': userId,
  'gondul.v1.candidate-opportunity-match': userId,
  'api.changes': rowChange,
  'api.v1.cdc-notifications': rowChange,
};

const valueAt = (document: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined,
    document,
  );

/** Whether a document names the user at one of the paths. Ids are compared without regard to case. */
const namesAt = (
  document: unknown,
  paths: readonly Path[],
  user: string,
): boolean =>
  paths.some((path) => {
    const value = valueAt(document, path);
    return (
      typeof value === 'string' && value.toLowerCase() === user.toLowerCase()
    );
  });

/** Whether a text of JSON names the user at one of the paths; what is no JSON names nobody. */
export const jsonNames = (
  json: Buffer,
  paths: readonly Path[],
  user: string,
): boolean => {
  if (paths.length === 0) return false;
  try {
    return namesAt(JSON.parse(json.toString()), paths, user);
  } catch {
    return false;
  }
};

/** Whether the payload names the user at one of its topic's paths. Ids are compared without regard to case. */
export const namesUser = (
  topic: string,
  payload: Buffer,
  user: string,
): boolean => {
  const paths = Object.hasOwn(personalPaths, topic)
    ? personalPaths[topic as PubSubTopic]
    : [];
  if (paths.length === 0) return false;
  return namesAt(payloadDocument(topic, payload), paths, user);
};
