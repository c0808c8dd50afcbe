import { BROWSERS } from '../fixtures/browser.ts';
import type { Participant } from '../fixtures/participant.ts';
import { loseHandshake, loseShare, type Relay } from '../fixtures/relay.ts';
import { expect, relayedTest as test } from '../fixtures/test.ts';

const SEED = 20_261;

test('with 5 % of all datagrams lost, pictures go on and what was lost is sent again', async ({
  relay,
  server,
  person,
}) => {
  relay.fate = loseShare(0.05, SEED);
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.accept(link);
  await alice.expectToSee(bob);
  await bob.expectToSee(alice);

  // Upward: the server asks, and the browsers send again. Downward: they ask, the server does.
  const grows = async (someone: Participant, type: string, counter: string) =>
    await expect
      .poll(async () => await someone.total(type, 'video', counter), {
        timeout: 30_000,
        message: `${counter} of ${someone.name}`,
      })
      .toBeGreaterThan(0);
  await grows(alice, 'outbound-rtp', 'nackCount');
  await grows(alice, 'outbound-rtp', 'retransmittedPacketsSent');
  await grows(bob, 'outbound-rtp', 'nackCount');
  await grows(bob, 'inbound-rtp', 'nackCount');
  await grows(alice, 'inbound-rtp', 'nackCount');
  await grows(alice, 'inbound-rtp', 'retransmittedPacketsReceived');
  await alice.expectToSee(bob);
  await bob.expectToSee(alice);
  expect(relay.dropped).toBeGreaterThan(0);
});

for (const browser of BROWSERS) {
  for (const way of ['up', 'down'] as const) {
    test(`${browser}: any three handshake datagrams in a row lost on the way ${way} delay a join by less than 2 s`, async ({
      relay,
      server,
      person,
    }) => {
      const { inviteLink } = await server.createRoom('Alice');
      const alice = await person('Alice', browser, 'red');
      // The first of the three, until it is one that comes after the handshake.
      for (let first = 0, wasHit = true; wasHit; first++) {
        relay.fate = loseHandshake(way, first, 3);
        await alice.accept(inviteLink);
        const delays = await joinDelays(alice, relay);
        for (const delay of delays) expect(delay).toBeLessThan(2_000);
        wasHit = delays.length > 0;
        expect(wasHit || first > 2, 'a handshake has three flights each way').toBe(true);
        await alice.leave();
      }
    });
  }
}

/** For each connection of the page that lost something: how long after that it was up. */
async function joinDelays(someone: Participant, relay: Relay): Promise<number[]> {
  await someone.page.waitForFunction(() => window.connectedAt.size > 0);
  const connections = await someone.page.evaluate(async () => {
    const connected = [];
    for (const [peer, at] of window.connectedAt) {
      const entries = new Map<string, Record<string, unknown>>();
      (await peer.getStats()).forEach((entry: { id: string }) => entries.set(entry.id, { ...entry }));
      for (const pair of entries.values()) {
        if (pair.type !== 'candidate-pair' || pair.state !== 'succeeded') continue;
        const local = entries.get(String(pair.localCandidateId));
        connected.push({ port: Number(local?.port), at });
      }
    }
    return connected;
  });
  return connections.flatMap(({ port, at }) => {
    const dropped = relay.clientBehind(port)?.firstDropAt;
    return dropped === undefined ? [] : [at - dropped];
  });
}
