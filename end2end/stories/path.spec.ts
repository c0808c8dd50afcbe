import type { BrowserName } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

const BROWSERS: BrowserName[] = ['chromium', 'firefox'];

/** The server's and the page's ICE user fragments of each connection. */
function fragments(): string[] {
  const of = (description: RTCSessionDescription | null) =>
    /a=ice-ufrag:(\S+)/.exec(description?.sdp ?? '')?.[1] ?? '';
  return window.peerConnections.flatMap((peer) => [
    of(peer.localDescription),
    of(peer.remoteDescription),
  ]);
}

for (const browser of BROWSERS) {
  test(`a new network is a new path of the same meeting in ${browser}`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', 'chromium', 'blue');
    await bob.accept(link);
    await alice.expectToSee(bob);
    await bob.expectToSee(alice);
    const before = await alice.page.evaluate(fragments);

    await alice.page.evaluate(() => window.dispatchEvent(new Event('online')));
    await expect
      .poll(async () => {
        const now = await alice.page.evaluate(fragments);
        return now.length === before.length && now.every((fragment, i) => fragment !== before[i]);
      })
      .toBe(true);
    await alice.expectToSee(bob);
    await bob.expectToSee(alice);
    const states = await alice.page.evaluate(() =>
      window.peerConnections.map((peer) => peer.connectionState),
    );
    expect(new Set(states)).toEqual(new Set(['connected']));
  });
}
