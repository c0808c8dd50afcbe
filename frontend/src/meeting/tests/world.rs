//! The other end of a meeting: what the page would do, and what the server would say.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    error::ErrorCode,
    ids::{ConsumerId, ParticipantId, ProducerId, RoomId, TransportId},
    limits::DEFAULT_VIDEO_BITRATE,
    media::{DescriptionKind, MediaKind, MimeType, RtpCapabilities, SessionDescription, Source},
    signaling::{
        ChatMessage, ClientMessage, ConnectTransport, Consumed, CreateTransport, Direction, Event,
        Invite, InviteList, Join, Joined, Knocking, OwnProducer, Participant, Presence, Produce,
        Producer, ProducerRef, Reply, Request, Role, RoomInfo, ServerMessage, TransportConnected,
        TransportCreated,
    },
};

use crate::meeting::{
    JoinIntent, Meeting, Start,
    effect::{Change, Effect, Instant, PeerNews, SocketId, SocketNews, Traffic},
};

pub(super) const START: Instant = Duration::from_secs(10);

/// More than a test that makes progress has.
const MAX_EFFECTS: usize = 100_000;

/// A meeting, a browser that does what it is told at once, and a server that keeps the protocol.
pub(super) struct World {
    pub(super) meeting: Meeting,
    pub(super) now: Instant,
    /// Whether the server listens.
    pub(super) server: Server,
    /// Who else is in the room, for the next snapshot.
    pub(super) others: Vec<Participant>,
    /// Every request that reached the server.
    pub(super) requests: Vec<ClientMessage>,
    /// Every other effect.
    pub(super) effects: Vec<Effect>,
    pub(super) socket: Option<SocketId>,
    /// What whoever has no token is told at the door.
    pub(super) lobby: Option<Knocking>,
    /// What was written, for the next snapshot.
    pub(super) chat: Vec<ChatMessage>,
    /// Errors to give in place of replies: the first that fits a request is used up.
    pub(super) refusals: Vec<Refusal>,
    /// What becomes of a peer connection once it is negotiated.
    pub(super) path: PeerNews,
    /// The last producer made of each source.
    pub(super) produced: BTreeMap<Source, ProducerId>,
    /// What the server has of this person's own.
    pub(super) own: Vec<OwnProducer>,
    /// What becomes of a device that is to be changed for another.
    pub(super) change: Change,
    /// What has gone over each peer connection.
    pub(super) wire: Wire,
    /// A socket whose other end is out of reach.
    pub(super) lost_socket: Option<SocketId>,
    /// The transports that the server has.
    transports: Vec<TransportId>,
    next_number: u64,
}

/// An error, and which requests it is for.
pub(super) type Refusal = (fn(&Request) -> bool, ErrorCode);

/// What the network carries of the media.
pub(super) struct Wire {
    pub(super) is_alive: bool,
    traffic: Traffic,
}

impl Wire {
    /// A camera's traffic since the last look, if it arrives.
    const fn look(&mut self) -> Traffic {
        self.traffic.sent += 50_000;
        if self.is_alive {
            self.traffic.received += 1_000;
        }
        self.traffic
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// Answers.
    Up,
    /// Takes what comes and says nothing.
    Silent,
    /// Does not listen.
    Down,
}

pub(super) fn room_id() -> RoomId {
    RoomId::from_random([1; 16])
}

pub(super) fn participant_id(number: u8) -> ParticipantId {
    ParticipantId::from_random([number; 16])
}

/// What everyone's browser codes such a source in.
const fn mime_type_of(source: Source) -> MimeType {
    match source.kind() {
        MediaKind::Audio => MimeType::Opus,
        MediaKind::Video => MimeType::Vp8,
    }
}

pub(super) fn participant(number: u8, producers: &[(u64, Source)]) -> Participant {
    let producer = |(id, source): &(u64, Source)| Producer {
        producer_id: ProducerId(*id),
        source: *source,
        mime_type: mime_type_of(*source),
        paused: false,
    };
    Participant {
        id: participant_id(number),
        display_name: format!("Guest {number}"),
        role: Role::Guest,
        presence: Presence::Connected,
        producers: producers.iter().map(producer).collect(),
    }
}

/// Someone who comes with an invite, and with these devices open.
pub(super) fn start(open: &[Source]) -> Start {
    Start {
        intent: JoinIntent {
            room: Some(room_id()),
            token: Some("an invite".to_owned()),
            display_name: "Ada".to_owned(),
        },
        kept: None,
        open: open.to_vec(),
        capabilities: RtpCapabilities::default(),
        seed: 1,
    }
}

impl World {
    /// A person with a camera and a microphone sets out to join an empty room.
    pub(super) fn new() -> Self {
        Self::with_devices(&[Source::Microphone, Source::Camera])
    }

