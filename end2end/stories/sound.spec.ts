import { BROWSERS } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: sound that the browser holds back plays after a click`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red', { speaks: true });
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue');
    await bob.page.addInitScript(holdSoundBack);
    await bob.arrive(link);
    await bob.page.getByRole('button', { name: 'Listen only' }).click();
    await bob.expectInRoom();
    await expect.poll(async () => await bob.page.evaluate(plays)).toBe(true);
    await expect(bob.notice('autoplay')).toHaveCount(0);

    // The page comes back by itself, and nobody has clicked on it since.
    await bob.page.reload();
    await bob.expectInRoom();
    const notice = bob.notice('autoplay');
    await expect(notice).toContainText('The browser holds the sound back until you click.');
    expect(await bob.page.evaluate(plays)).toBe(false);
    await notice.getByRole('button', { name: 'Play sound' }).click();
    await expect(notice).toHaveCount(0);
    await expect.poll(async () => await bob.page.evaluate(plays)).toBe(true);
  });
}

/** Whether what is played has sound. */
function plays(): boolean {
  return window.played.some((element) => !element.paused);
}

/** As browsers do on pages where nobody has clicked; driven ones think that somebody has. */
function holdSoundBack(): void {
  let clicked = false;
  addEventListener('click', () => (clicked = true), { capture: true });
  window.played = [];
  const native = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = async function (this: HTMLMediaElement) {
    if (this.muted) return await native.call(this);
    if (!clicked) throw new DOMException('nobody has clicked', 'NotAllowedError');
    window.played.push(this);
    await native.call(this);
  };
}

declare global {
  interface Window {
    /** What was allowed to play with sound. */
    played: HTMLMediaElement[];
  }
}
