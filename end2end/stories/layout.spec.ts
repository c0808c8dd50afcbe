import { BROWSERS } from '../fixtures/browser.ts';
import { Crowd } from '../fixtures/crowd.ts';
import type { Participant } from '../fixtures/participant.ts';
import { expect, test } from '../fixtures/test.ts';

/** Width and height of windows: a phone upright and on its side, a tablet, a laptop, a large screen. */
const WINDOWS = [
  [320, 568],
  [360, 740],
  [740, 360],
  [768, 1024],
  [1280, 720],
  [2560, 1440],
] as const;

const COUNTS = [1, 2, 3, 4, 9, 16, 25, 49];

/** Long names among short ones. */
const NAMES = Array.from({ length: 48 }, (_, index) =>
  index % 3 === 1 ? `Maximiliane von Hohenstein-Württemberg ${index}` : `Guest ${index}`,
);

for (const browser of BROWSERS) {
  test(`${browser}: everyone fits on the stage, whatever the window and however many they are`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    const link = await alice.host(server.url);
    const crowd = await Crowd.open(alice.context, server);
    await alice.page.bringToFront();
    await closePanel(alice);
    let there = 1;
    for (const count of COUNTS) {
      await crowd.join(link, ...NAMES.slice(there - 1, count - 1));
      there = count;
      await expect(alice.page.locator('[data-participant]')).toHaveCount(count);
      for (const [width, height] of WINDOWS) {
        await alice.page.setViewportSize({ width, height });
        for (const mode of ['grid', 'speaker']) {
          const where = `${count} people at ${width}×${height}, ${mode} view`;
          await expect
            .poll(async () => faults(await measure(alice)), { message: where, timeout: 5_000 })
            .toEqual([]);
          await alice.page.keyboard.press('g');
        }
      }
    }
  });

  test(`${browser}: pages are turned by button and key, and who is on another one is not received`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', 'chromium', 'blue');
    await bob.accept(link);
    const crowd = await Crowd.open(alice.context, server);
    await crowd.join(link, ...NAMES.slice(0, 23));
    await alice.page.bringToFront();
    await alice.expectToSee(bob);

    await alice.page.setViewportSize({ width: 360, height: 740 });
    // In the side panel the keys scroll.
    await alice.page.getByRole('tab', { name: 'Invite' }).focus();
    await alice.page.keyboard.press('PageDown');
    await closePanel(alice);
    const pages = alice.page.getByRole('navigation', { name: 'Pages of participants' });
    await expect(pages).toContainText('Page 1 of 3');
    await expect(alice.tile('Bob')).toBeVisible();
    await expect(pages.getByRole('button', { name: 'Previous page' })).toBeDisabled();

    await pages.getByRole('button', { name: 'Next page' }).click();
    await expect(pages).toContainText('Page 2 of 3');
    await expect(alice.tile('Bob')).toBeHidden();
    await expectLayers(bob, 0);
    await alice.page.keyboard.press('PageDown');
    await expect(pages).toContainText('Page 3 of 3');
    await expect(pages.getByRole('button', { name: 'Next page' })).toBeDisabled();
    await alice.page.keyboard.press('PageUp');
    await alice.page.keyboard.press('PageUp');
    await expect(alice.tile('Bob')).toBeVisible();
    await alice.expectToSee(bob);
  });
}

test('who speaks on a later page is brought to the first, and large in the speaker view', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const crowd = await Crowd.open(alice.context, server);
  await crowd.join(link, ...NAMES.slice(0, 23));
  await alice.page.bringToFront();
  await alice.page.setViewportSize({ width: 360, height: 740 });
  await closePanel(alice);
  const last = alice.tile('Guest 21');
  await expect(last).toBeHidden();
  const bob = await person('Bob', 'chromium', 'blue', { speaks: true });
  await bob.accept(link);
  await expect(alice.tile('Bob')).toBeVisible({ timeout: 30_000 });
  await alice.expectToSee(bob);

  await alice.page.setViewportSize({ width: 1280, height: 720 });
  await choose(alice, 'Speaker');
  await expectLarge(alice, 'Bob');
  await alice.page.reload();
  await alice.expectInRoom();
  await expectLarge(alice, 'Bob');
  await alice.page.keyboard.press('g');
  await expectEqual(alice);
});

