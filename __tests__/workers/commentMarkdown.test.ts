import { randomUUID } from 'node:crypto';

import { Comment } from '../../src/entity/index.ts';
import { markdownToHtml } from '../../src/workers/content/markdown.ts';
import { typedWorkers } from '../../src/workers/index.ts';
import {
  expectSuccessfulTypedBackground,
  useTestDatabase,
} from '../helpers.ts';
import { createComment, createCommunity } from './community.ts';

const database = useTestDatabase();
const worker = typedWorkers['api.comment-markdown'];

const commented = async (content: string): Promise<Comment> => {
  const { post, reader } = await createCommunity(database.con);
  return createComment(database.con, {
    postId: post.id,
    userId: reader.id,
    content,
  });
};

const stored = (id: string) =>
  database.con.getRepository(Comment).findOneByOrFail({ id });

describe('api.comment-markdown', () => {
  it('stores the comment’s markdown as HTML and leaves its edit time alone', async () => {
    const comment = await commented('Engines *compute*.');
    await expectSuccessfulTypedBackground(worker, { commentId: comment.id });
    expect(await stored(comment.id)).toEqual({
      ...comment,
      contentHtml: '<p>Engines <em>compute</em>.</p>',
    });
  });

  it('writes nothing when nothing changed, so that change data capture does not loop', async () => {
    const { id } = await commented('Engines *compute*.');
    await expectSuccessfulTypedBackground(worker, { commentId: id });
    const version = () =>
      database.con.query<{ xmin: string }[]>(
        'select xmin from comment where id = $1',
        [id],
      );
    const before = await version();
    await expectSuccessfulTypedBackground(worker, { commentId: id });
    expect(await version()).toEqual(before);
  });

  it('recomputes from the row, so that an old message brings the new text', async () => {
    const { id } = await commented('first');
    await database.con
      .getRepository(Comment)
      .update({ id }, { content: 'second' });
    const messageId = randomUUID();
    await expectSuccessfulTypedBackground(
      worker,
      { commentId: id },
      { id: messageId },
    );
    await expectSuccessfulTypedBackground(
      worker,
      { commentId: id },
      { id: messageId },
    );
    expect((await stored(id)).contentHtml).toBe('<p>second</p>');
  });

  it('passes over a comment that is gone', async () => {
    await expectSuccessfulTypedBackground(worker, { commentId: randomUUID() });
  });
});

describe('markdownToHtml', () => {
  it.each([
    ['<script>alert(1)</script>', '<script'],
    ['<img src=x onerror=alert(1)>', '<img'],
    ['[a](javascript:alert(1))', 'href="javascript'],
    ['[a](JaVaScRiPt:alert(1))', 'href'],
    ['[a](data:text/html;base64,PHNjcmlwdD4=)', 'href'],
    ['[a](vbscript:x)', 'href'],
    ['[a](//evil.example)', 'href="//'],
    ['![a](javascript:alert(1))', 'src="javascript'],
    ['![a](http://tracker.example/a.png)', 'src="http:'],
    ['<javascript:alert(1)>', 'href'],
    ['<iframe src="https://evil.example">', '<iframe'],
    ['[a](https://x.example "\\"onclick=\\"alert(1)")', 'onclick="'],
  ])('makes %s harmless', (text, forbidden) => {
    expect(markdownToHtml(text).toLowerCase()).not.toContain(
      forbidden.toLowerCase(),
    );
  });

  it('marks links as written by users', () => {
    expect(markdownToHtml('[a](https://x.example)')).toBe(
      '<p><a href="https://x.example" rel="nofollow ugc noopener">a</a></p>',
    );
  });

  it('keeps what markdown makes', () => {
    expect(markdownToHtml('# h\n\n- a\n- b\n\n`c`\n\n> q')).toBe(
      '<h1>h</h1>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<p><code>c</code></p>\n<blockquote>\n<p>q</p>\n</blockquote>',
    );
  });
});
