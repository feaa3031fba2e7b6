import { randomBytes } from 'node:crypto';

import type { DataSource } from 'typeorm';

/** A secret for a process that was given none; other processes do not know it. */
export const developmentSecret = (): string => randomBytes(24).toString('hex');

/** Where an operator sees everything, and with what. */
export const exampleOperator = ({
  url,
  operatorSecret,
}: {
  readonly url: string;
  readonly operatorSecret: string | undefined;
}): string =>
  [
    'The operators’ page, and its token:',
    `${url}/admin    ${operatorSecret}`,
  ].join('\n');

/** Command lines that create a job, and have whatever is due run. */
export const exampleJob = ({
  url,
  jobApiSecret,
  workerSecret,
}: {
  readonly url: string;
  readonly jobApiSecret: string | undefined;
  readonly workerSecret: string | undefined;
}): string =>
  [
    'Create a job:',
    `curl -s ${url}/api/jobs -H 'content-type: application/json' -H 'authorization: Bearer ${jobApiSecret}' \\`,
    `  -d '{"name":"warm-trending-posts","payload":{}}'`,
    'Have what is due run, as a scheduler would (background processes need nobody for that):',
    `curl -s -X POST ${url}/api/worker -H 'authorization: Bearer ${workerSecret}'`,
  ].join('\n');

interface Example {
  readonly postId: string;
  readonly userId: string;
}

/** The newest post, and somebody else who has not upvoted it. */
const findExample = async (con: DataSource): Promise<Example | undefined> => {
  const [example]: Example[] = await con.query(`
    select p.id as "postId", u.id as "userId"
    from (select id, author_id from post order by id desc limit 1) p
    join "user" u on u.id <> p.author_id
    where not exists (
      select from post_vote v where v.post_id = p.id and v.user_id = u.id and v.vote = 1)
    order by u.id
    limit 1`);
  return example;
};

/** A command line that upvotes a post of this database, for a person to try. */
export const exampleUpvote = async (
  con: DataSource,
  {
    url,
    apiSecret,
  }: { readonly url: string; readonly apiSecret: string | undefined },
): Promise<string> => {
  const example = await findExample(con);
  if (!example)
    return 'There is no post to upvote yet; make some: nightshift seed';
  const { postId, userId } = example;
  const query = `mutation { votePost(id: "${postId}", vote: UP) { title upvotes } }`;
  return [
    'Upvote a post:',
    `curl -s ${url}/graphql \\`,
    `  -H 'content-type: application/json' \\`,
    `  -H 'authorization: Bearer ${apiSecret}' -H 'x-user-id: ${userId}' \\`,
    `  -d '${JSON.stringify({ query })}'`,
  ].join('\n');
};
