import { invalidArgument } from '../errors.ts';

const RESOURCE_ID = /^(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$/;

/** What a topic is called once it is deleted, for the subscriptions it leaves behind. */
export const DELETED_TOPIC = '_deleted-topic_';

/**
 * Checks `projects/{project}/{collection}/{id}` by
 * https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
 *
 * @throws PubSubError INVALID_ARGUMENT
 */
export const checkName = (
  name: string,
  collection: 'topics' | 'subscriptions' | 'snapshots',
): void => {
  const [projects, project, given, id, ...rest] = name.split('/');
  if (
    projects !== 'projects' ||
    !project ||
    given !== collection ||
    id === undefined ||
    !RESOURCE_ID.test(id) ||
    rest.length > 0
  )
    throw invalidArgument(
      `Invalid resource name given (name=${name}). Refer to https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names for more information.`,
    );
};

/** @throws PubSubError INVALID_ARGUMENT unless it is `projects/{project}`. */
export const checkProject = (name: string): void => {
  if (!/^projects\/[^/]+$/.test(name))
    throw invalidArgument(
      `Invalid resource name given (name=${name}). Expected projects/{project}.`,
    );
};

/** The project of a resource name, without `projects/`. */
export const projectOf = (name: string): string => name.split('/')[1] ?? '';

/** The last part of a resource name. */
export const shortName = (name: string): string =>
  name.slice(name.lastIndexOf('/') + 1);