for (const browser of BROWSERS) {
  test(`${browser}: whoever is pinned stays large, up to four of them, until they are not`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    await alice.page.addInitScript(() => {
      window.pinned = [];
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function (data) {
        const { request, data: asked } = JSON.parse(String(data));
        if (request === 'setPreferredLayers') {
          const consumers = asked.consumers as { pinned?: boolean }[];
          window.pinned.push(...consumers.map(({ pinned = false }) => pinned));
        }
        send.call(this, data);
      };
    });
    const link = await alice.host(server.url);
    const bob = await person('Bob', 'chromium', 'blue');
    await bob.accept(link);
    const crowd = await Crowd.open(alice.context, server);
    await crowd.join(link, ...NAMES.slice(0, 6));
    await alice.page.bringToFront();
    await expectEqual(alice);
    const told = async () => await alice.page.evaluate(() => window.pinned.at(-1));
    await expect.poll(told).toBe(false);

    const pin = alice.page.getByRole('button', { name: 'Pin Bob', exact: true });
    await pin.focus();
    await alice.page.keyboard.press('Enter');
    await expect(pin).toHaveAttribute('aria-pressed', 'true');
    await expectLarge(alice, 'Bob');
    await expect.poll(told, 'the server knows whom to send first').toBe(true);
    await alice.expectToSee(bob);
    for (const name of ['Guest 0', 'Guest 2', 'Guest 3', 'Guest 5']) {
      await alice.page.getByRole('button', { name: `Pin ${name}`, exact: true }).click();
    }
    await expect(pin, 'a fifth takes the place of the first').toHaveAttribute(
      'aria-pressed',
      'false',
    );
    await expect(alice.page.locator('.tile-action[aria-pressed="true"]')).toHaveCount(4);
    await expect.poll(told).toBe(false);
    expect(faults(await measure(alice))).toEqual([]);
    for (const name of ['Guest 0', 'Guest 2', 'Guest 3', 'Guest 5']) {
      await alice.page.getByRole('button', { name: `Pin ${name}`, exact: true }).click();
    }
    await expectEqual(alice);
  });
}

test('one can hide one’s own tile, is seen by the others all the same, and finds it again', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const mine = alice.page.locator('[data-self]');
  await closePanel(alice);
  await mine.hover();
  await expect(mine.getByRole('button', { name: 'Hide my tile' })).toBeHidden();
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(link);
  await mine.getByRole('button', { name: 'Hide my tile' }).click();
  await expect(mine).toBeHidden();
  await bob.expectToSee(alice);
  await choose(alice, 'Show my tile');
  await expect(mine).toBeVisible();
});

test('several screens share the stage, one’s own is a card, and a screen can be pinned', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(link);
  const carol = await person('Carol', 'chromium', 'green');
  await carol.accept(link);

  const card = bob.page.getByRole('region', { name: 'You are sharing your screen' });
  await expect(card).toBeHidden();
  await bob.page.keyboard.press('s');
  await expect(card).toBeVisible();
  await expect(alice.screenOf('Bob')).toBeVisible();
  await carol.page.keyboard.press('s');
  await expect(alice.screenOf('Carol')).toBeVisible();
  const [ofBob, ofCarol] = [await area(alice, 'Bob’s screen'), await area(alice, 'Carol’s screen')];
  expect(ofBob).toBeCloseTo(ofCarol, -2);
  expect(ofBob).toBeGreaterThan(2 * (await area(alice, 'Carol,')));

  await alice.page.getByRole('button', { name: 'Pin Bob’s screen' }).click();
  await expect
    .poll(async () => (await area(alice, 'Bob’s screen')) / (await area(alice, 'Carol’s screen')))
    .toBeGreaterThan(3);

  await expectSentFor(bob, 'maintain-resolution', 15);
  await card.getByRole('button', { name: 'Motion' }).click();
  await expectSentFor(bob, 'maintain-framerate', 30);
  await expect
    .poll(async () => (await alice.receiptOf(alice.screenOf('Bob')))?.framesPerSecond, {
      timeout: 20_000,
      message: 'Alice sees more pictures of it a second than of a text',
    })
    .toBeGreaterThan(15);

  await card.getByRole('button', { name: 'Stop sharing' }).click();
  await expect(card).toBeHidden();
  await expect(alice.screenOf('Bob')).toHaveCount(0);
  await expectLarge(alice, 'Carol’s screen');
});

