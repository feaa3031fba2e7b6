import { invalidArgument } from '../errors.ts';

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1000;

export interface Page<T> {
  readonly items: T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/**
 * One page of resources in the order of their names. The token is the last name of the page before,
 * so that paging neither repeats nor skips a resource when others come and go meanwhile.
 *
 * @throws PubSubError INVALID_ARGUMENT for a negative page size.
 */
export const page = <T>(
  resources: Iterable<T>,
  nameOf: (resource: T) => string,
  pageSize: number,
  pageToken: string,
): Page<T> => {
  if (pageSize < 0)
    throw invalidArgument(
      `The value for page_size is too small. You passed ${pageSize} in the request, but the minimum value is 0.`,
    );
  const size = Math.min(pageSize || DEFAULT_PAGE, LARGEST_PAGE);
  const after = Buffer.from(pageToken, 'base64url').toString('utf8');
  const rest = [...resources]
    .filter((resource) => nameOf(resource) > after)
    .sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
  const items = rest.slice(0, size);
  const last = items.at(-1);
  return {
    items,
    nextPageToken:
      last === undefined || rest.length <= size
        ? ''
        : Buffer.from(nameOf(last)).toString('base64url'),
  };
};
