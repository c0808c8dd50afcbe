import { BROWSERS, twoOfEach } from '../fixtures/browser.ts';
import type { Participant } from '../fixtures/participant.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: a device that is changed during the call goes on as the same producer`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'green');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue', { machine: twoOfEach('blue', 'red') });
    await bob.accept(link);
    await alice.expectToSee(bob);
    await alice.expectToHear(1);
    const before = await streams(alice);
    const changes = await watchTile(alice, 'Bob');

    await bob.openSettings();
    await expect(bob.picker('Camera')).toHaveValue('camera-1');
    await bob.pick('Camera', 'Document camera');
    await expect.poll(async () => await alice.pictureOf('Bob'), { timeout: 30_000 }).toBe('red');
    await alice.expectFramesToAdvance('Bob');
    await bob.pick('Microphone', 'Headset');
    await expect.poll(async () => await microphoneOf(bob)).toBe('microphone-2');
    await alice.expectToHear(1);
    expect(await streams(alice)).toEqual(before);
    expect(await changes(), 'the tile shows neither mute nor a dark camera meanwhile').toEqual([]);
  });

  test(`${browser}: devices that were chosen are chosen again next time, while they are there`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'green');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue', { machine: twoOfEach('blue', 'red') });
    await bob.arrive(link);
    await bob.pick('Camera', 'Document camera');
    await bob.pick('Microphone', 'Headset');
    await expect(bob.picker('Camera')).toHaveValue('camera-2');
    await bob.page.reload();
    await bob.page.getByLabel('Your name').fill('Bob');
    await expect(bob.picker('Camera')).toHaveValue('camera-2');
    await expect(bob.picker('Microphone')).toHaveValue('microphone-2');
    await bob.join();
    await expect.poll(async () => await alice.pictureOf('Bob'), { timeout: 30_000 }).toBe('red');

    await bob.page.addInitScript(() => window.hands?.unplug('camera-2'));
    await bob.page.goto(link);
    await expect(bob.picker('Camera')).toHaveValue('camera-1');
    await expect(bob.picker('Microphone')).toHaveValue('microphone-2');
    await bob.join();
    await expect.poll(async () => await alice.pictureOf('Bob'), { timeout: 30_000 }).toBe('blue');
  });

  test(`${browser}: a device that is unplugged is replaced, and one that is plugged in is offered`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'green');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue', { machine: twoOfEach('blue', 'red') });
    await bob.accept(link);
    await alice.expectToSee(bob);

    await bob.page.evaluate(() => window.hands?.unplug('camera-1'));
    await expect(bob.notice('dev_replaced')).toContainText('Your camera was unplugged');
    await expect.poll(async () => await alice.pictureOf('Bob'), { timeout: 30_000 }).toBe('red');
    await bob.page.evaluate(() => window.hands?.unplug('camera-2'));
    await expect(bob.notice('dev_none')).toBeVisible();
    await expect(alice.tile('Bob')).toHaveAttribute('data-video', 'off');

    await bob.page.evaluate(() => window.hands?.unplug('microphone-1'));
    await expect(bob.notice('dev_replaced')).toContainText('Your microphone was unplugged');
    await alice.expectToHear(1);
    await bob.page.evaluate(() => window.hands?.plugMicrophone('microphone-3', 'New headset'));
    const found = bob.notice('dev_found');
    await expect(found).toContainText('A microphone was plugged in.');
    await found.getByRole('button', { name: 'Use it' }).click();
    await expect.poll(async () => await microphoneOf(bob)).toBe('microphone-3');
    await alice.expectToHear(1);
    await bob.openSettings();
    await expect(bob.picker('Microphone')).toHaveValue('microphone-3');
  });

  test(`${browser}: the others' sound comes out of the speaker that was chosen`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'green', { speaks: true });
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue', { machine: twoOfEach('blue', 'red') });
    await bob.arrive(link);
    await bob.pick('Speaker', 'Headphones');
    await bob.join();
    await expect.poll(async () => await speakersOf(bob)).toEqual(['speaker-2']);
    await bob.openSettings();
    await bob.pick('Speaker', 'Built-in speaker');
    await expect.poll(async () => await speakersOf(bob)).toEqual(['speaker-1']);
    await bob.page.evaluate(() => window.hands?.unplug('speaker-1'));
    await expect(bob.notice('dev_replaced')).toContainText('Your speaker was unplugged');
    await expect.poll(async () => await speakersOf(bob)).toEqual(['']);
    await bob.expectToHear(1);
  });
}

/** What names the streams that someone receives: it is the same as long as their producers are. */
async function streams(one: Participant): Promise<string[]> {
  const received = await one.stats('inbound-rtp');
  return received.map(({ mid, ssrc, connection }) => `${connection} ${mid} ${ssrc}`).sort();
}

/** Notes what a tile says of camera and microphone from now on; call the result to read it. */
async function watchTile(one: Participant, name: string): Promise<() => Promise<string[]>> {
  const noted = await one.tile(name).evaluateHandle((tile) => {
    const noted: string[] = [];
    const note = (changes: MutationRecord[]) => {
      for (const { attributeName, oldValue } of changes) {
        const now = tile.getAttribute(attributeName!);
        if (now !== oldValue) noted.push(`${attributeName} is ${now}`);
      }
    };
    new MutationObserver(note).observe(tile, {
      attributeFilter: ['data-audio', 'data-video'],
      attributeOldValue: true,
    });
    return noted;
  });
  return async () => await noted.jsonValue();
}

/** Which microphone someone sends. */
async function microphoneOf(one: Participant): Promise<string | undefined> {
  return await one.page.evaluate(() => {
    const peers = window.peerConnections.filter((peer) => peer.connectionState !== 'closed');
    const tracks = peers.flatMap((peer) => peer.getSenders()).map((sender) => sender.track);
    return tracks.find((track) => track?.kind === 'audio')?.getSettings().deviceId;
  });
}

/** Out of which speakers the others' sound comes. */
async function speakersOf(one: Participant): Promise<string[]> {
  return await one.page.evaluate(() => {
    const playing = window.players.filter((player) => player.srcObject && !player.paused);
    const sounds = playing.filter((player) => player instanceof HTMLAudioElement);
    return sounds.map((player) => player.sinkId);
  });
}
