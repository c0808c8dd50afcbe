use shared::{
    error::ErrorCode,
    ids::ParticipantId,
    limits::{MAX_CHAT_CHARS, MAX_CHAT_MESSAGES},
    signaling::{
        Event, HandsRaised, ParticipantRef, RaiseHand, React, Reacted, Reaction, Request, Role,
        SendChat,
    },
};

use crate::{
    client::{guest, returning},
    meeting::{Meeting, Person},
};

fn chat(text: impl Into<String>) -> Request {
    Request::SendChat(SendChat { text: text.into() })
}

const fn hand(raised: bool) -> Request {
    Request::RaiseHand(RaiseHand { raised })
}

#[tokio::test]
async fn everyone_reads_what_one_writes_in_one_order() {
    let mut meeting = Meeting::start().await;
    meeting.guest.done(chat("  <b>Hello</b>\nthere\u{0}\u{1b}  ")).await;
    meeting.host.done(chat("Welcome")).await;
    let mut read = Vec::new();
    for person in meeting.everyone() {
        read.push(person.client.events().await);
    }
    let [Event::ChatMessage(first), Event::ChatMessage(second)] = &read[0][..] else {
        panic!("two messages: {read:?}")
    };
    assert_eq!(first.text, "<b>Hello</b>\nthere", "text, without what is none");
    assert_eq!((&first.participant_id, &*first.display_name), (meeting.guest.id(), "Bob"));
    assert_eq!((&*second.text, second.id), ("Welcome", first.id + 1));
    assert!(read.iter().all(|events| *events == read[0]), "{read:?}");
}

#[tokio::test]
async fn a_message_has_1_to_2000_characters() {
    let mut meeting = Meeting::start().await;
    let too_long = "ñ".repeat(MAX_CHAT_CHARS + 1);
    for text in ["", "  \n ", "\u{0}", &too_long] {
        let refusal = meeting.guest.client.refused(chat(text)).await;
        assert_eq!(refusal, ErrorCode::ChatInvalid, "{text:.9?}");
    }
    meeting.host.untold().await;
    meeting.guest.done(chat("ñ".repeat(MAX_CHAT_CHARS))).await;
    assert!(matches!(meeting.host.told().await, Event::ChatMessage(_)));
}

#[tokio::test]
async fn one_writes_no_faster_than_people_read() {
    let mut meeting = Meeting::start().await;
    for number in 0..5 {
        meeting.guest.done(chat(number.to_string())).await;
    }
    assert_eq!(meeting.guest.client.refused(chat("6")).await, ErrorCode::TooMany);
    assert_eq!(meeting.host.client.events().await.len(), 5);
    meeting.other.done(chat("I write for the first time")).await;
    // Coming back is no way around it.
    let mut back = Person::come(&meeting.server, returning(&meeting.guest.joined)).await;
    assert_eq!(back.client.refused(chat("6")).await, ErrorCode::TooMany);
}

#[tokio::test]
async fn who_comes_late_reads_what_was_written_and_by_whom() {
    let mut meeting = Meeting::start().await;
    meeting.guest.done(chat("I have to go")).await;
    meeting.guest.done(Request::Leave).await;
    meeting.host.done(chat("Bye")).await;
    let late = Person::come(&meeting.server, guest(&meeting.room)).await.joined;
    let found: Vec<_> = late.chat.iter().map(|message| &*message.text).collect();
    assert_eq!(found, ["I have to go", "Bye"]);
    assert_eq!(late.chat[0].participant_id, *meeting.guest.id());
    assert!(late.chat.len() <= MAX_CHAT_MESSAGES);
}

#[tokio::test]
async fn what_was_written_is_gone_with_the_last_who_could_read_it() {
    let mut meeting = Meeting::start().await;
    meeting.guest.done(chat("Between us")).await;
    for person in meeting.everyone() {
        person.done(Request::Leave).await;
    }
    let late = Person::come(&meeting.server, guest(&meeting.room)).await.joined;
    assert_eq!(late.chat, []);
}

#[tokio::test]
async fn hands_are_a_queue() {
    let mut meeting = Meeting::start().await;
    let (guest_id, other_id) = (meeting.guest.id().clone(), meeting.other.id().clone());
    let hands = |ids: &[&ParticipantId]| {
        let participant_ids = ids.iter().map(|id| (*id).clone()).collect();
        Event::HandsRaised(HandsRaised { participant_ids })
    };
    meeting.other.done(hand(true)).await;
    meeting.all_told(&hands(&[&other_id])).await;
    meeting.guest.done(hand(true)).await;
    meeting.all_told(&hands(&[&other_id, &guest_id])).await;
    meeting.guest.done(hand(true)).await;
    meeting.host.untold().await;
    let late = Person::come(&meeting.server, guest(&meeting.room)).await.joined;
    assert_eq!(late.raised_hands, [other_id.clone(), guest_id.clone()]);
    meeting.catch_up().await;

    let lower = |participant_id| Request::LowerHand(ParticipantRef { participant_id });
    meeting.cohost.done(lower(other_id.clone())).await;
    meeting.all_told(&hands(&[&guest_id])).await;
    meeting.host.done(lower(other_id)).await;
    meeting.cohost.untold().await;
    meeting.guest.done(hand(false)).await;
    meeting.all_told(&hands(&[])).await;
}

#[tokio::test]
async fn a_hand_goes_down_with_who_leaves_but_not_with_a_lost_connection() {
    let mut meeting = Meeting::start().await;
    meeting.guest.done(hand(true)).await;
    let back = Person::come(&meeting.server, returning(&meeting.guest.joined)).await;
    assert_eq!(back.joined.raised_hands, [meeting.guest.id().clone()]);
    meeting.guest = back;
    meeting.host.client.events().await;
    meeting.guest.done(Request::Leave).await;
    let told = meeting.host.client.events().await;
    let down = Event::HandsRaised(HandsRaised { participant_ids: Vec::new() });
    assert!(told.contains(&down), "{told:?}");
}

#[tokio::test]
async fn everyone_sees_a_reaction() {
    let mut meeting = Meeting::start().await;
    for reaction in Reaction::ALL {
        meeting.guest.done(Request::React(React { reaction })).await;
        let participant_id = meeting.guest.id().clone();
        meeting.all_told(&Event::Reaction(Reacted { participant_id, reaction })).await;
    }
}

#[tokio::test]
async fn hands_and_reactions_come_no_faster_than_one_claps() {
    let mut meeting = Meeting::start().await;
    let react = || Request::React(React { reaction: Reaction::Clap });
    for _ in 0..10 {
        meeting.guest.done(react()).await;
    }
    assert_eq!(meeting.guest.client.refused(react()).await, ErrorCode::TooMany);
    assert_eq!(meeting.guest.client.refused(hand(true)).await, ErrorCode::TooMany);
    assert_eq!(meeting.host.client.events().await.len(), 10);
}

#[tokio::test]
async fn it_takes_no_role_to_talk() {
    let mut meeting = Meeting::start().await;
    for person in meeting.everyone() {
        person.done(chat("hello")).await;
        person.done(hand(true)).await;
        person.done(Request::React(React { reaction: Reaction::Heart })).await;
    }
    assert_eq!(meeting.guest.joined.role, Role::Guest);
}
