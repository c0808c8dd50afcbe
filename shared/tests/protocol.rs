//! The contract: `docs/protocol.md` says what the types of this crate write and read.
//!
//! Every example is read into its type and written again, and must come out as it stands. The
//! `match`es over the messages name every variant, so a new one does not compile before it has a
//! name here, and does not pass before it has an example there.

use std::collections::BTreeSet;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use shared::{
    error::ErrorCode,
    signaling::{ClientMessage, CloseCode, Event, Reply, Request, ServerMessage, SignalingError},
};

const PROTOCOL: &str = include_str!("../../docs/protocol.md");

/// One fenced block of JSON, and what the comment above it says it is.
struct Example {
    kind: &'static str,
    name: &'static str,
    json: &'static str,
}

#[test]
fn every_block_of_json_is_an_example_that_is_tested() {
    assert_eq!(PROTOCOL.matches("```json").count(), examples().count());
}

#[test]
fn every_request_is_read_and_written_as_documented() {
    let mut seen = BTreeSet::new();
    for example in examples().filter(|example| example.kind == "request") {
        let message: ClientMessage = round_trip(&example);
        assert_eq!(request_name(&message.request), example.name, "{}", example.json);
        seen.insert(example.name);
    }
    assert_eq!(seen, BTreeSet::from(REQUESTS));
}

#[test]
fn every_message_of_the_server_is_read_and_written_as_documented() {
    let mut replies = BTreeSet::new();
    let mut events = BTreeSet::new();
    for example in examples().filter(|example| example.kind != "request") {
        match round_trip::<ServerMessage>(&example) {
            ServerMessage::Reply { reply, .. } => {
                assert_eq!(("reply", reply_name(&reply)), (example.kind, example.name));
                replies.insert(example.name);
            }
            ServerMessage::Event(event) => {
                assert_eq!(("event", event_name(&event)), (example.kind, example.name));
                events.insert(example.name);
            }
            ServerMessage::Error { error, .. } => {
                assert_eq!("error", example.kind);
                assert_says_what_the_code_says(&error);
            }
        }
    }
    assert_eq!(replies, BTreeSet::from(REPLIES));
    assert_eq!(events, BTreeSet::from(EVENTS));
}

/// Later servers may add some; clients that know only these go on.
#[test]
fn news_that_a_client_does_not_know_are_no_message_and_unknown_keys_are_ignored() {
    let unknown = r#"{"event": "fireworks", "data": {"colour": "red"}}"#;
    assert!(serde_json::from_str::<ServerMessage>(unknown).is_err());
    let longer = r#"{"event": "producerClosed", "data": {"producerId": "producer-1", "why": 1}}"#;
    assert!(serde_json::from_str::<ServerMessage>(longer).is_ok());
    let longer = r#"{"id": 1, "request": "setPreferredLayers",
        "data": {"consumers": [{"consumerId": "consumer-1", "width": 1, "height": 1, "why": 1}]}}"#;
    assert!(serde_json::from_str::<ClientMessage>(longer).is_ok());
}

#[test]
fn an_error_stands_with_and_without_an_id() {
    let ids = examples().filter(|example| example.kind == "error").map(|example| {
        let value: Value = serde_json::from_str(example.json).unwrap();
        value.get("id").is_some()
    });
    assert_eq!(ids.collect::<BTreeSet<_>>(), BTreeSet::from([false, true]));
}

#[test]
fn the_table_of_errors_is_the_list_of_codes() {
    let documented: Vec<(&str, &str)> = table("error codes")
        .map(|row| {
            let [code, text] = row[..] else { panic!("two columns: {row:?}") };
            (code.trim_end_matches(" *").trim_matches('`'), text)
        })
        .collect();
    let listed: Vec<(&str, &str)> =
        ErrorCode::ALL.iter().map(|code| (code.as_str(), code.text())).collect();
    assert_eq!(documented, listed);
}

#[test]
fn the_table_of_close_codes_is_the_list_of_codes() {
    let documented: Vec<(u16, bool)> = table("close codes")
        .map(|row| {
            let [code, _, comes_back] = row[..] else { panic!("three columns: {row:?}") };
            (code.parse().unwrap(), comes_back == "yes")
        })
        .collect();
    let listed: Vec<(u16, bool)> =
        CloseCode::ALL.iter().map(|code| (code.as_u16(), code.allows_reconnect())).collect();
    assert_eq!(documented, listed);
}

const REQUESTS: [&str; 33] = [
    "join",
    "createTransport",
    "connectTransport",
    "produce",
    "closeProducer",
    "pauseProducer",
    "resumeProducer",
    "consume",
    "resumeConsumer",
    "pauseConsumer",
    "closeConsumer",
    "setPreferredLayers",
    "setMaxBitrate",
    "sendChat",
    "raiseHand",
    "react",
    "lowerHand",
    "setLocked",
    "setLobby",
    "mute",
    "askToUnmute",
    "stopShare",
    "stopVideo",
    "remove",
    "setRole",
    "endMeeting",
    "admit",
    "refuse",
    "listInvites",
    "createInvite",
    "revokeInvite",
    "leave",
    "ping",
];

