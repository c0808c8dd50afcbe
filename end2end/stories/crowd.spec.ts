import { Gauge, type Holdings, percentile } from '../fixtures/gauge.ts';
import { Guests } from '../fixtures/guests.ts';
import type { Participant } from '../fixtures/participant.ts';
import { expect, test } from '../fixtures/test.ts';

const GUESTS = 25;
/** Seconds that each of them stays: a quarter comes and goes every second and a half. */
const STAY = 6;
/** How long they come and go; for a night, ask for more. */
const MINUTES = Number(process.env.SOAK_MINUTES ?? 1.5);
/** How long an input may wait until the page takes it, in milliseconds, 95 times of 100. */
const MAX_DELAY = 100;
const MB = 1024 * 1024;

test('twenty-five guests are seen and heard, and all of them go at once', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const guests = Guests.invite(await alice.host(server.url), GUESTS);
  try {
    await expect(alice.others).toHaveCount(GUESTS);
    await alice.page.getByRole('tab', { name: /^People/ }).click();
    await expect(people(alice)).toHaveCount(GUESTS + 1);
    await expect.poll(async () => await moving(alice), { timeout: 30_000 }).toBeGreaterThan(8);
    const before = await alice.heard();
    await expect.poll(async () => (await alice.heard()) - before).toBeGreaterThan(0.001);
    await expect(alice.page.locator('[data-speaking="true"]:not([data-self])')).not.toHaveCount(0);
    const report = await guests.leave();
    expect(report).toMatchObject({ joined: GUESTS, left: GUESTS, failed: 0, broken: 0 });
    expect(report.opened).toBeGreaterThan(0);
    await expect(alice.others).toHaveCount(0);
  } finally {
    guests.dispose();
  }
});

test('while guests come and go, the page answers at once and keeps nothing of who has gone', async ({
  server,
  person,
}) => {
  test.setTimeout((MINUTES * 60 + 120) * 1000);
  const alice = await person('Alice', 'chromium', 'red');
  const gauge = await Gauge.open(alice, server);
  const link = await alice.host(server.url);
  const guests = Guests.invite(link, GUESTS, STAY);
  try {
    await expect.poll(async () => await alice.others.count()).toBeGreaterThan(GUESTS - 8);
    await expect.poll(async () => await moving(alice), { timeout: 30_000 }).toBeGreaterThan(4);
    const { waited, holdings } = await live(alice, gauge);
    const delay = percentile(waited, 95);
    console.log(`input waited ${Math.round(delay)} ms (95 of 100), ${waited.length} inputs`);
    expect(waited.length).toBeGreaterThan(MINUTES * 60);
    expect(delay).toBeLessThanOrEqual(MAX_DELAY);
    expectSteady(holdings);
    const report = await guests.leave();
    console.log(JSON.stringify(report));
    expect(report).toMatchObject({ failed: 0, broken: 0 });
    expect(report.left).toBeGreaterThan((MINUTES * 60 * GUESTS) / STAY / 2);
    await expect(alice.others).toHaveCount(0);
  } finally {
    guests.dispose();
  }
});

/** Uses the page without a pause, and looks twelve times what it holds. */
async function live(
  alice: Participant,
  gauge: Gauge,
): Promise<{ waited: number[]; holdings: Holdings[] }> {
  const LOOKS = 12;
  const waited: number[] = [];
  const holdings: Holdings[] = [];
  await gauge.delays();
  for (let look = 1; look <= LOOKS; look++) {
    const end = Date.now() + (MINUTES * 60_000) / LOOKS;
    while (Date.now() < end) await useEverything(alice);
    const since = (await gauge.delays()).map((delay) => delay.waited);
    const durations = await gauge.durations();
    waited.push(...since);
    // A collection of garbage holds up the page, which is none of its doing.
    const found = await gauge.holdings();
    await gauge.delays();
    holdings.push(found);
    const { heap, wasm, nodes, listeners, transceivers, renderer, server } = found;
    const mb = (bytes: number) => (bytes / MB).toFixed(1);
    console.log(
      `look ${look}: heap ${mb(heap)} MB, WebAssembly ${mb(wasm)} MB, ${nodes} nodes, ` +
        `${listeners} listeners, ${transceivers} transceivers, browser ${mb(renderer)} MB, ` +
        `server ${mb(server)} MB; input waited ${percentile(since, 50).toFixed(1)} / ` +
        `${percentile(since, 95).toFixed(1)} / ${percentile(since, 100).toFixed(1)} ms, ` +
        `of ${since.length}; painted after ${percentile(durations, 95)} ms (${durations.length})`,
    );
  }
  return { waited, holdings };
}

/** Types, presses and clicks, as someone would who does everything within a few seconds. */
async function useEverything({ page }: Participant): Promise<void> {
  const press = async (name: string | RegExp) =>
    await page.getByRole('button', { name, exact: true }).first().click();
  await press(/^Chat/);
  const draft = page.locator('#chat-draft');
  await draft.pressSequentially('A few words for everyone', { delay: 30 });
  // What is written is kept by design, and would look like a leak.
  await draft.press('Control+A');
  await draft.press('Delete');
  await press('Microphone');
  await press('Microphone');
  await page.getByRole('tab', { name: /^People/ }).click();
  await press('More');
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('g');
  await press('Camera');
  await press('Camera');
}

/** What is held at the end is what was held when everything had been used once. */
function expectSteady(holdings: Holdings[]): void {
  const third = holdings.length / 3;
  const most = (part: Holdings[], what: keyof Holdings) => Math.max(...part.map((it) => it[what]));
  const grown = (what: keyof Holdings) =>
    most(holdings.slice(-third), what) - most(holdings.slice(0, third), what);
  expect.soft(grown('heap'), 'JavaScript').toBeLessThan(2 * MB);
  expect.soft(grown('wasm'), 'WebAssembly').toBeLessThan(1 * MB);
  expect.soft(grown('nodes'), 'nodes').toBeLessThan(1_000);
  expect.soft(grown('listeners'), 'listeners').toBeLessThan(400);
  // Those of who went are used again: there are as many as were needed at once, when some came
  // before others had gone.
  expect.soft(most(holdings, 'transceivers'), 'transceivers').toBeLessThan(4 * GUESTS);
  expect.soft(grown('server'), 'server').toBeLessThan(8 * MB);
}

function people({ page }: Participant) {
  return page.getByRole('complementary', { name: 'People' }).getByRole('listitem');
}

/** How many of the others' pictures have changed within a second. */
async function moving({ page }: Participant): Promise<number> {
  return await page.evaluate(async () => {
    const videos = [...document.querySelectorAll<HTMLVideoElement>('[data-participant] video')];
    const shown = videos.filter((video) => !video.hidden && video.videoWidth === 320);
    const frames = () => shown.map((video) => video.getVideoPlaybackQuality().totalVideoFrames);
    const before = frames();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return frames().filter((count, index) => count >= before[index]! + 5).length;
  });
}
