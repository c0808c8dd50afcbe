import { blockUdp } from '../fixtures/instrument.ts';
import { protocols } from '../fixtures/protocols.ts';
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
  await alice.page.addInitScript(blockUdp);
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(link);
  const begun = Date.now();
  await bob.expectToSee(alice);
  await alice.expectToSee(bob);
  const connected = await alice.page.evaluate(() => [...window.connectedAt.values()]);
  expect(connected.length, 'both connections of the page are up').toBeGreaterThanOrEqual(2);
  expect(Math.max(...connected) - begun).toBeLessThan(5_000);
  expect(new Set(await alice.page.evaluate(protocols))).toEqual(new Set(['tcp']));
  expect(new Set(await bob.page.evaluate(protocols))).toEqual(new Set(['udp']));
});
