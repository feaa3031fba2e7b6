/** Seconds without a report after which a process counts as gone. */
export const silence = 20;
