import {
  overviewHtml,
  overviewText,
} from '../../src/pubsub-server/page/overview.ts';
import { ControlledClock } from './controlled-clock.ts';
import { startServer, stopAll } from './set-up.ts';

afterEach(stopAll);

const filled = async () => {
  const clock = new ControlledClock();
  const { server, client } = await startServer({ clock });
  const [topic] = await client.createTopic('orders');
  const [subscription] = await topic.createSubscription('worker');
  await topic.publishMessage({ data: Buffer.from('x') });
  await subscription.createSnapshot('before');
  clock.advance(90_000);
  return (accept?: string) =>
    fetch(`http://${server.address}/`, accept ? { headers: { accept } } : {});
};

it('shows topics, subscriptions and snapshots as text to a terminal', async () => {
  const response = await (await filled())();
  expect(response.headers.get('content-type')).toBe(
    'text/plain; charset=UTF-8',
  );
  const text = await response.text();
  expect(text).toContain('in memory only');
  expect(text).toMatch(/test {5}orders +1\n/);
  expect(text).toMatch(/test {5}worker +orders +1 +0 +90\.0\n/);
  expect(text).toMatch(/test {5}before +orders +\d{4}-/);
});

it('shows the same as a page to a browser, which may load and run nothing', async () => {
  const response = await (
    await filled()
  )('text/html,application/xhtml+xml,*/*;q=0.8');
  expect(response.headers.get('content-type')).toBe('text/html; charset=UTF-8');
  expect(response.headers.get('content-security-policy')).toContain(
    "default-src 'none'",
  );
  const html = await response.text();
  expect(html).toContain('<td>worker</td><td>orders</td>');
  expect(html).not.toContain('<script');
});

it('says what there is none of, and escapes what there is', () => {
  const empty = {
    address: '127.0.0.1:1',
    storage: 'in <dir> & "name"',
    topics: [],
    subscriptions: [],
    snapshots: [],
  };
  expect(overviewText(empty)).toContain('Snapshots: none');
  const html = overviewHtml({
    ...empty,
    topics: [{ project: '<b>', topic: `'`, subscriptions: 0 }],
  });
  expect(html).toContain('in &lt;dir&gt; &amp; &quot;name&quot;');
  expect(html).toContain('<td>&lt;b&gt;</td><td>&#39;</td>');
});
