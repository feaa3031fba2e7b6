import fc from '../../random/property.ts';

import { parseFilter } from '../../../src/pubsub-server/filter/filter.ts';
import { FilterSyntaxError } from '../../../src/pubsub-server/filter/tokens.ts';

const matches = (filter: string, attributes: Record<string, string>): boolean =>
  parseFilter(filter)(new Map(Object.entries(attributes)));

it.each([
  ['attributes:name', { name: '' }, true],
  ['attributes:name', { other: 'com' }, false],
  ['attributes.name = "com"', { name: 'com' }, true],
  ['attributes.name = "com"', { name: 'Com' }, false],
  ['attributes.name = "com"', {}, false],
  ['attributes.name="com"', { name: 'com' }, true],
  ['attributes.name != "com"', { name: 'org' }, true],
  ['attributes.name != "com"', { name: 'com' }, false],
  ['attributes.name != "com"', {}, true],
  ['hasPrefix(attributes.name, "co")', { name: 'com' }, true],
  ['hasPrefix(attributes.name, "co")', { name: 'org' }, false],
  ['hasPrefix(attributes.name, "")', {}, false],
  ['NOT attributes:name', {}, true],
  ['-attributes:name', { name: 'com' }, false],
  ['NOT NOT attributes:name', { name: 'com' }, true],
  [
    'attributes:a AND attributes:b AND attributes:c',
    { a: '', b: '', c: '' },
    true,
  ],
  ['attributes:a AND attributes:b AND attributes:c', { a: '', c: '' }, false],
  ['attributes:a OR attributes:b OR attributes:c', { c: '' }, true],
  ['attributes:a OR attributes:b', {}, false],
  ['attributes:a AND (attributes:b OR attributes:c)', { a: '', c: '' }, true],
  [
    'attributes:a AND NOT (attributes:b OR attributes:c)',
    { a: '', c: '' },
    false,
  ],
  [
    '(NOT attributes:a) OR (attributes:b AND attributes:c)',
    { a: '', b: '' },
    false,
  ],
  [
    'attributes."iana.org/language_tag" = "en"',
    { 'iana.org/language_tag': 'en' },
    true,
  ],
  ['attributes:"a b"', { 'a b': '' }, true],
  ['attributes.content-type = "x"', { 'content-type': 'x' }, true],
  ['attributes.2x = "x"', { '2x': 'x' }, true],
  [
    String.raw`attributes.name = "a\"b\\c\n\u00e9\x41\101"`,
    { name: 'a"b\\c\néAA' },
    true,
  ],
  ['  attributes:name\n', { name: '' }, true],
])('%s on %j is %j', (filter, attributes, expected) => {
  expect(matches(filter, attributes)).toBe(expected);
});

it.each([
  ['', 'attributes, hasPrefix, NOT or ('],
  ['attributes', '"." or ":"'],
  ['attributes.name', '"=" or "!="'],
  ['attributes.name = com', 'a value in double quotes'],
  ["attributes.name = 'com'", 'a name, a string'],
  ['attributes.name > "1"', 'a name, a string'],
  ['attributes:name and attributes:other', 'AND, OR or the end'],
  [
    'attributes:a AND attributes:b OR attributes:c',
    'AND and OR together need parentheses',
  ],
  ['(attributes:a', '")"'],
  ['attributes:a)', 'AND, OR or the end'],
  ['attributes:a AND', 'attributes, hasPrefix, NOT or ('],
  ['hasSuffix(attributes.a, "x")', 'attributes, hasPrefix, NOT or ('],
  ['hasPrefix(attributes.a)', '","'],
  ['data = "x"', 'attributes, hasPrefix, NOT or ('],
  ['attributes.name = "com', 'a name, a string'],
  ['('.repeat(100), 'at most 64 nested expressions'],
])('refuses %s and says what it expected', (filter, expected) => {
  expect(() => parseFilter(filter)).toThrow(FilterSyntaxError);
  expect(() => parseFilter(filter)).toThrow(expected);
});

it('matches any value written as a string literal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const literal = `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
      expect(matches(`attributes.name = ${literal}`, { name: value })).toBe(
        true,
      );
    }),
  );
});
