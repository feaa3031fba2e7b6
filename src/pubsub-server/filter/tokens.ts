/** A piece of a filter expression; `text` of a string literal is its unescaped content. */
export interface Token {
  readonly kind: 'word' | 'string' | 'symbol' | 'end';
  readonly text: string;
  /** Counted in characters from 0. */
  readonly position: number;
}

/** Says what in a filter was expected where. */
export class FilterSyntaxError extends Error {
  override readonly name = 'FilterSyntaxError';
  readonly position: number;

  constructor(expected: string, given: string, position: number) {
    super(`expected ${expected} at position ${position}, got: ${given}`);
    this.position = position;
  }
}

const TOKEN =
  /\s*(?:(?<word>[\p{L}\p{N}_][\p{L}\p{N}_-]*)|(?<string>"(?:[^"\\]|\\.)*")|(?<symbol>!=|[=:.,()-]))/uy;

const ESCAPE =
  /\\(?:u(?<unicode>[0-9a-fA-F]{4})|U(?<long>[0-9a-fA-F]{8})|[xX](?<hex>[0-9a-fA-F]{2})|(?<octal>[0-3][0-7]{2})|(?<plain>.))/gsu;

const plainEscapes: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const unescape = (literal: string): string =>
  literal.replaceAll(ESCAPE, (...match) => {
    const groups = match.at(-1) as Record<string, string | undefined>;
    const hex = groups.unicode ?? groups.long ?? groups.hex;
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    if (groups.octal !== undefined)
      return String.fromCharCode(parseInt(groups.octal, 8));
    const plain = groups.plain ?? '';
    return plainEscapes[plain] ?? plain;
  });

/** Cuts a filter into tokens, the last of which is `end`. */
export const tokenize = (filter: string): Token[] => {
  const tokens: Token[] = [];
  const end = filter.trimEnd().length;
  TOKEN.lastIndex = 0;
  let position = 0;
  while (position < end) {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(filter);
    if (match === null)
      throw new FilterSyntaxError(
        'a name, a string in double quotes or an operator',
        filter.slice(position).trim().slice(0, 20),
        position,
      );
    const { word, string, symbol = '' } = match.groups ?? {};
    const next = TOKEN.lastIndex;
    const text = word ?? string ?? symbol;
    const start = next - text.length;
    if (word !== undefined)
      tokens.push({ kind: 'word', text, position: start });
    else if (string !== undefined)
      tokens.push({
        kind: 'string',
        text: unescape(string.slice(1, -1)),
        position: start,
      });
    else tokens.push({ kind: 'symbol', text, position: start });
    position = next;
  }
  tokens.push({ kind: 'end', text: 'the end', position: end });
  return tokens;
};