for (const browser of BROWSERS) {
  test(`${browser}: keys do what the sheet says, except where one types, or has turned them off`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', 'chromium', 'blue');
    await bob.accept(link);
    const { keyboard } = alice.page;

    await keyboard.press('m');
    await alice.expectDevice('Microphone', 'off');
    await expect(bob.tile('Alice')).toHaveAttribute('data-audio', 'off');
    await keyboard.press('Shift+v');
    await alice.expectDevice('Camera', 'off');
    await expect(bob.tile('Alice')).toHaveAttribute('data-video', 'off');
    await keyboard.press('Control+m');
    await alice.page.getByLabel('Invite link').focus();
    await keyboard.press('m');
    await alice.expectDevice('Microphone', 'off');

    await alice.page.getByRole('button', { name: 'Leave' }).focus();
    await keyboard.press('?');
    const sheet = alice.page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await expect(sheet).toBeVisible();
    await expect(sheet.getByRole('listitem').filter({ hasText: 'Mute or unmute' })).toContainText('M');
    await sheet.getByLabel('Use single-key shortcuts').uncheck();
    await keyboard.press('Escape');
    await expect(sheet).toBeHidden();
    await keyboard.press('m');
    await keyboard.press('?');
    await expect(sheet).toBeHidden();
    await choose(alice, 'Keyboard shortcuts');
    await sheet.getByLabel('Use single-key shortcuts').check();
    await sheet.getByRole('button', { name: 'Close' }).click();
    await expect(sheet).toBeHidden();
    await keyboard.press('m');
    await alice.expectDevice('Microphone', 'on');
    await expect(bob.tile('Alice')).toHaveAttribute('data-audio', 'on');
  });
}

test('what the bar has no room for is in the menu, and everything can be touched', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  await alice.host(server.url);
  await closePanel(alice);
  for (const width of [320, 360]) {
    await alice.page.setViewportSize({ width, height: 640 });
    const buttons = alice.page.locator('.controls > button:visible');
    for (const button of await buttons.all()) {
      const box = (await button.boundingBox())!;
      expect(Math.min(box.width, box.height), await button.innerText()).toBeGreaterThanOrEqual(44);
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(width);
    }
    await alice.page.getByRole('button', { name: 'More' }).click();
    const menu = alice.page.locator('#more');
    for (const name of ['Raise hand', 'Share screen', 'Applause']) {
      await expect(menu.getByRole('button', { name, exact: true })).toBeVisible();
    }
    const box = (await menu.boundingBox())!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(width);
    expect(box.y).toBeGreaterThanOrEqual(0);
    await alice.page.keyboard.press('Escape');
    await expect(menu).toBeHidden();
  }
});

test('the meeting takes the whole screen, and its picture floats above other windows', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(link);
  await alice.expectToSee(bob);

  await choose(alice, 'Full screen');
  const fills = async () => await alice.page.evaluate(() => document.fullscreenElement !== null);
  await expect.poll(fills).toBe(true);
  await choose(alice, 'Leave full screen');
  await expect.poll(fills).toBe(false);

  const floats = async () =>
    await alice.page.evaluate(() => (document.pictureInPictureElement as HTMLVideoElement)?.videoWidth > 0);
  for (const time of ['first', 'second']) {
    await choose(alice, 'Picture in picture');
    await expect.poll(floats, `it floats the ${time} time`).toBe(true);
    await choose(alice, 'Picture in picture');
    await expect.poll(floats, `it is back the ${time} time`).toBe(false);
  }
});

interface Box {
  name: string;
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** Height of the letters of its name. */
  letters: number;
  /** How much of its name is shown, in pixels, if that is not all of it. */
  cutTo?: number;
}

interface Measured {
  stage: Box;
  boxes: Box[];
  overflow: number;
}

/** Where the stage and everything on it are. */
async function measure(viewer: Participant): Promise<Measured> {
  return await viewer.page.evaluate(() => {
    const box = (element: Element) => {
      const { left, top, right, bottom } = element.getBoundingClientRect();
      const name = element.querySelector('.tile-name');
      const letters = name ? parseFloat(getComputedStyle(name).fontSize) : 0;
      const isCut = name && name.scrollWidth > name.clientWidth;
      const cutTo = isCut ? name.clientWidth : undefined;
      const label = element.getAttribute('aria-label') ?? '';
      return { name: label, left, top, right, bottom, letters, cutTo };
    };
    const stage = document.querySelector('.stage')!;
    const tiles = [...stage.querySelectorAll('.tile:not([hidden])')];
    const page = document.documentElement;
    return {
      stage: box(stage),
      boxes: tiles.map(box),
      overflow: Math.max(page.scrollWidth - page.clientWidth, page.scrollHeight - page.clientHeight),
    };
  });
}

