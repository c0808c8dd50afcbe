import { expect, test } from '../fixtures/test.ts';

const FILE = new URL('../../docs/screenshot.png', import.meta.url).pathname;

test('the picture of a meeting in the README', async ({ server, person }) => {
  test.skip(!process.env.UPDATE_SCREENSHOTS, 'only with UPDATE_SCREENSHOTS=1');
  const portrait = { portrait: true };
  const alice = await person('Alice', 'chromium', 'blue', portrait);
  await alice.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  const link = await alice.host(server.url);
  for (const [name, colour] of [['Bob', 'green'], ['Carol', 'red']] as const) {
    const guest = await person(name, 'chromium', colour, portrait);
    await guest.accept(link);
    await expect.poll(async () => await alice.framesOf(name)).toBeGreaterThan(30);
  }
  await alice.page.mouse.move(0, 0);
  await alice.page.screenshot({ path: FILE });
});
