import type { DataSource, EntityManager } from 'typeorm';

/** Postgres's text search configuration: whose word stems and stop words count. */
const language = 'english';

/** Characters of a post that are searched; Postgres holds at most 1 MB of words a document. */
const searchedCharacters = 100_000;

/**
 * Makes a post found by its present title and text; a title counts more. Nothing is written if it is
 * already found by them, or if the post is gone. The post's row stays locked until the transaction ends,
 * so that of two runs the one that reads the newer text also writes last.
 */
export const indexPost = async (
  manager: EntityManager,
  postId: string,
): Promise<void> => {
  await manager.query('select from post where id = $1 for no key update', [
    postId,
  ]);
  await manager.query(
    `insert into post_search (post_id, document)
     select id, setweight(to_tsvector($2::regconfig, title), 'A')
       || setweight(to_tsvector($2::regconfig, left(content, $3)), 'D')
     from post where id = $1
     on conflict (post_id) do update set document = excluded.document
       where post_search.document <> excluded.document`,
    [postId, language, searchedCharacters],
  );
};

/**
 * The ids of posts that a text finds, best first. The text is what people type into search engines: words,
 * "phrases", or, -without; there is none that is wrong.
 */
export const findPosts = async (
  con: DataSource,
  text: string,
  limit: number,
): Promise<string[]> => {
  const rows = await con.query<{ id: string }[]>(
    `select post_id as id from post_search, websearch_to_tsquery($1::regconfig, $2) as query
     where document @@ query
     order by ts_rank_cd(document, query) desc, post_id desc limit $3`,
    [language, text, limit],
  );
  return rows.map(({ id }) => id);
};
