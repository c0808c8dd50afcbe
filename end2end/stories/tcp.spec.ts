import { blockUdp } from '../fixtures/instrument.ts';
import { expect, test } from '../fixtures/test.ts';

/*
 * Chromium is in such a network in `network.spec.ts`; there Firefox opens no devices, for the page has
 * no https.
 */
test('where UDP is blocked Firefox meets over TCP within five seconds', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'firefox', 'red');
  // The page before the meeting tries UDP, and Firefox says that this failed.
  alice.tolerates(/^uncaught: ICE failed/);
  await alice.page.addInitScript(blockUdp);
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(link);
  const begun = Date.now();
  await bob.expectToSee(alice);
  await alice.expectToSee(bob);
  expect(await alice.connectedAfter(begun)).toBeLessThan(5_000);
  await alice.expectPath({ remote: { protocol: 'tcp' } });
  await bob.expectPath({ remote: { protocol: 'udp' } });
});
