import type {
  Comment,
  CommentVote,
  DigestSubscription,
  Opportunity,
  Post,
  PostVote,
  Source,
  User,
  VoteValue,
} from '../entity/index.ts';
import { idOf, type Random, randomOf } from './random.ts';
import * as words from './words.ts';

/** Sample data lie in the past, so that whatever is made by hand is newer. */
const start = Date.UTC(2025, 0, 1);
const hour = 3_600_000;

/** Voters on one post at most. */
const maximumVoters = 200;

type Row<Entity, Columns extends keyof Entity> = Pick<Entity, Columns>;

export type UserRow = Row<
  User,
  'id' | 'username' | 'name' | 'email' | 'timezone' | 'createdAt' | 'updatedAt'
>;
export type SourceRow = Row<Source, 'id' | 'handle' | 'name' | 'createdAt'>;
export type PostRow = Row<
  Post,
  | 'id'
  | 'sourceId'
  | 'authorId'
  | 'title'
  | 'content'
  | 'createdAt'
  | 'updatedAt'
>;
export type CommentRow = Row<
  Comment,
  | 'id'
  | 'postId'
  | 'userId'
  | 'parentId'
  | 'content'
  | 'createdAt'
  | 'updatedAt'
>;

/** A post with all that hangs on it. */
export interface PostPlan {
  readonly post: PostRow;
  readonly comments: readonly CommentRow[];
  readonly postVotes: readonly PostVote[];
  readonly commentVotes: readonly CommentVote[];
}

const row = <Name extends string>(kind: Name, place: number, time: number) => {
  const createdAt = new Date(time);
  return { id: idOf(`${kind} ${place}`, createdAt), createdAt };
};

export const planUser = (place: number): UserRow => {
  const random = randomOf(`user ${place}`);
  const role = random.pick(words.roles);
  const number = place + 1;
  const base = row('user', place, start + place * 1_000);
  return {
    ...base,
    updatedAt: base.createdAt,
    username: `${role}-${String(number).padStart(4, '0')}`,
    name: `${role.charAt(0).toUpperCase()}${role.slice(1)} ${number}`,
    email: `${role}-${number}@example.com`,
    timezone: random.pick(words.timezones),
  };
};

export const planSources = (): SourceRow[] =>
  words.sources.map(([handle, name], place) => ({
    ...row('source', place, start),
    handle,
    name,
  }));

export const planOpportunities = (): Opportunity[] =>
  words.opportunities.map((title, place) => ({
    ...row('opportunity', place, start),
    title,
    state: place === words.opportunities.length - 1 ? 'closed' : 'live',
  }));

/** Every fifth person wants a digest. */
export const planDigests = (users: readonly UserRow[]): DigestSubscription[] =>
  users
    .filter((_, place) => place % 5 === 0)
    .map(({ id, createdAt }) => {
      const random = randomOf(`digest ${id}`);
      return {
        userId: id,
        frequency: random.pick(['daily', 'workdays', 'weekly']),
        preferredHour: 6 + random.below(14),
        createdAt,
      };
    });

const vote = (random: Random): VoteValue => {
  const share = random.share();
  if (share < 0.06) return -1;
  return share < 0.1 ? 0 : 1;
};

/** Distinct people, beginning somewhere among them. */
const voters = (
  random: Random,
  users: readonly [UserRow, ...UserRow[]],
  wanted: number,
): readonly UserRow[] => {
  const first = random.below(users.length);
  return Array.from(
    { length: Math.min(wanted, users.length) },
    (_, place) => users[(first + place) % users.length] ?? users[0],
  );
};

const fill = (random: Random, template: string): string => {
  const subject = random.below(words.subjects.length);
  const other =
    (subject + 1 + random.below(words.subjects.length - 1)) %
    words.subjects.length;
  const title = template
    .replace('{a}', words.subjects[subject] ?? '')
    .replace('{b}', words.subjects[other] ?? '');
  return title.charAt(0).toUpperCase() + title.slice(1);
};

const content = (random: Random): string => {
  const paragraphs = Array.from({ length: 2 + random.below(3) }, () =>
    Array.from({ length: 2 + random.below(3) }, () =>
      random.pick(words.sentences),
    ).join(' '),
  );
  return ['## In short', ...paragraphs].join('\n\n');
};

const planComments = (
  random: Random,
  post: PostRow,
  users: readonly [UserRow, ...UserRow[]],
): CommentRow[] => {
  const planned: CommentRow[] = [];
  const wanted = random.below(7);
  for (let place = 0; place < wanted; place++) {
    const parent =
      planned.length > 0 && random.share() < 0.4
        ? planned[random.below(planned.length)]
        : undefined;
    const createdAt = new Date(
      post.createdAt.getTime() + (place + 1) * hour + random.below(hour),
    );
    planned.push({
      id: idOf(`comment ${place} of ${post.id}`, createdAt),
      postId: post.id,
      userId: random.pick(users).id,
      parentId: parent?.id ?? null,
      content: random.pick(parent ? words.replies : words.remarks),
      createdAt,
      updatedAt: createdAt,
    });
  }
  return planned;
};

/** Plans one post; the same people give the same plan. */
export const planPost = (
  place: number,
  users: readonly [UserRow, ...UserRow[]],
  sources: readonly [SourceRow, ...SourceRow[]],
): PostPlan => {
  const random = randomOf(`post ${place}`);
  const base = row('post', place, start + hour * (1 + place));
  const post: PostRow = {
    ...base,
    updatedAt: base.createdAt,
    sourceId: random.pick(sources).id,
    authorId: random.pick(users).id,
    title: fill(random, random.pick(words.titles)),
    content: content(random),
  };
  const comments = planComments(random, post, users);
  // Cubed, so that most posts have few votes and a few have many.
  const popularity =
    Math.min(maximumVoters, users.length) * random.share() ** 3;
  const votedAt = new Date(base.createdAt.getTime() + hour);
  return {
    post,
    comments,
    postVotes: voters(random, users, Math.round(popularity)).map(({ id }) => ({
      postId: post.id,
      userId: id,
      vote: vote(random),
      votedAt,
    })),
    commentVotes: comments.flatMap((comment) =>
      voters(random, users, random.below(5)).map(({ id }) => ({
        commentId: comment.id,
        userId: id,
        vote: vote(random),
        votedAt: comment.createdAt,
      })),
    ),
  };
};
