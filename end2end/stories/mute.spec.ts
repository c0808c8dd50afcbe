import { BROWSERS } from '../fixtures/browser.ts';
import type { Device, Participant } from '../fixtures/participant.ts';
import { expect, test } from '../fixtures/test.ts';

/** What everyone else is to be told within, in milliseconds. */
const TOLD_WITHIN = 1_000;

for (const browser of BROWSERS) {
  test(`${browser}: mute and camera off show at the others within a second, and come back`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', 'chromium', 'blue');
    await bob.accept(link);
    await bob.expectToSee(alice);
    await bob.expectToHear(1);
    const listed = async () => (await server.participants(link))[0];

    expect(await timeToShow(alice, 'Microphone', 'off', bob)).toBeLessThan(TOLD_WITHIN);
    expect(await listed()).toMatchObject({ hasAudio: false, hasVideo: true });
    expect(await timeToShow(alice, 'Camera', 'off', bob)).toBeLessThan(TOLD_WITHIN);
    expect(await listed()).toMatchObject({ hasAudio: false, hasVideo: false });
    await expect(bob.tile('Alice').locator('video')).toBeHidden();

    expect(await timeToShow(alice, 'Microphone', 'on', bob)).toBeLessThan(TOLD_WITHIN);
    await bob.expectToHear(1);
    // A camera takes its time to start.
    await alice.switch('Camera').click();
    await alice.expectDevice('Camera', 'on');
    await bob.expectToSee(alice);
    expect(await listed()).toMatchObject({ hasAudio: true, hasVideo: true });
  });
}

/** Presses one's switch; returns how long after that the other's page shows the new state. */
async function timeToShow(
  one: Participant,
  device: Device,
  state: 'on' | 'off',
  other: Participant,
): Promise<number> {
  const attribute = device === 'Camera' ? 'data-video' : 'data-audio';
  // The tile is watched before the switch is pressed, on the clock both pages share.
  const shown = await other.tile(one.name).evaluateHandle(
    (tile: Element, { attribute, state }) => {
      const moment = new Promise<number>((resolve) => {
        const look = () => tile.getAttribute(attribute) === state && resolve(Date.now());
        new MutationObserver(look).observe(tile, { attributes: true });
      });
      // Wrapped, so that the handle is not of what it resolves to.
      return { moment };
    },
    { attribute, state },
  );
  const pressed = await one.switch(device).evaluate((button) => {
    const now = Date.now();
    (button as HTMLButtonElement).click();
    return now;
  });
  return (await shown.evaluate(({ moment }) => moment)) - pressed;
}
