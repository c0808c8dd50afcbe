import type { BrowserName } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

const BROWSERS: BrowserName[] = ['chromium', 'firefox'];

/** As with a network that blocks UDP: the browser has no way to the server but TCP. */
function blockUdp(): void {
  const native = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    const { type } = description;
    const sdp = description.sdp?.replace(/^a=candidate:\S+ \d+ udp .*\r\n/gm, '');
    return native.call(this, { type, sdp });
  };
}

/** What carries the media of a page, one for each of its connections. */
async function protocols(): Promise<string[]> {
  const used = [];
  for (const peer of window.peerConnections) {
    const report: Map<string, Record<string, unknown>> = await peer.getStats();
    const all = [...report.values()];
    const pair = all.find((it) => it.type === 'candidate-pair' && (it.selected || it.nominated));
    const remote = pair && report.get(pair.remoteCandidateId as string);
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
