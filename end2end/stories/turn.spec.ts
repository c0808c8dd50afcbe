import { relayOnly } from '../fixtures/instrument.ts';
import { CLOSED_PORT, expect, networkTurnTest, turnTest } from '../fixtures/test.ts';

for (const way of ['udp', 'tcp'] as const) {
  networkTurnTest(`where a firewall closes the media port, media goes by TURN over ${way.toUpperCase()} within five seconds`, async ({
    network,
    server,
    caller,
  }) => {
    await network.set('bob', { block_port: CLOSED_PORT, block_udp: way === 'tcp' });
    const alice = await caller('Alice', 'red');
    const link = await alice.host(server.url);
    const bob = await caller('Bob', 'blue');
    await bob.accept(link);
    const begun = Date.now();
    await bob.expectToSee(alice);
    await alice.expectToSee(bob);
    const took = await bob.connectedAfter(begun);
    console.log(`connected by TURN over ${way} after ${took} ms`);
    expect(took).toBeLessThan(5_000);
    await bob.expectToHear(1);
    await alice.expectToHear(1);
    await bob.expectPath({ local: { candidateType: 'relay', relayProtocol: way } });
    await alice.expectPath({ remote: { candidateType: 'host', protocol: 'udp' } });

    await bob.page.goto(`${server.url}/check`);
    await expect(bob.page.getByRole('status')).toHaveText(/^Only the relay gets through/, {
      timeout: 30_000,
    });
  });
}

/* In network namespaces Firefox opens no devices, for the page has no https. */
turnTest('Firefox that may only use the relay meets by it', async ({ server, person }) => {
  const alice = await person('Alice', 'firefox', 'red');
  // The page before the meeting tries UDP, and Firefox says that this failed.
  alice.tolerates(/^uncaught: ICE failed/);
  await alice.page.addInitScript(relayOnly);
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(link);
  await bob.expectToSee(alice);
  await alice.expectToSee(bob);
  await bob.expectToHear(1);
  await alice.expectToHear(1);
  await alice.expectPath({ local: { candidateType: 'relay' } });
  await bob.expectPath({ remote: { candidateType: 'host' } });
});
