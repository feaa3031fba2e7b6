import type {
  FeedItem,
  ParsedFeed,
} from '../../../../src/jobs/handlers/connections/item.ts';
import { readFeed } from '../../../../src/jobs/handlers/connections/read-feed.ts';
import { rss } from './rss.ts';

const url = 'https://feeds.example/all.xml';

const read = (
  body: string | Uint8Array,
  contentType: string | undefined = 'application/xml',
) => readFeed({ body: Buffer.from(body), contentType, url, maximumItems: 100 });

const parsed = (
  body: string | Uint8Array,
  contentType?: string,
): ParsedFeed => {
  const answer = read(body, contentType);
  if (answer.type !== 'parsed')
    throw new Error(`expected a feed, got: ${answer.detail}`);
  return answer.feed;
};

const only = (body: string | Uint8Array, contentType?: string): FeedItem => {
  const [item] = parsed(body, contentType).items;
  if (!item) throw new Error('expected an item, got none');
  return item;
};

const content = (html: string): string =>
  only(rss([{ guid: '1', title: 'T', description: `<![CDATA[${html}]]>` }]))
    .content;

const declared = (encoding: string, title: string): string =>
  rss([{ guid: '1', title }]).replace(
    '<?xml version="1.0"?>',
    `<?xml version="1.0" encoding="${encoding}"?>`,
  );

describe('encodings', () => {
  test('UTF-8 with a byte order mark, whatever the header says', () => {
    const body = `\ufeff${rss([{ title: 'Zürich — 東京' }])}`;
    expect(only(body, 'text/xml; charset=iso-8859-1').title).toBe(
      'Zürich — 東京',
    );
  });

  test.each(['utf16le', 'utf-16be'])(
    '%s with a byte order mark',
    (encoding) => {
      const bytes = Buffer.from(
        `\ufeff${declared('utf-16', 'Zürich')}`,
        'utf16le',
      );
      if (encoding === 'utf-16be') bytes.swap16();
      expect(only(bytes).title).toBe('Zürich');
    },
  );

  test('UTF-16 without a mark', () => {
    expect(only(Buffer.from(rss([{ title: 'Zürich' }]), 'utf16le')).title).toBe(
      'Zürich',
    );
  });

  test('the XML declaration', () => {
    const body = Buffer.from(declared('iso-8859-1', 'Z\xfcrich'), 'latin1');
    expect(only(body).title).toBe('Zürich');
  });

  test('the charset of the header', () => {
    const body = Buffer.concat([
      Buffer.from('<rss version="2.0"><channel><item><title>'),
      Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]),
      Buffer.from('</title></item></channel></rss>'),
    ]);
    expect(only(body, 'text/xml; charset="windows-1251"').title).toBe('Привет');
  });

  test('UTF-8 that declares itself against a header that is wrong', () => {
    expect(
      only(declared('UTF-8', 'Zürich'), 'text/xml; charset=iso-8859-1').title,
    ).toBe('Zürich');
  });

  test('bytes that are not what the declaration says', () => {
    const body = Buffer.from(declared('utf-8', 'Z\xfcrich'), 'latin1');
    expect(only(body).title).toBe('Zürich');
  });

  test('a charset that nobody knows', () => {
    expect(
      only(declared('klingon', 'Zürich'), 'text/xml; charset=x-none').title,
    ).toBe('Zürich');
  });
});

describe('identity', () => {
  test('is the guid, else the link, else made of title and date', () => {
    const items = [
      { guid: 'tag:1', title: 'A', link: 'https://example.com/a' },
      { title: 'B', link: 'https://example.com/b' },
      { title: 'C', date: '2024-02-29' },
      { title: 'C', date: '2024-03-01' },
    ];
    const ids = parsed(rss(items)).items.map(({ id }) => id);
    expect(ids.slice(0, 2)).toEqual(['tag:1', 'https://example.com/b']);
    expect(new Set(ids).size).toBe(4);
    expect(parsed(rss(items)).items.map(({ id }) => id)).toEqual(ids);
  });

  test('of two items with one guid the first counts', () => {
    const feed = parsed(
      rss([
        { guid: '1', title: 'newer' },
        { guid: '1', title: 'older' },
      ]),
    );
    expect(feed.items.map(({ title }) => title)).toEqual(['newer']);
  });

  test('longer than an index holds is shortened, and stays different', () => {
    const long = 'x'.repeat(5_000);
    const [one, two] = parsed(
      rss([
        { guid: `${long}1`, title: 'A' },
        { guid: `${long}2`, title: 'B' },
      ]),
    ).items;
    expect(one!.id.length).toBeLessThan(100);
    expect(one!.id).not.toBe(two!.id);
  });
});

describe('titles', () => {
  test('lose entities escaped twice, and markup', () => {
    expect(
      only(rss([{ title: 'Tom &amp;amp; Jerry &lt;b&gt;live&lt;/b&gt;' }]))
        .title,
    ).toBe('Tom & Jerry live');
  });

  test('keep what looks like markup in plain text of Atom', () => {
    const atom = `<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>How to use &lt;b&gt;</title></entry></feed>`;
    expect(only(atom).title).toBe('How to use <b>');
  });

  test('are made of the content, else of the link, where there is none', () => {
    const titles = parsed(
      rss([
        { guid: '1', description: '&lt;p&gt;First words&lt;/p&gt;' },
        { guid: '2', link: 'https://example.com/2' },
      ]),
    ).items.map(({ title }) => title);
    expect(titles).toEqual(['First words', 'https://example.com/2']);
  });

  test('are cut to 300 characters, none of them in half', () => {
    const { title } = only(rss([{ title: '🦊'.repeat(400) }]));
    expect(title.length).toBeLessThanOrEqual(300);
    expect(title.isWellFormed()).toBe(true);
  });
});

