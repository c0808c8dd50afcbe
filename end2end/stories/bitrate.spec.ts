import type { Participant } from '../fixtures/participant.ts';
import { SMALL } from '../fixtures/camera.ts';
import { expect, test } from '../fixtures/test.ts';

/** Bits per second that a room of this story starts with, and what its host changes them to. */
const BEFORE = 800_000;
const AFTER = 200_000;

test('a host says how much is sent, and cameras keep to it at once', async ({ server, person }) => {
  const { inviteLink, hostToken } = await server.createRoom('Alice', { maxVideoBitrate: BEFORE });
  const picture = { ...SMALL, noise: 0.5 };
  const bob = await person('Bob', 'chromium', 'blue', { picture });
  await bob.accept(inviteLink);
  const carol = await person('Carol', 'chromium', 'green');
  await carol.accept(inviteLink);
  await carol.expectFramesToAdvance('Bob');
  await expect.poll(async () => await sent(bob), { timeout: 60_000 }).toBeGreaterThan(1.5 * AFTER);

  await carol.page.evaluate(asHost, { token: hostToken, maxVideoBitrate: AFTER });
  await expect.poll(async () => await sent(bob), { timeout: 10_000 }).toBeLessThan(1.2 * AFTER);
  await carol.expectFramesToAdvance('Bob');
});

/** What the camera sends now, in bits per second. */
async function sent(someone: Participant): Promise<number> {
  const [before, after] = [await sample(someone), await sample(someone, 1_500)];
  return (8 * 1_000 * (after.bytes - before.bytes)) / (after.at - before.at);
}

async function sample(someone: Participant, wait = 0): Promise<{ bytes: number; at: number }> {
  await someone.page.waitForTimeout(wait);
  const layers = [...(await someone.layers()).values()];
  const bytes = layers.reduce((sum, layer) => sum + Number(layer.bytesSent), 0);
  return { bytes, at: Number(layers[0]?.timestamp) };
}

/** Runs in a page: joins as the host on a socket of its own, and limits everyone. */
async function asHost(given: { token: string; maxVideoBitrate: number }): Promise<void> {
  const socket = new WebSocket(`ws://${location.host}/ws`);
  const replies = new Map<number, (message: { error?: unknown }) => void>();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as { id?: number; error?: unknown };
    replies.get(message.id ?? 0)?.(message);
  };
  await new Promise((opened) => (socket.onopen = opened));
  const ask = async (id: number, request: string, data: object) => {
    const answered = new Promise<{ error?: unknown }>((answer) => replies.set(id, answer));
    socket.send(JSON.stringify({ id, request, data }));
    const { error } = await answered;
    if (error) throw new Error(JSON.stringify(error));
  };
  const { token, maxVideoBitrate } = given;
  await ask(1, 'join', { protocolVersion: 1, token, displayName: 'Alice' });
  await ask(2, 'setMaxBitrate', { maxVideoBitrate });
}
