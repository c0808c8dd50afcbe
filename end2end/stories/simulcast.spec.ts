import { BROWSERS } from '../fixtures/browser.ts';
import { LARGE } from '../fixtures/camera.ts';
import type { Participant } from '../fixtures/participant.ts';
import { expect, test } from '../fixtures/test.ts';

/** Windows in which the only other tile is larger than the middle layer, and as small as the least. */
const LARGE_WINDOW = { width: 1920, height: 1300 };
const SMALL_WINDOW = { width: 320, height: 420 };

for (const browser of BROWSERS) {
  test(`${browser}: a picture comes as large as it is shown, and only that is sent`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red', { picture: LARGE });
    const link = await alice.host(server.url);
    const bob = await person('Bob', 'chromium', 'blue');
    await bob.page.setViewportSize(LARGE_WINDOW);
    await bob.accept(link);
    await bob.expectToSee(alice);
    await expectWidth(bob, 960);

    await watchPictures(bob);
    await bob.page.setViewportSize(SMALL_WINDOW);
    await expectWidth(bob, 240);
    await expectToSend(alice, 'l');
    await bob.page.setViewportSize(LARGE_WINDOW);
    await expectWidth(bob, 960);
    await expectToSend(alice, 'h');
    await bob.expectToSee(alice);
    const gaps = await gapsAtSwitches(bob);
    expect(gaps.length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...gaps), 'no picture freezes at a switch').toBeLessThan(200);
  });
}

test('of what cannot be seen nothing is sent, until it can be seen again', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red', { picture: LARGE });
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(link);
  await bob.expectToSee(alice);

  const tile = bob.tile('Alice');
  const hide = async (hidden: boolean) =>
    await tile.evaluate((it, display) => ((it as HTMLElement).style.display = display), hidden ? 'none' : '');
  await hide(true);
  await expectToSend(alice);
  await expectStill(bob);
  await hide(false);
  await bob.expectToSee(alice);

  const setPage = async (hidden: boolean) =>
    await bob.page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    }, hidden);
  await setPage(true);
  await expectToSend(alice);
  await setPage(false);
  await bob.expectToSee(alice);
});

/** Waits until Alice's picture arrives in this width. */
async function expectWidth(viewer: Participant, width: number): Promise<void> {
  await expect
    .poll(async () => (await viewer.receiptOf(viewer.tile('Alice')))?.frameWidth, {
      timeout: 20_000,
      message: `${viewer.name} receives Alice ${width} wide`,
    })
    .toBe(width);
}

/** Waits until of one's own layers exactly these are sent. */
async function expectToSend(publisher: Participant, ...expected: string[]): Promise<void> {
  await expect
    .poll(
      async () => {
        const before = await publisher.layers();
        await publisher.page.waitForTimeout(1_000);
        const after = await publisher.layers();
        const grows = (rid: string) =>
          Number(after.get(rid)?.framesSent ?? 0) > Number(before.get(rid)?.framesSent ?? 0);
        return [...after.keys()].filter(grows).sort();
      },
      { timeout: 20_000, message: `${publisher.name} sends ${expected.join(', ') || 'nothing'}` },
    )
    .toEqual(expected.sort());
}

/** Checks that no picture of Alice comes for a second. */
async function expectStill(viewer: Participant): Promise<void> {
  const before = await viewer.total('inbound-rtp', 'video', 'framesReceived');
  await viewer.page.waitForTimeout(1_000);
  expect(await viewer.total('inbound-rtp', 'video', 'framesReceived')).toBe(before);
}

/** Notes every picture of Alice's that is shown from now on. */
async function watchPictures(viewer: Participant): Promise<void> {
  await viewer.tile('Alice').locator('video').evaluate((it) => {
    const video = it as HTMLVideoElement;
    window.pictures = [];
    const note = (_: number, { rtpTimestamp, width }: VideoFrameCallbackMetadata) => {
      window.pictures.push({ at: (rtpTimestamp ?? 0) / 90, width });
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  });
}

/** How long, by the publisher's clock, no picture was shown where their size changed, in
 * milliseconds: elsewhere a busy machine makes gaps of its own. */
async function gapsAtSwitches(viewer: Participant): Promise<number[]> {
  const pictures = await viewer.page.evaluate(() => window.pictures);
  return pictures.slice(1).flatMap(({ at, width }, index) => {
    const former = pictures[index]!;
    return former.width === width ? [] : [at - former.at];
  });
}

declare global {
  interface Window {
    /** The pictures that were shown: when they were taken, in milliseconds, and their width. */
    pictures: { at: number; width: number }[];
  }
}
