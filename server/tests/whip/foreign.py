"""Publishes by WHIP or watches by WHEP with aiortc, a WebRTC stack that none of us wrote.

    foreign.py publish URL TOKEN red VP8    sends a picture all of one colour, and a tone
    foreign.py watch URL TOKEN              decodes what comes

Each says what happens, a line each: "connected"; then whoever watches "audio", once, and "video red"
whenever the picture has another colour than before. Both go when their input ends, with a DELETE.
"""

import asyncio
import contextlib
import fractions
import math
import struct
import sys
import urllib.request
from urllib.parse import urljoin

import av
from aiortc import (
    AudioStreamTrack,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import MediaStreamError

# Luma and the two colour differences of BT.601.
COLOURS = {"red": (81, 90, 240), "green": (145, 54, 34), "blue": (41, 240, 110)}

WIDTH, HEIGHT = 320, 180

# How far a decoded colour may be from what was encoded.
TOLERANCE = 24


class Picture(VideoStreamTrack):
    """A picture of one colour."""

    def __init__(self, colour):
        super().__init__()
        self.colour = COLOURS[colour]

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, value in zip(frame.planes, self.colour):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(AudioStreamTrack):
    """A tone of 440 Hz."""

    async def recv(self):
        silence = await super().recv()
        first, rate = silence.pts, silence.sample_rate
        samples = [
            int(8000 * math.sin(2 * math.pi * 440 * (first + n) / rate))
            for n in range(silence.samples)
        ]
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples))
        frame.planes[0].update(struct.pack(f"<{len(samples)}h", *samples))
        frame.pts, frame.sample_rate = first, rate
        frame.time_base = fractions.Fraction(1, rate)
        return frame


def say(what):
    print(what, flush=True)


def request(method, url, token, body=None):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    asked = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return answer.status, answer.headers, answer.read().decode()


async def connect(peer, url, token):
    """One request, and the connection it makes; returns the address of the session."""
    await peer.setLocalDescription(await peer.createOffer())
    offer = peer.localDescription.sdp.encode()
    status, headers, answer = await asyncio.to_thread(request, "POST", url, token, offer)
    assert (status, headers["Content-Type"]) == (201, "application/sdp"), status
    assert headers["ETag"], "a session has an entity tag"
    await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    while peer.connectionState != "connected":
        assert peer.connectionState in ("new", "connecting"), peer.connectionState
        await asyncio.sleep(0.02)
    say("connected")
    return urljoin(url, headers["Location"])


def publish(peer, colour, codec):
    peer.addTrack(Tone())
    peer.addTrack(Picture(colour))
    capabilities = RTCRtpSender.getCapabilities("video").codecs
    wanted = [one for one in capabilities if one.mimeType in (f"video/{codec}", "video/rtx")]
    peer.getTransceivers()[1].setCodecPreferences(wanted)


def watch(peer):
    for kind in ("audio", "video"):
        peer.addTransceiver(kind, direction="recvonly")
    follow = {"audio": listen, "video": look}
    running = set()

    @peer.on("track")
    def begin(track):
        running.add(asyncio.ensure_future(until_it_ends(follow[track.kind](track))))


async def until_it_ends(following):
    with contextlib.suppress(MediaStreamError):
        await following


async def listen(track):
    """Waits for a tone: silence is also sound."""
    while True:
        frame = await track.recv()
        samples = struct.unpack_from(f"<{frame.samples}h", bytes(frame.planes[0]))
        if max(samples) > 2000:
            return say("audio")


async def look(track):
    before = None
    while True:
        colour = colour_of(await track.recv())
        if colour not in (None, before):
            before = colour
            say(f"video {colour}")


def colour_of(frame):
    """The colour in the middle of a picture, if it is one of ours."""
    assert (frame.width, frame.height) == (WIDTH, HEIGHT)
    middle = [
        bytes(plane)[plane.line_size * (plane.height // 2) + plane.width // 2]
        for plane in frame.planes
    ]
    for name, colour in COLOURS.items():
        if all(abs(one - other) <= TOLERANCE for one, other in zip(middle, colour)):
            return name
    return None


async def main(role, url, token, *options):
    peer = RTCPeerConnection()
    publish(peer, *options) if role == "publish" else watch(peer)
    session = await connect(peer, url, token)
    await asyncio.to_thread(sys.stdin.read)
    status, _, _ = await asyncio.to_thread(request, "DELETE", session, token)
    assert status == 200, status
    await peer.close()
    say("gone")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
