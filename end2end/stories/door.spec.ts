import { BROWSERS, twoOfEach } from '../fixtures/browser.ts';
import type { Participant } from '../fixtures/participant.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: at the door one sees oneself, one's voice, and who is inside`, async ({
    server,
    person,
  }) => {
    const { inviteLink, roomId } = await server.createRoom('Alice');
    const bob = await person('Bob', browser, 'blue', { machine: twoOfEach('blue', 'red') });
    await bob.arrive(inviteLink);
    await expect(bob.page.getByText('Nobody is here yet')).toBeVisible();
    await bob.expectDevice('Microphone', 'on');
    // Firefox listens to nothing where there is no sound card, as on the machines that run stories.
    if (browser === 'chromium') {
      await expect.poll(async () => await levels(bob), { timeout: 20_000 }).toBeGreaterThan(2);
    }
    await bob.switch('Microphone').click();
    await expect(bob.page.getByRole('meter')).toBeHidden();

    const alice = await person('Alice', 'chromium', 'red');
    await alice.accept(inviteLink);
    await bob.page.reload();
    await expect(bob.page.getByText('Alice is here')).toBeVisible();
    // Without an invite, names are nobody's business.
    const eve = await person('Eve', browser, 'green');
    await eve.page.goto(`${server.url}/join?room=${roomId}`);
    await expect(eve.page.getByText('1 person is here')).toBeVisible();
  });

  test(`${browser}: one hears how one sounds, out of the chosen speaker`, async ({
    server,
    person,
  }) => {
    const { inviteLink } = await server.createRoom('Alice');
    const bob = await person('Bob', browser, 'blue', { machine: twoOfEach('blue', 'red') });
    await bob.arrive(inviteLink);
    await bob.pick('Speaker', 'Headphones');
    const test = bob.page.getByRole('button', { name: 'Record and listen' });
    await test.click();
    await expect(bob.page.getByText('Say something… 3')).toBeVisible();
    await expect(bob.page.getByText('Say something… 1')).toBeVisible();
    await expect(bob.page.getByText('This is how you sound.')).toBeVisible();
    // About three seconds of it are played, to the end.
    const played = async () =>
      await bob.page.evaluate(() => {
        const player = window.players.find((player) => player.src.startsWith('blob:'));
        return { seconds: player?.currentTime ?? 0, speaker: player?.sinkId };
      });
    await expect.poll(async () => (await played()).seconds).toBeGreaterThan(2);
    expect((await played()).speaker).toBe('speaker-2');
    await expect(bob.page.getByText('This is how you sound.')).toHaveCount(0);
    await bob.join();
  });

  test(`${browser}: whoever joins without camera is heard and not seen`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue');
    await bob.arrive(link);
    await bob.expectDevice('Camera', 'on');
    await bob.page.getByRole('button', { name: 'Join without camera' }).click();
    await bob.expectInRoom();
    await alice.expectToHear(1);
    await expect(alice.tile('Bob')).toHaveAttribute('data-audio', 'on');
    await expect(alice.tile('Bob')).toHaveAttribute('data-video', 'off');
    await bob.expectToSee(alice);
  });

  test(`${browser}: whoever only listens has no device open, and sees and hears the others`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue');
    await bob.arrive(link);
    await bob.expectDevice('Camera', 'on');
    await expect(bob.page.getByText('uses neither camera nor microphone')).toBeVisible();
    await bob.page.getByRole('button', { name: 'Listen only' }).click();
    await bob.expectInRoom();
    await expect(alice.tile('Bob')).toHaveAttribute('data-audio', 'off');
    await expect(alice.tile('Bob')).toHaveAttribute('data-video', 'off');
    await bob.expectToSee(alice);
    await bob.expectToHear(1);
    expect(await bob.stats('outbound-rtp'), 'nothing is sent').toEqual([]);

    await bob.switch('Microphone').click();
    await bob.expectDevice('Microphone', 'on');
    await alice.expectToHear(1);
  });

  test(`${browser}: a camera that another program uses is said, and another is one choice away`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue', { machine: twoOfEach('blue', 'green') });
    await bob.page.addInitScript(() => window.hands?.occupy('camera-1', true));
    await bob.arrive(link);
    const problem = bob.page.locator('[data-problem="dev_busy"]');
    await expect(problem).toContainText('Camera: Another program uses the device; close it');
    await problem.getByRole('button', { name: 'Try again' }).click();
    await expect(problem).toBeVisible();
    await bob.pick('Camera', 'Document camera');
    await expect(problem).toHaveCount(0);
    await bob.join();
    await expect.poll(async () => await alice.pictureOf('Bob'), { timeout: 30_000 }).toBe('green');
  });

  test(`${browser}: from the first page to talking it takes four actions`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    await alice.page.goto(server.url);
    await alice.page.getByLabel('Your name').fill('Alice');
    await alice.page.getByRole('button', { name: 'Start a meeting' }).click();
    await alice.page.getByRole('button', { name: 'Join now' }).click();
    await alice.expectInRoom();
    await alice.expectDevice('Microphone', 'on');
  });
}

/** How many different levels the meter shows in a second. */
async function levels(one: Participant): Promise<number> {
  const meter = one.page.getByRole('meter', { name: 'Microphone level' });
  return await meter.evaluate(async (meter) => {
    const seen = new Set<number>();
    for (let look = 0; look < 20; look++) {
      seen.add((meter as HTMLMeterElement).value);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return seen.size;
  });
}
