/** Channel of LISTEN and NOTIFY; the payload is the name of a queue that has something to do. */
export const wakeUpChannel = 'nightshift_job';