    pub(super) fn with_devices(open: &[Source]) -> Self {
        Self::starting(start(open))
    }

    pub(super) fn starting(start: Start) -> Self {
        Self {
            meeting: Meeting::new(START, start),
            now: START,
            server: Server::Up,
            others: Vec::new(),
            requests: Vec::new(),
            effects: Vec::new(),
            socket: None,
            lobby: None,
            chat: Vec::new(),
            refusals: Vec::new(),
            path: PeerNews::Connected,
            produced: BTreeMap::new(),
            own: Vec::new(),
            change: Change::Done,
            wire: Wire { is_alive: true, traffic: Traffic::default() },
            lost_socket: None,
            transports: Vec::new(),
            next_number: 100,
        }
    }

    /// Does everything that is to be done now.
    pub(super) fn settle(&mut self) {
        while let Some(effect) = self.meeting.poll_effect() {
            self.effects.push(effect.clone());
            assert!(
                self.effects.len() < MAX_EFFECTS,
                "it goes in circles: {:?}",
                self.last_effects()
            );
            self.perform(effect);
        }
    }

    /// Lets time pass, waking the meeting whenever it asks for it.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.settle();
        while let Some(at) = self.meeting.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.meeting.handle_wake(self.now);
            self.settle();
            let next = self.meeting.poll_timeout();
            assert!(next.is_none_or(|next| next > self.now), "nothing is due twice");
        }
        self.now = end;
    }

    pub(super) fn event(&mut self, event: Event) {
        self.hear(ServerMessage::Event(event));
        self.settle();
    }

    pub(super) fn close(&mut self, code: u16) {
        let socket = self.socket.take().expect("a socket is open");
        self.meeting.handle_socket(self.now, socket, &SocketNews::Closed(code));
        self.settle();
    }

    /// The server dies, and every connection with it.
    pub(super) fn kill_server(&mut self) {
        self.server = Server::Down;
        self.transports.clear();
        self.own.clear();
        self.close(1006);
    }

    /// The requests since the last call, without the pings.
    pub(super) fn take_requests(&mut self) -> Vec<Request> {
        let requests = std::mem::take(&mut self.requests);
        requests
            .into_iter()
            .map(|message| message.request)
            .filter(|request| *request != Request::Ping)
            .collect()
    }

    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    fn last_effects(&self) -> &[Effect] {
        &self.effects[self.effects.len().saturating_sub(20)..]
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Probe(socket) => {
                let is_there = self.server != Server::Down;
                self.meeting.handle_probe(self.now, socket, is_there);
            }
            Effect::OpenSocket(socket) => self.open_socket(socket),
            Effect::CloseSocket(socket) => {
                self.socket = self.socket.filter(|open| *open != socket);
            }
            Effect::Send(message) => self.serve(message),
            Effect::Offer { peer, sources, .. } => {
                let mids = sources.into_iter().map(|source| (source, format!("{source:?}")));
                let news = PeerNews::Offered {
                    offer: description(DescriptionKind::Offer),
                    mids: mids.collect(),
                };
                self.meeting.handle_peer(self.now, peer, news);
            }
            Effect::Accept { peer, .. } => {
                self.meeting.handle_peer(self.now, peer, PeerNews::Accepted);
                self.meeting.handle_peer(self.now, peer, self.path.clone());
            }
            Effect::Answer { peer, .. } => {
                let answer = description(DescriptionKind::Answer);
                self.meeting.handle_peer(self.now, peer, PeerNews::Answered(answer));
                self.meeting.handle_peer(self.now, peer, self.path.clone());
            }
            Effect::OpenDevice(source) => self.meeting.handle_device(self.now, source, Ok(())),
            Effect::ChangeDevice(source) => {
                self.meeting.handle_device_changed(self.now, source, self.change);
            }
            Effect::Look(peer) => {
                let traffic = self.wire.look();
                self.meeting.handle_traffic(self.now, peer, traffic);
            }
            Effect::OpenPeer { .. }
            | Effect::Encode { .. }
            | Effect::ClosePeer(_)
            | Effect::CloseDevice(_)
            | Effect::EnableDevice { .. }
            | Effect::SaveTicket { .. }
            | Effect::SaveToken { .. }
            | Effect::ForgetTicket(_) => {}
        }
    }

    fn open_socket(&mut self, socket: SocketId) {
        let news = if self.server == Server::Down {
            SocketNews::Closed(1006)
        } else {
            self.socket = Some(socket);
            SocketNews::Opened
        };
        self.meeting.handle_socket(self.now, socket, &news);
    }

    fn serve(&mut self, message: ClientMessage) {
        if self.socket == self.lost_socket {
            return;
        }
        self.requests.push(message.clone());
        if self.server != Server::Up {
            return;
        }
        let ClientMessage { id, request } = message;
        let refusal = self.refusals.iter().position(|(fits, _)| fits(&request));
        if let Some(index) = refusal {
            let (_, code) = self.refusals.remove(index);
            return self.hear(ServerMessage::Error { id: Some(id), error: code.into() });
        }
        let reply = self.reply(request);
        self.hear(ServerMessage::Reply { id, reply });
    }

    fn hear(&mut self, message: ServerMessage) {
        if let Some(socket) = self.socket {
            self.meeting.handle_message(self.now, socket, message);
        }
    }

    fn reply(&mut self, request: Request) -> Reply {
        self.next_number += 1;
        let number = self.next_number;
        match request {
            Request::Join(join @ Join { token: None, resume_ticket: None, .. }) => match self.lobby
            {
                Some(knocking) => Reply::Knocking(knocking),
                None => Reply::Join(Box::new(self.joined(&join))),
            },
            Request::Join(join) => Reply::Join(Box::new(self.joined(&join))),
            Request::CreateTransport(CreateTransport { direction }) => {
                if direction == Direction::Send {
                    self.own.clear();
                }
                self.transports.push(TransportId(number));
                Reply::CreateTransport(TransportCreated { transport_id: TransportId(number) })
            }
            Request::ConnectTransport(connect) => Reply::ConnectTransport(connected(&connect)),
            Request::Produce(produce) => self.produce(ProducerId(number), &produce),
            Request::Consume(ProducerRef { producer_id }) => Reply::Consume(Consumed {
                consumer_id: ConsumerId(number),
                producer_id,
                kind: MediaKind::Video,
                mid: number.to_string(),
            }),
            Request::PauseProducer(ProducerRef { producer_id }) => self.pause(producer_id, true),
            Request::ResumeProducer(ProducerRef { producer_id }) => self.pause(producer_id, false),
            Request::CloseProducer(_)
            | Request::ResumeConsumer(_)
            | Request::PauseConsumer(_)
            | Request::CloseConsumer(_)
            | Request::SetPreferredLayers(_)
            | Request::SetMaxBitrate(_)
            | Request::SendChat(_)
            | Request::RaiseHand(_)
            | Request::React(_)
            | Request::LowerHand(_)
            | Request::SetLocked(_)
            | Request::SetLobby(_)
            | Request::Mute(_)
            | Request::AskToUnmute(_)
            | Request::StopShare(_)
            | Request::StopVideo(_)
            | Request::Remove(_)
            | Request::SetRole(_)
            | Request::EndMeeting
            | Request::Admit(_)
            | Request::Refuse(_)
            | Request::RevokeInvite(_)
            | Request::Leave
            | Request::Ping => Reply::Done,
            Request::ListInvites => Reply::ListInvites(InviteList::default()),
            Request::CreateInvite(create) => Reply::CreateInvite(Invite {
                invite_id: number.to_string(),
                role: create.role,
                label: create.label,
                link: None,
                created_at: 0,
                expires_at: 0,
                uses: 0,
                max_uses: create.max_uses,
                revoked: false,
                is_room_link: false,
            }),
        }
    }

    pub(super) fn produce(&mut self, producer_id: ProducerId, produce: &Produce) -> Reply {
        let &Produce { source, paused, .. } = produce;
        self.produced.insert(source, producer_id);
        let producer = Producer { producer_id, source, mime_type: mime_type_of(source), paused };
        self.own.push(OwnProducer { producer, paused_by_host: false });
        Reply::Produce(ProducerRef { producer_id })
    }

    fn pause(&mut self, producer_id: ProducerId, paused: bool) -> Reply {
        if let Some(own) = self.own.iter_mut().find(|own| own.producer.producer_id == producer_id) {
            (own.producer.paused, own.paused_by_host) = (paused, false);
        }
        Reply::Done
    }

    /// A host pauses what this person sends of a source; the news of it is lost.
    pub(super) fn pause_by_host(&mut self, source: Source) {
        let own = self.own.iter_mut().find(|own| own.producer.source == source);
        let own = own.expect("it is published");
        (own.producer.paused, own.paused_by_host) = (true, true);
    }

    fn joined(&mut self, join: &Join) -> Joined {
        self.transports.retain(|transport_id| join.transports.contains(transport_id));
        Joined {
            participant_id: participant_id(0),
            role: Role::Guest,
            resume_ticket: format!("ticket {}", self.next_number),
            resumed: false,
            transports: self.transports.clone(),
            producers: self.own.clone(),
            room: RoomInfo {
                room_id: room_id(),
                host_name: "Grace".to_owned(),
                invite_link: None,
                locked: false,
                lobby: false,
            },
            participants: self.others.clone(),
            chat: self.chat.clone(),
            raised_hands: Vec::new(),
            knocks: Vec::new(),
            ice_servers: Vec::new(),
            router_rtp_capabilities: RtpCapabilities::default(),
            max_video_bitrate: DEFAULT_VIDEO_BITRATE,
        }
    }
}

/// The server offers when it is asked for an offer, and answers one.
fn connected(connect: &ConnectTransport) -> TransportConnected {
    let kind = match connect.description.as_ref().map(|description| description.kind) {
        None => Some(DescriptionKind::Offer),
        Some(DescriptionKind::Offer) => Some(DescriptionKind::Answer),
        Some(DescriptionKind::Answer) => None,
    };
    TransportConnected { description: kind.map(description), ..TransportConnected::default() }
}

pub(super) fn description(kind: DescriptionKind) -> SessionDescription {
    SessionDescription { kind, sdp: "v=0\r\n".to_owned() }
}

/// How many of the requests are of a kind.
pub(super) fn count(requests: &[Request], is_it: fn(&Request) -> bool) -> usize {
    requests.iter().filter(|request| is_it(request)).count()
}

pub(super) const fn is_offer_request(request: &Request) -> bool {
    matches!(request, Request::ConnectTransport(ConnectTransport { description: None, .. }))
}
