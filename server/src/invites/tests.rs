use serde_json::{Value, json};

use super::*;

const SECRET: &[u8] = b"a secret of more than thirty-two bytes";
const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn room() -> RoomId {
    RoomId::from_random(*b"0123456789abcdef")
}

fn ticket() -> Ticket {
    Ticket {
        room: room(),
        participant: ParticipantId::from_random([7; 16]),
        role: Role::Guest,
        display_name: "Zoë <b>".to_owned(),
        invite_id: Some("one".to_owned()),
    }
}

fn valid_claims() -> Value {
    json!({
        "aud": "invite", "iat": 0, "exp": 60, "jti": "one",
        "room": room().as_str(), "role": "guest",
    })
}

/// A token signed with the right secret, whatever it says.
fn signed(algorithm: Algorithm, claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET);
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
}

fn verdict(token: &str) -> Result<Invite, InviteError> {
    Invites::new(SECRET).verify(token, NOW)
}

#[test]
fn an_invite_says_what_it_was_issued_for() {
    let invites = Invites::new(SECRET);
    let token = invites.issue(&room(), Role::Host, NOW);
    let invite = invites.verify(&token, NOW).unwrap();
    assert_eq!((invite.room, invite.role), (room(), Role::Host));
    assert_eq!(invite.expires_at, NOW + DEFAULT_INVITE_LIFETIME);
}

#[test]
fn no_two_invites_have_the_same_id() {
    let invites = Invites::new(SECRET);
    let id = || invites.verify(&invites.issue(&room(), Role::Guest, NOW), NOW).unwrap().id;
    assert_ne!(id(), id());
}

#[test]
fn an_invite_expires_to_the_second() {
    let invites = Invites::new(SECRET).with_lifetime(Duration::from_secs(60));
    let token = invites.issue(&room(), Role::Guest, NOW);
    assert!(invites.verify(&token, NOW + Duration::from_secs(59)).is_ok());
    let late = invites.verify(&token, NOW + Duration::from_secs(60));
    assert_eq!(late, Err(InviteError::Expired));
}

#[test]
fn the_claims_of_the_tests_are_valid_as_they_stand() {
    assert!(verdict(&signed(Algorithm::HS256, &valid_claims())).is_ok());
}

#[test]
fn every_claim_is_required() {
    for claim in ["aud", "iat", "exp", "jti", "room", "role"] {
        let mut claims = valid_claims();
        claims.as_object_mut().unwrap().remove(claim);
        let token = signed(Algorithm::HS256, &claims);
        assert_eq!(verdict(&token), Err(InviteError::Invalid), "{claim}");
    }
}

#[test]
fn a_claim_of_another_type_is_no_claim() {
    for (claim, value) in [
        ("exp", json!("60")),
        ("exp", json!(60.5)),
        ("exp", json!(-1)),
        ("exp", json!(null)),
        ("iat", json!("0")),
        ("jti", json!(1)),
        ("aud", json!("other")),
        ("aud", json!(["invite", "resume"])),
        ("room", json!("room-1702156800000")),
        ("role", json!("admin")),
    ] {
        let mut claims = valid_claims();
        claims[claim] = value.clone();
        let token = signed(Algorithm::HS256, &claims);
        assert_eq!(verdict(&token), Err(InviteError::Invalid), "{claim}: {value}");
    }
}

#[test]
fn only_hs256_is_accepted() {
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = signed(algorithm, &valid_claims());
        assert_eq!(verdict(&token), Err(InviteError::Invalid), "{algorithm:?}");
    }
}

#[test]
fn a_swapped_header_does_not_change_how_the_signature_is_checked() {
    let token = signed(Algorithm::HS256, &valid_claims());
    let (_, rest) = token.split_once('.').unwrap();
    let (payload, _) = rest.split_once('.').unwrap();
    // {"alg":"none"}, {"alg":"None"}, {"alg":"RS256"} and {"alg":"ES256"}, in base64url.
    for header in [
        "eyJhbGciOiJub25lIn0",
        "eyJhbGciOiJOb25lIn0",
        "eyJhbGciOiJSUzI1NiJ9",
        "eyJhbGciOiJFUzI1NiJ9",
    ] {
        for forged in [format!("{header}.{rest}"), format!("{header}.{payload}.")] {
            assert_eq!(verdict(&forged), Err(InviteError::Invalid), "{forged}");
        }
    }
}

#[test]
fn another_servers_invite_is_invalid() {
    let token = Invites::new(b"another secret of thirty-two bytes").issue(&room(), Role::Host, NOW);
    assert_eq!(verdict(&token), Err(InviteError::Invalid));
}

#[test]
fn what_is_no_token_is_invalid() {
    for text in ["", ".", "..", "a.b.c", "a.b", "🦀.🦀.🦀", "eyJhbGciOiJIUzI1NiJ9..", "\0"] {
        assert_eq!(verdict(text), Err(InviteError::Invalid), "{text}");
    }
}

#[test]
fn a_token_over_the_bound_is_not_parsed() {
    let mut claims = valid_claims();
    claims["jti"] = json!("x".repeat(MAX_TOKEN_BYTES));
    let token = signed(Algorithm::HS256, &claims);
    assert_eq!(verdict(&token), Err(InviteError::Invalid));
}

#[test]
fn a_ticket_brings_the_same_participant_back() {
    let invites = Invites::new(SECRET);
    let token = invites.issue_ticket(&ticket(), NOW);
    assert_eq!(invites.verify_ticket(&token, NOW), Ok(ticket()));
    let late = invites.verify_ticket(&token, NOW + TICKET_LIFETIME);
    assert_eq!(late, Err(TicketInvalid));
}

#[test]
fn the_longest_name_fits_into_a_ticket() {
    let invites = Invites::new(SECRET);
    let display_name = "\u{1f980}".repeat(shared::limits::MAX_NAME_CHARS);
    let longest = Ticket { display_name, ..ticket() };
    let token = invites.issue_ticket(&longest, NOW);
    assert_eq!(invites.verify_ticket(&token, NOW), Ok(longest));
}

#[test]
fn a_ticket_is_no_invite_and_an_invite_no_ticket() {
    let invites = Invites::new(SECRET);
    assert_eq!(verdict(&invites.issue_ticket(&ticket(), NOW)), Err(InviteError::Invalid));
    let invite = invites.issue(&room(), Role::Host, NOW);
    assert_eq!(invites.verify_ticket(&invite, NOW), Err(TicketInvalid));
}

#[test]
fn the_secret_is_not_in_the_debug_form() {
    let text = format!("{:?}", Invites::new(SECRET));
    assert_eq!(text, "Invites { lifetime: 86400s, .. }");
}
