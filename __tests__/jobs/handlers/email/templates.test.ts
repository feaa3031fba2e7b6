import { InvalidMailContextError } from '../../../../src/jobs/handlers/email/errors.ts';
import { renderTemplate } from '../../../../src/jobs/handlers/email/render.ts';

const ada = { name: 'Ada' };
const link = 'https://example.com/files/a?b=c&d=e';

describe('a mail', () => {
  it('says the same as text and as HTML', () => {
    const { subject, text, html } = renderTemplate(
      'export-ready',
      { link, file: 'my-posts.csv' },
      ada,
    );
    expect(subject).toBe('Your export is ready: my-posts.csv');
    expect(text).toContain('Hello Ada,');
    expect(text).toContain(`Download the file: ${link}`);
    expect(html).toContain('<p>Hello Ada,</p>');
    expect(html).toContain(
      '<a href="https://example.com/files/a?b=c&amp;d=e">Download the file</a>',
    );
  });

  it('escapes whatever comes from people, and only in HTML', () => {
    const { text, html } = renderTemplate(
      'webhook-disabled',
      { url: 'https://example.com/"><script>', reason: "it's <b>gone</b>" },
      { name: '<img src=x onerror="alert(1)">' },
    );
    expect(html).not.toMatch(/<(script|img|b)\b/);
    expect(html).toContain('it&#39;s &lt;b&gt;gone&lt;/b&gt;');
    expect(html).toContain('&quot;&gt;&lt;script&gt;');
    expect(text).toContain("it's <b>gone</b>");
  });

  it('keeps its subject on one line', () => {
    const { subject } = renderTemplate(
      'export-ready',
      { link, file: 'a\r\nBcc: eve@example.com' },
      ada,
    );
    expect(subject).toBe('Your export is ready: a Bcc: eve@example.com');
  });

  it.each([
    [{ link: 'javascript:alert(1)', file: 'a' }],
    [{ link, file: '' }],
    [{ link }],
  ])('is refused with the context %j', (context) => {
    expect(() => renderTemplate('export-ready', context, ada)).toThrow(
      InvalidMailContextError,
    );
  });

  it('tells no value of a context that it refuses', () => {
    expect(() =>
      renderTemplate('export-ready', { link: 'secret', file: 'a' }, ada),
    ).not.toThrow(/secret/);
  });
});
