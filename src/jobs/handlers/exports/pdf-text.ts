/** What Windows-1252, the encoding of a PDF's own fonts, has beside Latin-1. */
const beyondLatin1 = new Set('€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ');

/** Whether a PDF's own fonts have a character. */
export const inWindows1252 = (code: number): boolean =>
  (code >= 0x20 && code < 0x7f) ||
  (code >= 0xa0 && code <= 0xff) ||
  beyondLatin1.has(String.fromCodePoint(code));

export interface ShownText {
  readonly text: string;
  /** Characters that the font does not have; each is shown as `?`. */
  readonly missing: number;
}

/** Text as a font can show it. Letters whose accents are separate characters are joined first. */
export const shownText = (
  given: string,
  hasGlyph: (code: number) => boolean,
): ShownText => {
  let missing = 0;
  let text = '';
  const joined = given.normalize('NFC').replace(/\r\n?/g, '\n');
  for (const character of joined.replaceAll('\t', '    ')) {
    if (character === '\n' || hasGlyph(character.codePointAt(0) ?? 0))
      text += character;
    else {
      missing += 1;
      text += '?';
    }
  }
  return { text, missing };
};
