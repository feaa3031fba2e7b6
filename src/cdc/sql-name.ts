/** A name as SQL writes it: in double quotes, those inside doubled. */
export const sqlName = (name: string): string =>
  `"${name.replaceAll('"', '""')}"`;

/** Text as SQL writes it where parameters are not taken, as in the replication protocol. */
export const sqlText = (text: string): string =>
  `'${text.replaceAll("'", "''")}'`;
