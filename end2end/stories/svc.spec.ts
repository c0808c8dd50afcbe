import type { Page } from '@playwright/test';

import { LARGE } from '../fixtures/camera.ts';
import type { Participant } from '../fixtures/participant.ts';
import { readLink } from '../fixtures/server.ts';
import { expect, test } from '../fixtures/test.ts';

/** Windows in which the only other tile is larger than the middle layer, and as small as the least. */
const LARGE_WINDOW = { width: 1920, height: 1300 };
const SMALL_WINDOW = { width: 320, height: 420 };

const ENCODINGS = [
  ['VP9', 'L3T3'],
  ['VP9', 'L3T3_KEY'],
  ['AV1', 'L3T3'],
  ['AV1', 'L3T3_KEY'],
] as const;

for (const [codec, mode] of ENCODINGS) {
  test(`of one stream in ${codec} ${mode} everyone gets the layers that fill their tile`, async ({
    server,
    person,
  }) => {
    const { inviteLink } = await server.createRoom('Host', { maxVideoBitrate: 3_000_000 });
    const alice = await person('Alice', 'chromium', 'red', { picture: LARGE });
    await alice.page.goto(server.url);
    await publish(alice.page, inviteLink, codec, mode);
    const bob = await person('Bob', 'chromium', 'blue');
    await bob.page.setViewportSize(LARGE_WINDOW);
    await bob.accept(inviteLink);
    await bob.expectToSee(alice);
    await expectWidth(bob, 960);

    await bob.page.setViewportSize(SMALL_WINDOW);
    await expectWidth(bob, 240);
    await bob.expectToSee(alice);
    await bob.page.setViewportSize(LARGE_WINDOW);
    await expectWidth(bob, 960);
    await bob.expectToSee(alice);
    const { freezeCount, keyFramesDecoded } = await receipt(bob);
    expect(freezeCount, 'no picture freezes at a change').toBe(0);
    // One to begin with, one or two to move up; as many again for what the encoder does by itself.
    expect(keyFramesDecoded).toBeLessThan(8);
  });
}

/** Publishes by WHIP from a page of any kind, with all layers in one stream. */
async function publish(page: Page, link: string, codec: string, mode: string): Promise<void> {
  await page.evaluate(
    async ({ room, token, codec, mode }) => {
      const video = { width: 960, height: 540 };
      const stream = await navigator.mediaDevices.getUserMedia({ video });
      const peer = new RTCPeerConnection();
      Object.assign(window, { publishing: peer });
      const encoding = { scalabilityMode: mode, maxBitrate: 2_000_000 } as RTCRtpEncodingParameters;
      const transceiver = peer.addTransceiver(stream.getVideoTracks()[0]!, {
        direction: 'sendonly',
        sendEncodings: [encoding],
      });
      const { codecs } = RTCRtpReceiver.getCapabilities('video')!;
      const wanted = [`video/${codec}`, 'video/rtx'];
      transceiver.setCodecPreferences(codecs.filter((it) => wanted.includes(it.mimeType)));
      await peer.setLocalDescription(await peer.createOffer());
      const response = await fetch(`/whip/${room}?name=Alice`, {
        method: 'POST',
        headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token}` },
        body: peer.localDescription!.sdp,
      });
      const sdp = await response.text();
      if (!response.ok) throw new Error(sdp);
      await peer.setRemoteDescription({ type: 'answer', sdp });
    },
    { ...readLink(link), codec, mode },
  );
}

/** What the viewer's browser says of the publisher's picture. */
async function receipt(viewer: Participant): Promise<Record<string, number>> {
  const receipt = await viewer.receiptOf(viewer.tile('Alice'));
  return (receipt ?? {}) as unknown as Record<string, number>;
}

/** Waits until the publisher's picture arrives in this width. */
async function expectWidth(viewer: Participant, width: number): Promise<void> {
  await expect
    .poll(async () => (await receipt(viewer)).frameWidth, {
      timeout: 20_000,
      message: `${viewer.name} receives Alice ${width} wide`,
    })
    .toBe(width);
}
