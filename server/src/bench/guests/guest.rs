//! One guest: comes in, sends, receives what the others send, and leaves.

use std::time::Duration;

use shared::{
    ids::{ConsumerId, ProducerId, TransportId},
    media::{DescriptionKind, RtpCapabilities, SessionDescription, Source},
    signaling::{
        ConnectTransport, ConsumerRef, CreateTransport, Direction, Event, Join, Joined,
        PROTOCOL_VERSION, Produce, ProducerRef, Reply, Request,
    },
};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    floor::{Floor, Place},
    line::{GuestError, Line},
    link::InviteLink,
    performance::Part,
};
use crate::bench::load::sender::{CAMERA, VOICE};

/// How long the server is given to hear a goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// Between two negotiations of the receiving leg: the server takes ten in ten seconds.
const NEGOTIATION_INTERVAL: Duration = Duration::from_secs(1);
/// Most producers that are asked for in one of them, so that the requests of a full room stay within
/// the burst that the server takes.
const MAX_BATCH: usize = 40;

/// Someone in the meeting.
pub(super) struct Guest {
    line: Line,
    sending: Place,
    receiving: Receiving,
}

/// What the guest receives.
struct Receiving {
    transport_id: TransportId,
    place: Option<Place>,
    /// Producers that are not asked for yet.
    missing: Vec<ProducerId>,
    negotiate_at: Instant,
}

impl Guest {
    /// Comes in, and returns when everything flows that was there.
    pub(super) async fn enter(
        link: &InviteLink,
        name: &str,
        floor: &Floor,
        part: Part,
    ) -> Result<Self, GuestError> {
        let mut line = Line::open(link).await?;
        let joined = join(&mut line, link, name).await?;
        let sending = publish(&mut line, floor, part).await?;
        let producers = joined.participants.iter().flat_map(|other| &other.producers);
        let missing = producers.map(|producer| producer.producer_id).collect();
        let transport_id = create(&mut line, Direction::Recv).await?;
        let negotiate_at = Instant::now();
        let receiving = Receiving { transport_id, place: None, missing, negotiate_at };
        let mut guest = Self { line, sending, receiving };
        guest.sending.connected().await?;
        guest.receiving.catch_up(&mut guest.line, floor).await?;
        Ok(guest)
    }

    /// Receives whatever the others begin to send, until this is dropped or the meeting ends it.
    pub(super) async fn attend(&mut self, floor: &Floor) -> Result<(), GuestError> {
        loop {
            let Self { line, receiving, .. } = self;
            let due = !receiving.missing.is_empty();
            tokio::select! {
                event = line.news() => match event? {
                    Event::NewProducer(new) => receiving.missing.push(new.producer.producer_id),
                    Event::PeerJoined(peer) => {
                        let producers = peer.producers.iter().map(|one| one.producer_id);
                        receiving.missing.extend(producers);
                    }
                    Event::ProducerClosed(closed) => {
                        receiving.missing.retain(|missing| *missing != closed.producer_id);
                    }
                    Event::TransportFailed(failed) => {
                        return Err(GuestError::Refused(failed.code.into()));
                    }
                    _ => {}
                },
                () = sleep_until(receiving.negotiate_at), if due => {
                    receiving.catch_up(line, floor).await?;
                }
            }
        }
    }

    /// Says goodbye.
    pub(super) async fn leave(mut self) {
        // The server finds out by itself when it does not hear that.
        let _ = timeout(GOODBYE, self.line.ask(Request::Leave)).await;
    }
}

