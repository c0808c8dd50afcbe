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

test('a picture that a path is too narrow for is said to be paused, and comes back', async ({
  relay,
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red', { picture: { ...SMALL, noise: 0.3 } });
  const link = await alice.host(server.url);
  const others = new Set(relay.everyone);
  const bob = await person('Bob', 'chromium', 'blue', { camera: false });
  await bob.accept(link);
  await bob.expectToSee(alice);

  const tile = bob.tile('Alice');
  relay.fate = clamp(60_000, (client) => !others.has(client));
  await expect(tile).toContainText('weak connection', { useInnerText: true });
  await expect(tile.locator('video')).toBeHidden();
  await bob.expectToHear(1);

  relay.fate = () => 'pass';
  await expect(tile.locator('video')).toBeVisible({ timeout: 30_000 });
  await bob.expectToSee(alice);
});

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
