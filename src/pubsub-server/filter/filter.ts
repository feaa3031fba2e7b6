import { FilterSyntaxError, type Token, tokenize } from './tokens.ts';

/** Whether a message with these attributes is delivered. */
export type Filter = (attributes: ReadonlyMap<string, string>) => boolean;

/** Nesting beyond this is refused; 256 bytes of filter could hold no sensible expression so deep. */
const MAXIMUM_DEPTH = 64;

/**
 * Recursive descent over
 *
 *     expression = term { AND term } | term { OR term }
 *     term       = [ NOT | - ] ( "(" expression ")" | comparison )
 *     comparison = attributes : key | attributes . key ( = | != ) "value"
 *                | hasPrefix ( attributes . key , "prefix" )
 *
 * AND and OR in one expression need parentheses, as in the service.
 */
class Parser {
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  constructor(filter: string) {
    this.#tokens = tokenize(filter);
  }

  parse(): Filter {
    const filter = this.#expression();
    if (this.#peek().kind !== 'end') this.#fail('AND, OR or the end');
    return filter;
  }

  #expression(): Filter {
    const terms = [this.#term()];
    const operator = this.#peek();
    if (!isOperator(operator)) return terms[0] as Filter;
    while (isOperator(this.#peek())) {
      if (this.#peek().text !== operator.text)
        this.#fail(`${operator.text} (AND and OR together need parentheses)`);
      this.#index += 1;
      terms.push(this.#term());
    }
    return operator.text === 'AND'
      ? (attributes) => terms.every((term) => term(attributes))
      : (attributes) => terms.some((term) => term(attributes));
  }

  #term(): Filter {
    this.#depth += 1;
    if (this.#depth > MAXIMUM_DEPTH)
      this.#fail(`at most ${MAXIMUM_DEPTH} nested expressions`);
    try {
      if (this.#accept('word', 'NOT') || this.#accept('symbol', '-')) {
        const negated = this.#term();
        return (attributes) => !negated(attributes);
      }
      if (this.#accept('symbol', '(')) {
        const inner = this.#expression();
        this.#expect('symbol', ')');
        return inner;
      }
      return this.#comparison();
    } finally {
      this.#depth -= 1;
    }
  }

  #comparison(): Filter {
    if (this.#accept('word', 'hasPrefix')) {
      this.#expect('symbol', '(');
      this.#expect('word', 'attributes');
      this.#expect('symbol', '.');
      const key = this.#key();
      this.#expect('symbol', ',');
      const prefix = this.#string();
      this.#expect('symbol', ')');
      return (attributes) => attributes.get(key)?.startsWith(prefix) === true;
    }
    this.#expect('word', 'attributes', 'attributes, hasPrefix, NOT or (');
    if (this.#accept('symbol', ':')) {
      const key = this.#key();
      return (attributes) => attributes.has(key);
    }
    this.#expect('symbol', '.', '"." or ":"');
    const key = this.#key();
    if (this.#accept('symbol', '=')) {
      const value = this.#string();
      return (attributes) => attributes.get(key) === value;
    }
    this.#expect('symbol', '!=', '"=" or "!="');
    const value = this.#string();
    return (attributes) => attributes.get(key) !== value;
  }

  #key(): string {
    const token = this.#peek();
    if (token.kind !== 'word' && token.kind !== 'string')
      this.#fail('an attribute key');
    this.#index += 1;
    return token.text;
  }

  #string(): string {
    const token = this.#peek();
    if (token.kind !== 'string') this.#fail('a value in double quotes');
    this.#index += 1;
    return token.text;
  }

  #peek(): Token {
    return this.#tokens[this.#index] as Token;
  }

  #accept(kind: Token['kind'], text: string): boolean {
    const token = this.#peek();
    if (token.kind !== kind || token.text !== text) return false;
    this.#index += 1;
    return true;
  }

  #expect(kind: Token['kind'], text: string, expected = `"${text}"`): void {
    if (!this.#accept(kind, text)) this.#fail(expected);
  }

  #fail(expected: string): never {
    const { text, position } = this.#peek();
    throw new FilterSyntaxError(expected, text, position);
  }
}

const isOperator = ({ kind, text }: Token): boolean =>
  kind === 'word' && (text === 'AND' || text === 'OR');

/**
 * Compiles a filter of https://cloud.google.com/pubsub/docs/subscription-message-filter#filtering_syntax
 *
 * @throws FilterSyntaxError
 */
export const parseFilter = (filter: string): Filter =>
  new Parser(filter).parse();
