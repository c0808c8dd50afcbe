import type { BrowserName } from '../fixtures/browser.ts';
import { blockUdp } from '../fixtures/instrument.ts';
import { expect, test } from '../fixtures/test.ts';

const BROWSERS: BrowserName[] = ['chromium', 'firefox'];

/** What carries the media of a page, one for each of its connections. */
async function protocols(): Promise<string[]> {
  const used = [];
  for (const peer of window.peerConnections) {
    const all: Record<string, unknown>[] = [];
    (await peer.getStats()).forEach((it) => all.push(it));
    const pair = all.find((it) => it.type === 'candidate-pair' && (it.selected || it.nominated));
    const remote = all.find((it) => pair && it.id === pair.remoteCandidateId);
    if (remote) used.push(String(remote.protocol));
  }
  return used;
}

for (const browser of BROWSERS) {
  test(`where UDP is blocked ${browser} meets over TCP within five seconds`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
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
}
