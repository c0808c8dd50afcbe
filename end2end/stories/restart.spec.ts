import type { Participant } from '../fixtures/participant.ts';
import { expect, test } from '../fixtures/test.ts';

/** What browsers report while there is no server. */
const NO_SERVER = [/WebSocket/i, /ERR_CONNECTION_REFUSED/, /can.t establish a connection/i];

test('a killed server comes back, and everyone is in the meeting again without a reload', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.accept(link);
  await alice.expectToSee(bob);
  await bob.expectToSee(alice);
  const before = [await alice.idOf('Bob'), await bob.idOf('Alice')];
  for (const someone of [alice, bob]) {
    someone.tolerates(...NO_SERVER);
    await mark(someone);
  }

  await server.kill();
  await alice.expectPhase('reconnecting', 3_000);
  await bob.expectPhase('reconnecting', 3_000);
  await expect(alice.page.locator('[data-notice="reconnecting"]')).toContainText('reconnecting');
  await server.start();
  const deadline = Date.now() + 8_000;
  const left = () => Math.max(1, deadline - Date.now());
  await Promise.all([alice.expectPhase('in-meeting', left()), bob.expectPhase('in-meeting', left())]);
  await Promise.all([
    alice.expectFramesToAdvance('Bob', left()),
    bob.expectFramesToAdvance('Alice', left()),
  ]);
  await alice.expectToSee(bob);
  await bob.expectToSee(alice);
  await alice.expectToHear(1);
  await bob.expectToHear(1);

  expect([await alice.idOf('Bob'), await bob.idOf('Alice')]).toEqual(before);
  expect(await server.participants(link)).toHaveLength(2);
  for (const someone of [alice, bob]) expect(await isMarked(someone)).toBe(true);
});

test('a server told to stop says so, and ends with code 0 within 10 s', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.accept(link);
  await alice.expectToSee(bob);
  for (const someone of [alice, bob]) someone.tolerates(...NO_SERVER);

  const started = Date.now();
  expect(await server.terminate()).toBe(0);
  expect(Date.now() - started).toBeLessThan(10_000);
  await alice.expectPhase('reconnecting', 3_000);
  await bob.expectPhase('reconnecting', 3_000);
});

/** Leaves a mark in the page that a reload would wipe off. */
async function mark(someone: Participant): Promise<void> {
  await someone.page.evaluate(() => document.documentElement.setAttribute('data-mark', ''));
}

async function isMarked(someone: Participant): Promise<boolean> {
  return await someone.page.evaluate(() => document.documentElement.hasAttribute('data-mark'));
}