describe('content', () => {
  test('becomes markdown', () => {
    expect(
      content(
        '<h2>Head</h2><p>Some <b>bold</b>, <i>soft</i> &amp; <code>a_b</code></p>' +
          '<ul><li>one<li>two</ul><pre>x = `1`\n  y</pre><blockquote><p>said</p></blockquote>',
      ),
    ).toBe(
      '## Head\n\nSome **bold**, *soft* & `a_b`\n\n- one\n- two\n\n' +
        '```\nx = `1`\n  y\n```\n\n> said',
    );
  });

  test('loses scripts, styles, frames and links that run', () => {
    const markdown = content(
      '<script>steal()</script><style>p{}</style><iframe src="https://x"></iframe>' +
        '<a href="javascript:steal()">click</a><p onclick="steal()">text</p><img src="http://x/i.png">',
    );
    expect(markdown).toBe('click\n\ntext');
  });

  test('cannot smuggle markdown in', () => {
    expect(content('<p>[x](javascript:y) *a* &lt;script&gt;</p>')).toBe(
      '\\[x\\](javascript:y) \\*a\\* \\<script\\>',
    );
  });

  test('has its relative links made absolute', () => {
    expect(content('<a href="/a b">x</a> <img src="i.png" alt="pic">')).toBe(
      '[x](https://example.com/a%20b) ![pic](https://example.com/i.png)',
    );
  });

  test('follows xml:base of Atom, entry within feed', () => {
    const atom = `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://base.example/blog/">
      <entry xml:base="posts/"><id>1</id><title>T</title><link href="one"/>
      <content type="html">&lt;a href="two"&gt;x&lt;/a&gt;</content></entry></feed>`;
    expect(only(atom).content).toBe(
      '[x](https://base.example/blog/posts/two)\n\n<https://base.example/blog/posts/one>',
    );
  });

  test('ends with the link to the original', () => {
    expect(
      only(rss([{ title: 'T', link: '/one', description: 'text' }])).content,
    ).toBe('text\n\n<https://example.com/one>');
  });

  test('is cut to 20,000 characters', () => {
    const { content: cut } = only(
      rss([{ title: 'T', description: 'word '.repeat(20_000), link: '/1' }]),
    );
    expect(cut.length).toBeLessThanOrEqual(20_000);
    expect(cut).toMatch(/…\n\n<https:\/\/example\.com\/1>$/);
  });

  test('loses what Postgres cannot store', () => {
    const item = only(
      JSON.stringify({
        version: 'https://jsonfeed.org/version/1.1',
        title: 'F',
        items: [{ id: '1', content_text: 'a\u0000b\ud800c' }],
      }),
      'application/feed+json',
    );
    expect(item.content).toBe('ab\ufffdc');
  });
});

test('an item that says nothing is left out', () => {
  const feed = parsed(rss([{ guid: '1' }, { guid: '2', title: 'T' }]));
  expect(feed.items.map(({ id }) => id)).toEqual(['2']);
  expect(feed.skipped).toBe(1);
});

test('RSS 1.0, which is RDF', () => {
  const rdf = `<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
    <channel rdf:about="https://example.com/"><title>F</title><link>https://example.com/</link></channel>
    <item rdf:about="https://example.com/1"><title>One</title><link>https://example.com/1</link>
    <dc:date>2024-02-29T10:00:00Z</dc:date></item></rdf:RDF>`;
  expect(only(rdf)).toMatchObject({
    id: 'https://example.com/1',
    title: 'One',
    publishedAt: Date.UTC(2024, 1, 29, 10),
  });
});

test('the hash follows title and content alone', () => {
  const hash = (title: string, date: string) =>
    only(rss([{ guid: '1', title, date }])).contentHash;
  expect(hash('A', '2024-01-01')).toBe(hash('A', '2024-01-02'));
  expect(hash('A', '2024-01-01')).not.toBe(hash('B', '2024-01-01'));
});

test('entities that expand without end do not', () => {
  const bomb = `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
    <rss version="2.0"><channel><item><title>&b;</title></item></channel></rss>`;
  expect(only(bomb).title.length).toBeLessThan(20);
});

test.each([
  ['a web page', '<!doctype html><html><head><title>x</title></head></html>'],
  ['nothing', ''],
  ['an image', '\x89PNG\r\n\x1a\n'],
])('%s is not a feed', (_what, body) => {
  expect(read(body)).toMatchObject({
    type: 'unreadable',
    reason: 'not-a-feed',
  });
});

test('a feed that ends within an item is malformed', () => {
  expect(read(rss([{ title: 'One' }]).slice(0, -40))).toMatchObject({
    type: 'unreadable',
    reason: 'malformed',
  });
});
