import type { Participant } from '../fixtures/participant.ts';
import { expect, test } from '../fixtures/test.ts';

test('media is sealed with AES-GCM in every browser', async ({ server, person }) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.accept(link);
  await alice.expectToSee(bob);
  await bob.expectToSee(alice);

  for (const someone of [alice, bob]) {
    const transports = await someone.stats('transport');
    expect(transports).toHaveLength(2);
    for (const { srtpCipher } of transports) expect(srtpCipher).toMatch(/AEAD_AES_(128|256)_GCM$/);
  }
});

test('a sender learns from the server how much it may send', async ({ server, person }) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(link);
  await bob.expectToSee(alice);
  // Browsers start at 300 kbit/s, and stay there when they hear nothing.
  await expect
    .poll(async () => await sendEstimate(alice), { timeout: 30_000 })
    .toBeGreaterThan(600_000);
});

/** What the browser thinks it can send, in bits per second. */
async function sendEstimate(someone: Participant): Promise<number> {
  const pairs = await someone.stats('candidate-pair');
  return Math.max(0, ...pairs.map((pair) => Number(pair.availableOutgoingBitrate ?? 0)));
}
