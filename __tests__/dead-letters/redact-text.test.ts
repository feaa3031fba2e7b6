import { redactText } from '../../src/dead-letters/redact-text.ts';

test.each([
  ['Error: user "ana" has no mail', 'Error: user "(hidden)" has no mail'],
  [
    'SyntaxError: Unexpected token \'h\', "hello wor"... is not valid JSON',
    'SyntaxError: Unexpected token \'(hidden)\', "(hidden)"... is not valid JSON',
  ],
  [
    'QueryFailedError: Key (email)=(ana@example.com) already exists.',
    'QueryFailedError: Key (email)=((hidden)) already exists.',
  ],
  ['Error: no answer from ana@example.com', 'Error: no answer from (hidden)'],
  [
    'Error: GET https://example.com/reset?token=abc failed (404)',
    'Error: GET (hidden) failed (404)',
  ],
  [
    'Error: expected comment "0194203a-0af8-7875-aa5c-89b838accc5c" after "12"',
    'Error: expected comment "0194203a-0af8-7875-aa5c-89b838accc5c" after "12"',
  ],
  ['Error: cut off "Dear Ana, I', 'Error: cut off "(hidden)'],
])('%s', (text, expected) => {
  expect(redactText(text)).toBe(expected);
  // What is shown once more is not hidden further.
  expect(redactText(expected)).toBe(expected);
});

test('a text of several lines is hidden where an error repeats it', () => {
  expect(
    redactText('Error: cannot read Dear Ana,\nI love you, which is text', {
      content: 'Dear Ana,\nI love you',
    }),
  ).toBe('Error: cannot read (hidden), which is text');
});

test('whatever of its payload an error repeats is hidden, and frames stay', () => {
  const document = {
    title: 'My holidays',
    more: { name: 'Ana Smith', state: 'sent' },
  };
  expect(
    redactText(
      'Error: cannot mail Ana Smith of My holidays, which is sent\n    at send (/srv/src/mail/send.ts:12:3)',
      document,
    ),
  ).toBe(
    'Error: cannot mail (hidden) of (hidden), which is sent\n    at send (/srv/src/mail/send.ts:12:3)',
  );
});
