/**
 * Text as Postgres can store it: NUL, which it refuses, as its symbol `␀`, and halves of surrogate
 * pairs replaced. A message that holds such things must not fail at the desk, too.
 */
export const storable = (text: string): string =>
  text.replaceAll('\0', '␀').toWellFormed();

/** Cut to some characters, with a mark that says so. */
export const shortened = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest)}…` : text;
