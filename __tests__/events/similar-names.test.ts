import { similarNames } from '../../src/events/similar-names.ts';

const known = ['post-upvoted', 'post-upvote-canceled', 'comment-upvoted'];

describe('similarNames', () => {
  it('finds the name that was mistyped', () => {
    expect(similarNames('post-upvotde', known)[0]).toBe('post-upvoted');
    expect(similarNames('POST-UPVOTED', known)[0]).toBe('post-upvoted');
  });

  it('finds names of which a part was given', () => {
    expect(similarNames('upvoted', known)).toEqual([
      'post-upvoted',
      'comment-upvoted',
    ]);
  });

  it('finds nothing for a name unlike any', () => {
    expect(similarNames('views', known)).toEqual([]);
  });
});
