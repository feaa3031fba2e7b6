/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other. */
const editDistance = (from: string, to: string): number => {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const candidates = [
        previous[column]! + 1,
        current[column - 1]! + 1,
        previous[column - 1]! + (same ? 0 : 1),
      ];
      if (
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1]
      )
        candidates.push(beforePrevious[column - 2]! + 1);
      current.push(Math.min(...candidates));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length]!;
};

/** Longer names are not compared: nobody mistypes them, and the cost grows with the square. */
const maxLength = 255;

/** Up to three of the known names that the given one may have meant, nearest first. */
export const similarNames = (
  given: string,
  known: readonly string[],
): string[] => {
  if (given.length > maxLength) return [];
  const wanted = given.toLowerCase();
  return known
    .map((name) => ({
      name,
      distance: editDistance(wanted, name.toLowerCase()),
      contains: wanted.length >= 4 && name.toLowerCase().includes(wanted),
    }))
    .filter(
      ({ name, distance, contains }) =>
        contains || distance <= Math.max(2, Math.floor(name.length / 4)),
    )
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
};

/** What a message about an unknown name ends with: the names it may have meant, else `otherwise`. */
export const didYouMean = (
  given: string,
  known: readonly string[],
  otherwise: string,
): string => {
  const similar = similarNames(given, known);
  return similar.length > 0
    ? `did you mean ${similar.join(' or ')}?`
    : otherwise;
};
