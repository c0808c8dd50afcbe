import { LARGE, SMALL } from '../fixtures/camera.ts';
import type { Participant } from '../fixtures/participant.ts';
import { clamp } from '../fixtures/relay.ts';
import { expect, relayedTest as test } from '../fixtures/test.ts';

/** A window in which everyone is shown larger than the middle layer. */
const LARGE_WINDOW = { width: 1920, height: 1600 };

/** The spatial layer of the largest picture. */
const LARGEST = 2;

test('a narrow path gets a smaller picture in 3 s, and the largest again 15 s after it is wide', async ({
  relay,
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red', { picture: { ...LARGE, noise: 0.02 } });
  const link = await alice.host(server.url);
  const others = new Set(relay.everyone);
  const bob = await person('Bob', 'chromium', 'blue', { camera: false });
  const forwarded = watchForwarded(bob);
  await bob.page.setViewportSize(LARGE_WINDOW);
  await bob.accept(link);
  const expectForwarded = async (isRight: (layer?: number) => boolean, timeout: number) =>
    await expect
      .poll(() => isRight(forwarded.at(-1)), {
        timeout,
        intervals: [50],
        message: 'the server forwards the right layer',
      })
      .toBe(true);
  await bob.expectToSee(alice);
  await expectForwarded((layer) => layer === LARGEST, 30_000);

  relay.fate = clamp(300_000, (client) => !others.has(client));
  await expectForwarded((layer) => layer !== LARGEST, 3_000);
  await bob.expectFramesToAdvance('Alice');

  relay.fate = () => 'pass';
  await expectForwarded((layer) => layer === LARGEST, 15_000);
  await bob.expectToSee(alice);
});

test('a picture that one path is too narrow for is said to be paused there, and comes back', async ({
  relay,
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red', { picture: { ...SMALL, noise: 0.3 } });
  const link = await alice.host(server.url);
  const carol = await person('Carol', 'chromium', 'green', { camera: false });
  await carol.accept(link);
  await carol.expectToSee(alice);
  const others = new Set(relay.everyone);
  const bob = await person('Bob', 'chromium', 'blue', { camera: false });
  await bob.accept(link);
  await bob.expectToSee(alice);

  const tile = bob.tile('Alice');
  relay.fate = clamp(60_000, (client) => !others.has(client));
  await expect(tile).toContainText('weak connection', { useInnerText: true });
  await expect(tile.locator('video')).toBeHidden();
  await bob.expectToHear(2);
  const share = await shareReceived(alice, carol, 6);
  expect(Math.abs(1 - share), `Carol, whose path is wide, gets ${share}`).toBeLessThan(0.02);

  relay.fate = () => 'pass';
  await expect(tile.locator('video')).toBeVisible({ timeout: 30_000 });
  await bob.expectToSee(alice);
});

/** Of the pictures that someone sends in so many seconds, the share that `viewer` gets. */
async function shareReceived(sender: Participant, viewer: Participant, seconds: number) {
  const frames = async (someone: Participant, type: string, counter: string) => {
    const videos = (await someone.stats(type)).filter((entry) => entry.kind === 'video');
    return Math.max(...videos.map((entry) => Number(entry[counter] ?? 0)));
  };
  const both = async () =>
    await Promise.all([
      frames(sender, 'outbound-rtp', 'framesSent'),
      frames(viewer, 'inbound-rtp', 'framesReceived'),
    ]);
  const [sentBefore, receivedBefore] = await both();
  await viewer.page.waitForTimeout(seconds * 1000);
  const [sent, received] = await both();
  return (received - receivedBefore) / (sent - sentBefore);
}

/** What the server says that it forwards of the only video someone receives: the newest is last,
 * and nothing where nothing is forwarded. */
function watchForwarded(viewer: Participant): (number | undefined)[] {
  const spatial: (number | undefined)[] = [];
  viewer.page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      const { event, data } = JSON.parse(String(payload)) as {
        event?: string;
        data?: { layer?: { spatial: number } };
      };
      if (event === 'consumerLayer') spatial.push(data?.layer?.spatial);
    });
  });
  return spatial;
}
