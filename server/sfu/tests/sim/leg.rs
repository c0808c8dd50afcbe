//! A browser's end of a leg: the client of load tests, with streams that begin when they are used.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use sfu::{
    DtlsIdentity,
    client::{ClientLeg, Incoming, LocalTrack, OfferedTrack, offered_tracks},
    rtp::RtpHeader,
    transport::srtp::{
        MAX_RTCP_OVERHEAD, MAX_RTP_OVERHEAD, OutboundStream, SrtpError, SrtpProfile,
    },
};

pub(crate) struct Leg {
    client: ClientLeg,
    streams: BTreeMap<u32, OutboundStream>,
}

impl Leg {
    pub(crate) fn new(identity: &Arc<DtlsIdentity>, profiles: Vec<SrtpProfile>) -> Self {
        let client = ClientLeg::with_profiles(identity, profiles).unwrap();
        Self { client, streams: BTreeMap::new() }
    }

    pub(crate) fn offer(&self, tracks: &[LocalTrack]) -> String {
        self.client.offer(tracks)
    }

    pub(crate) fn accept_answer(&mut self, now: Instant, sdp: &str) {
        self.client.set_server(now, sdp).unwrap();
    }

    pub(crate) fn answer(&mut self, now: Instant, offer: &str) -> (String, Vec<OfferedTrack>) {
        self.client.set_server(now, offer).unwrap();
        (self.client.answer(offer), offered_tracks(offer))
    }

    pub(crate) fn restart_ice(&mut self, now: Instant, lines: &str) {
        self.client.restart_ice(now, lines).unwrap();
    }

    pub(crate) const fn is_connected(&self) -> bool {
        self.client.is_connected()
    }

    pub(crate) const fn profile(&self) -> Option<SrtpProfile> {
        self.client.profile()
    }

    /// What cannot be read is lost, as on a real path.
    pub(crate) fn handle_datagram<'a>(
        &mut self,
        now: Instant,
        datagram: &'a mut [u8],
    ) -> Incoming<'a> {
        self.client.handle_datagram(now, datagram).unwrap_or(Incoming::Nothing)
    }

    /// A handshake that is given up shows as a leg that never connects.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let _given_up = self.client.handle_timeout(now);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.client.poll_timeout()
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.client.poll_transmit()
    }

    /// Seals a packet; one that is no RTP, or whose number was sealed before, is not.
    pub(crate) fn seal_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let header = RtpHeader::parse(packet).map_err(|_| SrtpError::TooShort)?;
        let (header_len, ssrc, length) = (header.len, header.ssrc, packet.len());
        let outbound = self.client.outbound().expect("media flows once connected");
        let begun = self.streams.entry(ssrc);
        let stream = begun.or_insert_with(|| outbound.stream(ssrc).unwrap());
        packet.resize(length + MAX_RTP_OVERHEAD, 0);
        let sealed = outbound.seal_rtp(stream, packet, length, header_len)?;
        packet.truncate(sealed);
        Ok(())
    }

    pub(crate) fn seal_rtcp(&mut self, packet: &mut Vec<u8>) {
        let length = packet.len();
        packet.resize(length + MAX_RTCP_OVERHEAD, 0);
        let outbound = self.client.outbound().expect("media flows once connected");
        let sealed = outbound.seal_rtcp(packet, length).unwrap();
        packet.truncate(sealed);
    }
}