const fn request_name(request: &Request) -> &'static str {
    match request {
        Request::Join(_) => "join",
        Request::CreateTransport(_) => "createTransport",
        Request::ConnectTransport(_) => "connectTransport",
        Request::Produce(_) => "produce",
        Request::CloseProducer(_) => "closeProducer",
        Request::PauseProducer(_) => "pauseProducer",
        Request::ResumeProducer(_) => "resumeProducer",
        Request::Consume(_) => "consume",
        Request::ResumeConsumer(_) => "resumeConsumer",
        Request::PauseConsumer(_) => "pauseConsumer",
        Request::CloseConsumer(_) => "closeConsumer",
        Request::SetPreferredLayers(_) => "setPreferredLayers",
        Request::SetMaxBitrate(_) => "setMaxBitrate",
        Request::SendChat(_) => "sendChat",
        Request::RaiseHand(_) => "raiseHand",
        Request::React(_) => "react",
        Request::LowerHand(_) => "lowerHand",
        Request::SetLocked(_) => "setLocked",
        Request::SetLobby(_) => "setLobby",
        Request::Mute(_) => "mute",
        Request::AskToUnmute(_) => "askToUnmute",
        Request::StopShare(_) => "stopShare",
        Request::StopVideo(_) => "stopVideo",
        Request::Remove(_) => "remove",
        Request::SetRole(_) => "setRole",
        Request::EndMeeting => "endMeeting",
        Request::Admit(_) => "admit",
        Request::Refuse(_) => "refuse",
        Request::ListInvites => "listInvites",
        Request::CreateInvite(_) => "createInvite",
        Request::RevokeInvite(_) => "revokeInvite",
        Request::Leave => "leave",
        Request::Ping => "ping",
    }
}

const REPLIES: [&str; 9] = [
    "join",
    "knocking",
    "createTransport",
    "connectTransport",
    "produce",
    "consume",
    "listInvites",
    "createInvite",
    "done",
];

const fn reply_name(reply: &Reply) -> &'static str {
    match reply {
        Reply::Join(_) => "join",
        Reply::Knocking(_) => "knocking",
        Reply::CreateTransport(_) => "createTransport",
        Reply::ConnectTransport(_) => "connectTransport",
        Reply::Produce(_) => "produce",
        Reply::Consume(_) => "consume",
        Reply::ListInvites(_) => "listInvites",
        Reply::CreateInvite(_) => "createInvite",
        Reply::Done => "done",
    }
}

const EVENTS: [&str; 28] = [
    "limitExceeded",
    "mediaUnreachable",
    "peerJoined",
    "peerPresence",
    "peerLeft",
    "newProducer",
    "producerClosed",
    "producerPaused",
    "producerResumed",
    "transportFailed",
    "maxBitrate",
    "layersWanted",
    "consumerLayer",
    "activeSpeakers",
    "chatMessage",
    "handsRaised",
    "reaction",
    "roomChanged",
    "inviteLinkChanged",
    "mutedBy",
    "stoppedBy",
    "askedToUnmute",
    "roleChanged",
    "knock",
    "knockGone",
    "admitted",
    "hostPresent",
    "serverShutdown",
];

const fn event_name(event: &Event) -> &'static str {
    match event {
        Event::PeerJoined(_) => "peerJoined",
        Event::PeerPresence(_) => "peerPresence",
        Event::PeerLeft(_) => "peerLeft",
        Event::NewProducer(_) => "newProducer",
        Event::ProducerClosed(_) => "producerClosed",
        Event::ProducerPaused(_) => "producerPaused",
        Event::ProducerResumed(_) => "producerResumed",
        Event::TransportFailed(_) => "transportFailed",
        Event::MaxBitrate(_) => "maxBitrate",
        Event::LimitExceeded(_) => "limitExceeded",
        Event::LayersWanted(_) => "layersWanted",
        Event::ConsumerLayer(_) => "consumerLayer",
        Event::ActiveSpeakers(_) => "activeSpeakers",
        Event::ChatMessage(_) => "chatMessage",
        Event::HandsRaised(_) => "handsRaised",
        Event::Reaction(_) => "reaction",
        Event::RoomChanged(_) => "roomChanged",
        Event::InviteLinkChanged(_) => "inviteLinkChanged",
        Event::MutedBy(_) => "mutedBy",
        Event::StoppedBy(_) => "stoppedBy",
        Event::AskedToUnmute(_) => "askedToUnmute",
        Event::RoleChanged(_) => "roleChanged",
        Event::Knock(_) => "knock",
        Event::KnockGone(_) => "knockGone",
        Event::Admitted(_) => "admitted",
        Event::HostPresent(_) => "hostPresent",
        Event::MediaUnreachable(_) => "mediaUnreachable",
        Event::ServerShutdown => "serverShutdown",
    }
}

/// A message may say more than the code's own text, but not something else.
fn assert_says_what_the_code_says(error: &SignalingError) {
    assert!(error.message.starts_with(error.code.text()), "{}", error.message);
}

/// Reads an example and compares what is written again with what it says.
fn round_trip<T: DeserializeOwned + Serialize>(example: &Example) -> T {
    let json = example.json;
    let documented: Value = serde_json::from_str(json).expect(json);
    let message: T = serde_json::from_str(json).expect(json);
    let written = serde_json::to_value(&message).expect("messages can be written");
    assert_eq!(written, documented);
    message
}

fn examples() -> impl Iterator<Item = Example> {
    PROTOCOL.split("<!-- example: ").skip(1).map(|section| {
        let (label, rest) = section.split_once(" -->\n```json\n").expect("a block under its label");
        let (json, _) = rest.split_once("\n```").expect("an end of the block");
        let (kind, name) = label.split_once(' ').unwrap_or((label, ""));
        Example { kind, name, json }
    })
}

/// The cells of each row of a labelled table, without its head.
fn table(label: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let (_, rest) = PROTOCOL.split_once(&format!("<!-- table: {label} -->\n")).expect("the table");
    let rows = rest.lines().take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
}