impl Receiving {
    /// Asks for what is missing, negotiates it, and has it flow.
    async fn catch_up(&mut self, line: &mut Line, floor: &Floor) -> Result<(), GuestError> {
        self.negotiate_at = Instant::now() + NEGOTIATION_INTERVAL;
        let later = self.missing.split_off(self.missing.len().min(MAX_BATCH));
        let batch = std::mem::replace(&mut self.missing, later);
        let mut consumers = Vec::new();
        for producer_id in batch {
            match line.ask(Request::Consume(ProducerRef { producer_id })).await {
                Ok(Reply::Consume(consumed)) => consumers.push(consumed.consumer_id),
                Ok(_) => return Err(GuestError::Protocol("what the consumer is")),
                // Its publisher has left.
                Err(GuestError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if consumers.is_empty() {
            return Ok(());
        }
        self.negotiate(line, floor).await?;
        self.resume(line, consumers).await
    }

    async fn negotiate(&mut self, line: &mut Line, floor: &Floor) -> Result<(), GuestError> {
        let offer = connect(line, self.transport_id, None).await?;
        let offer = offer.ok_or(GuestError::Protocol("what it offers"))?;
        let sdp = match &self.place {
            Some(place) => place.answer(&offer),
            None => {
                let mut leg = floor.leg()?;
                let server = leg.set_server(std::time::Instant::now(), &offer)?;
                let answer = leg.answer(&offer);
                self.place = Some(floor.seat(leg, server, None)?);
                Some(answer)
            }
        };
        let sdp = sdp.ok_or_else(|| GuestError::Play("a leg is gone".to_owned()))?;
        let answer = SessionDescription { kind: DescriptionKind::Answer, sdp }.compact();
        connect(line, self.transport_id, Some(answer)).await?;
        match &mut self.place {
            Some(place) => place.connected().await,
            None => Ok(()),
        }
    }

    async fn resume(&self, line: &mut Line, consumers: Vec<ConsumerId>) -> Result<(), GuestError> {
        for consumer_id in consumers {
            match line.ask(Request::ResumeConsumer(ConsumerRef { consumer_id })).await {
                // Its publisher may have left.
                Ok(_) | Err(GuestError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Joins; where there is a lobby and no invite, waits until a host lets one in.
async fn join(line: &mut Line, link: &InviteLink, name: &str) -> Result<Joined, GuestError> {
    let mut token = link.token.clone();
    loop {
        let room_id = token.is_none().then(|| link.room.clone());
        let request = Request::Join(Join {
            protocol_version: PROTOCOL_VERSION,
            room_id,
            token,
            display_name: name.to_owned(),
            rtp_capabilities: RtpCapabilities {
                codecs: vec!["audio/opus".to_owned(), "video/VP8".to_owned()],
            },
            ..Join::default()
        });
        match line.ask(request).await? {
            Reply::Join(joined) => return Ok(*joined),
            Reply::Knocking(_) => {}
            _ => return Err(GuestError::Protocol("who is in the meeting")),
        }
        token = loop {
            if let Event::Admitted(admitted) = line.news().await? {
                break Some(admitted.token);
            }
        };
    }
}

/// Begins to send camera and microphone.
async fn publish(line: &mut Line, floor: &Floor, part: Part) -> Result<Place, GuestError> {
    let transport_id = create(line, Direction::Send).await?;
    let mut leg = floor.leg()?;
    let sdp = leg.offer(&[CAMERA, VOICE]);
    let offer = SessionDescription { kind: DescriptionKind::Offer, sdp };
    let answer = connect(line, transport_id, Some(offer)).await?;
    let answer = answer.ok_or(GuestError::Protocol("what it answers"))?;
    let server = leg.set_server(std::time::Instant::now(), &answer)?;
    let place = floor.seat(leg, server, Some(part))?;
    for (mid, source) in [(0, Source::Camera), (1, Source::Microphone)] {
        let mid = mid.to_string();
        line.ask(Request::Produce(Produce { transport_id, mid, source, paused: false })).await?;
    }
    Ok(place)
}

async fn create(line: &mut Line, direction: Direction) -> Result<TransportId, GuestError> {
    match line.ask(Request::CreateTransport(CreateTransport { direction })).await? {
        Reply::CreateTransport(created) => Ok(created.transport_id),
        _ => Err(GuestError::Protocol("which the transport is")),
    }
}

/// Exchanges descriptions; returns the server's, if it has one to give.
async fn connect(
    line: &mut Line,
    transport_id: TransportId,
    description: Option<SessionDescription>,
) -> Result<Option<String>, GuestError> {
    let request = ConnectTransport { transport_id, description, ice_restart: false };
    match line.ask(Request::ConnectTransport(request)).await? {
        Reply::ConnectTransport(connected) => Ok(connected.description.map(|its| its.sdp)),
        _ => Err(GuestError::Protocol("its description")),
    }
}
