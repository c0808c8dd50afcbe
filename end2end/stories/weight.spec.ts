import { expect, test } from '../fixtures/test.ts';

/** Bytes over the network, at most, of the code before the door of a room, and of the meeting's. */
const PAGE_BYTES = 350 * 1024;
const MEETING_BYTES = 450 * 1024;

test('the code before the door is light, and the meeting comes while one stands there', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const fetched: string[] = [];
  alice.page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.endsWith('.wasm')) fetched.push(pathname);
  });
  await alice.page.goto(server.url);
  await expect(alice.page.getByRole('button', { name: 'Start a meeting' })).toBeEnabled();
  expect(fetched).toEqual([expect.stringMatching(/^\/page-[0-9a-f]+_bg\.wasm$/)]);
  const weight = async (path: string) => {
    const answer = await fetch(server.url + path, { headers: { 'Accept-Encoding': 'br' } });
    await answer.arrayBuffer();
    const { headers } = answer;
    return headers.get('content-encoding') === 'br' ? Number(headers.get('content-length')) : null;
  };
  const pageBytes = await weight(fetched[0]!);
  test.skip(pageBytes === null, 'this page was built for development');
  const meetingBytes = await weight('/room_bg.wasm');
  console.log(`the page ${pageBytes} bytes, the meeting ${meetingBytes}`);
  expect(pageBytes).toBeLessThanOrEqual(PAGE_BYTES);
  expect(meetingBytes).toBeLessThanOrEqual(MEETING_BYTES);

  await alice.page.getByLabel('Your name').fill('Alice');
  await alice.page.getByRole('button', { name: 'Start a meeting' }).click();
  await expect.poll(() => fetched).toContain('/room_bg.wasm');
});
