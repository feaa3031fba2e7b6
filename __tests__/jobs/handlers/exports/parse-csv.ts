/** Reads CSV as RFC 4180 describes it, without guessing: a second opinion on what the library wrote. */
export const parseCsv = (text: string): string[][] => {
  const records: string[][] = [[]];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  while (at < text.length) {
    let cell = '';
    if (text[at] === '"') {
      for (at += 1; ; at += 1) {
        if (at >= text.length) throw new Error('a quote is not closed');
        if (text[at] !== '"') cell += text[at];
        else if (text[at + 1] === '"') {
          cell += '"';
          at += 1;
        } else break;
      }
      at += 1;
    } else
      for (; at < text.length && text[at] !== ',' && text[at] !== '\r'; at += 1)
        cell += text[at];
    records.at(-1)?.push(cell);
    if (text[at] === ',') at += 1;
    else if (text.startsWith('\r\n', at)) {
      at += 2;
      if (at < text.length) records.push([]);
    } else if (at < text.length)
      throw new Error(`expected , or CRLF at ${at}, got: ${text[at]}`);
  }
  return records;
};
