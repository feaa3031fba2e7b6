/** What a mail says, before it is text or HTML: so that both say the same. */
export interface MailContent {
  readonly subject: string;
  /** Plain text each. */
  readonly paragraphs: readonly string[];
  /** Where the mail leads. */
  readonly action?: { readonly label: string; readonly url: string };
}

/** A mail as it is sent. */
export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

/** A template whose every value is escaped. */
const html = (
  strings: TemplateStringsArray,
  ...values: readonly string[]
): string => String.raw({ raw: strings }, ...values.map(escapeHtml));

const subjectLength = 200;

/** One line, so that nothing in it can be taken for another header. */
const oneLine = (text: string): string =>
  text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, subjectLength);

const textOf = (lines: readonly string[], { action }: MailContent): string =>
  [...lines, ...(action ? [`${action.label}: ${action.url}`] : [])].join(
    '\n\n',
  ) + '\n';

const htmlOf = (
  lines: readonly string[],
  subject: string,
  { action }: MailContent,
): string =>
  [
    '<!doctype html>',
    '<html lang="en">',
    html`<head>
      <meta charset="utf-8" />
      <title>${subject}</title>
    </head>`,
    '<body style="font-family: sans-serif; line-height: 1.5; max-width: 36em; margin: 0 auto; padding: 1em">',
    ...lines.map((line) => html`<p>${line}</p>`),
    ...(action
      ? [html`<p><a href="${action.url}">${action.label}</a></p>`]
      : []),
    '</body>',
    '</html>',
    '',
  ].join('\n');

/** Makes a mail of what it says: once as text, once as HTML with everything in it escaped. */
export const renderMail = (
  content: MailContent,
  recipient: { readonly name: string },
): RenderedMail => {
  const subject = oneLine(content.subject);
  const lines = [`Hello ${oneLine(recipient.name)},`, ...content.paragraphs];
  return {
    subject,
    text: textOf(lines, content),
    html: htmlOf(lines, subject, content),
  };
};