/** What is wrong with it, in words. */
function faults({ stage, boxes, overflow }: Measured): string[] {
  const found = overflow > 0 ? ['the page overflows'] : [];
  if (boxes.length === 0) found.push('nobody is shown');
  boxes.forEach((box, index) => {
    const [width, height] = [box.right - box.left, box.bottom - box.top];
    const is = (fault: string) => found.push(`${box.name} ${fault} (${width}×${height})`);
    if (box.left < stage.left - 1 || box.right > stage.right + 1) is('leaves the stage');
    if (box.top < stage.top - 1 || box.bottom > stage.bottom + 1) is('leaves the stage');
    if (width < 120) is('is too small');
    if (width / height < 0.65 || width / height > 1.81) is('has no shape of a picture');
    if (box.letters < 12) is('has a name too small to read');
    if (box.cutTo !== undefined && box.cutTo < 40) is('has a name that is cut to nothing');
    for (const other of boxes.slice(index + 1)) {
      const apart =
        box.right <= other.left ||
        other.right <= box.left ||
        box.bottom <= other.top ||
        other.bottom <= box.top;
      if (!apart) is(`overlaps ${other.name}`);
    }
  });
  return found;
}

/** How many square pixels the tile has whose label begins so. */
async function area(viewer: Participant, label: string): Promise<number> {
  const box = await viewer.page.locator(`.tile[aria-label^="${label}"]`).boundingBox();
  return box ? box.width * box.height : 0;
}

/** Waits until a tile is larger than all others together with half of itself. */
async function expectLarge(viewer: Participant, label: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const { boxes } = await measure(viewer);
        const size = (box: Box) => (box.right - box.left) * (box.bottom - box.top);
        const largest = boxes.sort((a, b) => size(b) - size(a))[0]!;
        const isAlone = boxes.slice(1).every((box) => size(box) * 2 < size(largest));
        return isAlone ? largest.name : 'nobody';
      },
      { timeout: 20_000, message: `${label} is large` },
    )
    .toMatch(new RegExp(`^${label}`));
}

/** Waits until all tiles are of one size. */
async function expectEqual(viewer: Participant): Promise<void> {
  await expect
    .poll(async () => {
      const { boxes } = await measure(viewer);
      return new Set(boxes.map((box) => `${box.right - box.left}×${box.bottom - box.top}`)).size;
    })
    .toBe(1);
}

/** Gives the stage the place of the side panel. */
async function closePanel(viewer: Participant): Promise<void> {
  await viewer.page.getByRole('button', { name: 'Close panel' }).click();
}

/** Presses an entry of the menu. */
async function choose(viewer: Participant, entry: string): Promise<void> {
  await viewer.page.getByRole('button', { name: 'More', exact: true }).click();
  await viewer.page.locator('#more').getByRole('button', { name: entry, exact: true }).click();
  await expect(viewer.page.locator('#more')).toBeHidden();
}

/** Waits until so many layers of one's camera are sent. */
async function expectLayers(publisher: Participant, count: number): Promise<void> {
  await expect
    .poll(
      async () => {
        const before = await publisher.layers();
        await publisher.page.waitForTimeout(1_000);
        const after = await publisher.layers();
        const sent = (layers: typeof before, rid: string) => Number(layers.get(rid)?.framesSent ?? 0);
        return [...after.keys()].filter((rid) => sent(after, rid) > sent(before, rid)).length;
      },
      { timeout: 20_000, message: `${publisher.name} sends ${count} layers` },
    )
    .toBe(count);
}

/** Waits until one's screen is sent so. */
async function expectSentFor(publisher: Participant, preference: string, rate: number): Promise<void> {
  const sent = async () =>
    await publisher.page.evaluate(() => {
      const senders = window.peerConnections.flatMap((peer) => peer.getSenders());
      const parameters = senders.map((sender) => sender.getParameters());
      return parameters.map((it) => {
        const { degradationPreference } = it as { degradationPreference?: string };
        return `${degradationPreference} ${it.encodings[0]?.maxFramerate ?? 15}`;
      });
    });
  await expect.poll(sent).toContain(`${preference} ${rate}`);
}

declare global {
  interface Window {
    /** Whether each picture that the server was told of is pinned, as it was told. */
    pinned: boolean[];
  }
}
