import type { Logger } from '../../logger.ts';
import type { Overview } from '../../observation/overview.ts';
import { ApiError } from '../errors.ts';
import { Mailbox } from '../real-time/mailbox.ts';

/** Milliseconds in which a second reader gets what the first one got. */
const freshness = 2_000;
/** Milliseconds between two looks while somebody follows. */
const interval = 3_000;
/** Followers at once; one is a page that is open. */
const maximumFollowers = 100;
/** Overviews that may wait for a follower; one that is further behind is cut off and comes again. */
const mailboxCapacity = 3;

/**
 * Looks at everything for all who ask: once for many, and again and again only while somebody follows.
 */
export class OverviewService {
  readonly #read: () => Promise<Overview>;
  readonly #logger: Logger;
  readonly #followers = new Set<Mailbox<{ overview: Overview }>>();
  #last:
    { readonly at: number; readonly overview: Promise<Overview> } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(read: () => Promise<Overview>, logger: Logger) {
    this.#read = read;
    this.#logger = logger;
  }

  /** At most two seconds old. @throws whatever Postgres says. */
  current(): Promise<Overview> {
    const last = this.#last;
    if (last && performance.now() - last.at <= freshness) return last.overview;
    const look = { at: performance.now(), overview: this.#read() };
    this.#last = look;
    look.overview.catch(() => {
      // A failed look is not remembered.
      if (this.#last === look) this.#last = undefined;
    });
    return look.overview;
  }

  /** The overview now, and then every three seconds. @throws ApiError UNAVAILABLE if too many follow. */
  follow(): AsyncIterableIterator<{ overview: Overview }> {
    if (this.#followers.size >= maximumFollowers)
      throw new ApiError(
        'UNAVAILABLE',
        `expected at most ${maximumFollowers} followers of the overview, got one more; close some pages`,
      );
    const mailbox = new Mailbox<{ overview: Overview }>(mailboxCapacity, () => {
      this.#followers.delete(mailbox);
    });
    this.#followers.add(mailbox);
    if (this.#timer === undefined) void this.#look();
    else
      this.current().then(
        (overview) => mailbox.push({ overview }),
        () => undefined,
      );
    return mailbox;
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const mailbox of [...this.#followers]) mailbox.end();
  }

  async #look(): Promise<void> {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#followers.size > 0) void this.#look();
    }, interval);
    try {
      const overview = await this.current();
      for (const mailbox of [...this.#followers]) mailbox.push({ overview });
    } catch (error) {
      this.#logger.warn({ err: error }, 'the overview could not be read');
    }
  }
}
