import type { Network } from '../fixtures/network.ts';
import { ownAddress6, type Server } from '../fixtures/server.ts';
import { expect, networkTest, test } from '../fixtures/test.ts';

/** The origins of the page for those with IPv4 and with IPv6. */
function origins(network: Network, server: Server): [string, string] {
  const { address, address6 } = network.place('server');
  const { port } = new URL(server.url);
  return [`http://${address}:${port}`, `http://[${address6}]:${port}`];
}

networkTest.describe('a server that names all its addresses, IPv4 and IPv6', () => {
  // One of them is beyond a router that nobody here comes through.
  networkTest.use({
    settings: async ({ network }, use) => {
      const { address, address6 } = network.place('server');
      await use({ HOST: '::', PUBLIC_IP: `192.0.2.7,${address},${address6}` });
    },
  });

  for (const protocol of ['udp', 'tcp'] as const) {
    networkTest(`someone with IPv6 alone and someone with IPv4 alone meet, the first by ${protocol}`, async ({
      network,
      server,
      caller,
    }) => {
      const [origin4, origin6] = origins(network, server);
      const { address, address6 } = network.place('server');
      await network.set('alice', { block_ipv6: true });
      await network.set('bob', { block_ipv4: true, block_udp: protocol === 'tcp' });
      const alice = await caller('Alice', 'red', origin4);
      const link = await alice.host(origin4);
      const bob = await caller('Bob', 'blue', origin6);
      await bob.accept(link.replace(origin4, origin6));
      const begun = Date.now();
      await bob.expectToSee(alice);
      await alice.expectToSee(bob);
      await bob.expectToHear(1);
      await alice.expectToHear(1);
      const took = await bob.connectedAfter(begun);
      console.log(`connected over IPv6 and ${protocol} after ${took} ms`);
      expect(took).toBeLessThan(5_000);
      await bob.expectPath({ remote: { address: address6, protocol } });
      await alice.expectPath({ remote: { address, protocol: 'udp' } });
    });
  }
});

/* In network namespaces Firefox opens no devices, for the page has no https. */
test.describe('a server that is reached over IPv6 alone', () => {
  const address = ownAddress6();
  test.use({ settings: { PUBLIC_IP: address ?? '::1' } });

  test('Firefox and Chromium meet there', async ({ server, person }) => {
    test.skip(address === undefined, 'this machine has no IPv6 address');
    const alice = await person('Alice', 'firefox', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', 'chromium', 'blue');
    await bob.accept(link);
    await bob.expectToSee(alice);
    await alice.expectToSee(bob);
    for (const one of [alice, bob]) await one.expectPath({ remote: { address, protocol: 'udp' } });
  });
});
