use proptest::prelude::*;
use rtc_stun::{
    attributes::{
        ATTR_ICE_CONTROLLED, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME,
        ATTR_XORMAPPED_ADDRESS, RawAttribute,
    },
    error_code::ErrorCodeAttribute,
    message::{BINDING_REQUEST, Getter},
    textattrs::TextAttribute,
};

use super::*;

const ENTROPY: [u8; CREDENTIAL_ENTROPY] = [7; CREDENTIAL_ENTROPY];
/// Nothing behind MESSAGE-INTEGRITY is signed, so damage there may go unnoticed.
const FINGERPRINT_ATTRIBUTE: usize = 8;
const PEER: &str = "192.0.2.1:4711";

struct Raw(AttrType, Vec<u8>);

impl Setter for Raw {
    fn add_to(&self, message: &mut Message) -> rtc_shared::error::Result<()> {
        message.add(self.0, &self.1);
        Ok(())
    }
}

fn responder() -> IceResponder {
    IceResponder::new(IceCredentials::new("w1", &ENTROPY).expect("the prefix is short"))
}

fn username(responder: &IceResponder) -> String {
    format!("{}:peer", responder.credentials().ufrag())
}

/// A browser's check, with `extra` attributes before MESSAGE-INTEGRITY.
fn request(responder: &IceResponder, password: &str, extra: Vec<Raw>) -> Vec<u8> {
    let mut setters: Vec<Box<dyn Setter + '_>> = vec![
        Box::new(BINDING_REQUEST),
        Box::new(TransactionId([9; 12])),
        Box::new(TextAttribute::new(ATTR_USERNAME, username(responder))),
        Box::new(Raw(ATTR_PRIORITY, 1_845_501_695_u32.to_be_bytes().to_vec())),
    ];
    for attribute in extra {
        setters.push(Box::new(attribute));
    }
    setters.push(Box::new(MessageIntegrity::new_raw_integrity_with_provider(
        password.as_bytes(),
        crypto::operations(),
    )));
    setters.push(Box::new(FINGERPRINT));
    let mut message = Message::new();
    message.build(&setters).expect("a valid request");
    message.raw
}

fn good(responder: &IceResponder, extra: Vec<Raw>) -> Vec<u8> {
    request(responder, responder.credentials().password(), extra)
}

fn handle(
    responder: &IceResponder,
    datagram: &[u8],
    source: &str,
) -> (Result<BindingRequest, StunError>, Vec<u8>) {
    let mut response = Vec::new();
    let source = source.parse().expect("a socket address");
    let result = responder.handle_binding_request(datagram, source, &mut response);
    assert!(response.len() <= MAX_RESPONSE);
    (result, response)
}

/// Decodes an answer with `rtc_stun` and checks its integrity with our password.
fn decode(responder: &IceResponder, response: &[u8]) -> Message {
    let mut message = Message::new();
    message.unmarshal_binary(response).expect("the answer is STUN");
    let key = responder.credentials().password().as_bytes();
    MessageIntegrity::check(&mut message, key, crypto::operations()).expect("it is signed");
    FINGERPRINT.check(&message).expect("it has a fingerprint");
    assert_eq!(message.transaction_id, TransactionId([9; 12]));
    message
}

fn error_code(message: &Message) -> u16 {
    let mut code = ErrorCodeAttribute::default();
    code.get_from(message).expect("an error response has a code");
    code.code.0
}

#[test]
fn an_authentic_check_is_answered_with_the_address_it_came_from() {
    let responder = responder();
    for source in [PEER, "[2001:db8::1]:9"] {
        let (result, response) = handle(&responder, &good(&responder, vec![]), source);
        let expected =
            BindingRequest { nomination: Nomination::NotYet, priority: Some(1_845_501_695) };
        assert_eq!(result, Ok(expected));
        let mut address = XorMappedAddress::default();
        address.get_from(&decode(&responder, &response)).expect("the answer maps an address");
        assert_eq!(format!("{}", SocketAddr::new(address.ip, address.port)), source);
    }
}

#[test]
fn an_ipv4_peer_of_a_dual_stack_socket_is_told_its_ipv4_address() {
    let responder = responder();
    let (_, response) = handle(&responder, &good(&responder, vec![]), "[::ffff:192.0.2.1]:4711");
    let message = decode(&responder, &response);
    assert_eq!(message.get(ATTR_XORMAPPED_ADDRESS).expect("the answer has it").len(), 8);
    assert_eq!(response.len(), 64);
}

#[test]
fn use_candidate_nominates() {
    let responder = responder();
    let datagram = good(&responder, vec![Raw(ATTR_USE_CANDIDATE, vec![])]);
    let (result, _) = handle(&responder, &datagram, PEER);
    assert_eq!(result.map(|request| request.nomination), Ok(Nomination::Nominated));
}

#[test]
fn a_wrong_password_gets_no_byte() {
    let responder = responder();
    let datagram = request(&responder, "anotherpasswordofsomelength", vec![]);
    assert_eq!(handle(&responder, &datagram, PEER), (Err(StunError::BadIntegrity), vec![]));
}

#[test]
fn every_flipped_bit_before_the_integrity_is_noticed() {
    let responder = responder();
    let datagram = good(&responder, vec![Raw(ATTR_USE_CANDIDATE, vec![])]);
    for position in 0..datagram.len() - FINGERPRINT_ATTRIBUTE {
        let mut forged = datagram.clone();
        forged[position] ^= 1;
        let (result, response) = handle(&responder, &forged, PEER);
        assert!(result.is_err() && response.is_empty(), "byte {position}");
    }
}

#[test]
fn another_username_gets_no_byte() {
    let other = IceResponder::new(IceCredentials::new("w2", &ENTROPY).expect("a short prefix"));
    let responder = responder();
    let datagram = good(&other, vec![]);
    assert_eq!(handle(&responder, &datagram, PEER), (Err(StunError::UnknownUser), vec![]));
}

#[test]
fn a_peer_that_is_controlled_too_gets_487_once_it_authenticates() {
    let responder = responder();
    let controlled = || vec![Raw(ATTR_ICE_CONTROLLED, vec![0; 8])];
    let (result, response) = handle(&responder, &good(&responder, controlled()), PEER);
    assert_eq!(result, Err(StunError::RoleConflict));
    assert_eq!(error_code(&decode(&responder, &response)), 487);
    let forged = request(&responder, "anotherpasswordofsomelength", controlled());
    assert_eq!(handle(&responder, &forged, PEER), (Err(StunError::BadIntegrity), vec![]));
}

#[test]
fn an_unknown_required_attribute_gets_420_and_an_optional_one_does_not() {
    let responder = responder();
    let datagram = good(&responder, vec![Raw(AttrType(0x7ABC), vec![1, 2, 3])]);
    let (result, response) = handle(&responder, &datagram, PEER);
    assert_eq!(result, Err(StunError::UnknownAttributes));
    let message = decode(&responder, &response);
    assert_eq!(error_code(&message), 420);
    let RawAttribute { value, .. } =
        message.attributes.get(rtc_stun::attributes::ATTR_UNKNOWN_ATTRIBUTES).0;
    assert_eq!(value, [0x7A, 0xBC]);
    // Chromium's GOOG-NETWORK-INFO.
    let datagram = good(&responder, vec![Raw(AttrType(0xC057), vec![0; 4])]);
    assert!(handle(&responder, &datagram, PEER).0.is_ok());
}

#[test]
fn use_candidate_behind_the_integrity_is_not_believed() {
    let responder = responder();
    let mut message = Message::new();
    message.unmarshal_binary(&good(&responder, vec![])).expect("a valid request");
    let mut unsigned = message.raw.clone();
    unsigned.truncate(unsigned.len() - 8);
    unsigned.extend([0x00, 0x25, 0x00, 0x00]);
    let length = u16::try_from(unsigned.len() - 20).expect("the request is short");
    unsigned[2..4].copy_from_slice(&length.to_be_bytes());
    let (result, _) = handle(&responder, &unsigned, PEER);
    assert_eq!(result.map(|request| request.nomination), Ok(Nomination::NotYet));
}

#[test]
fn the_ufrag_is_found_before_authentication_without_allocating() {
    let responder = responder();
    let datagram = good(&responder, vec![]);
    assert!(is_stun(&datagram));
    let expected = Some(responder.credentials().ufrag());
    let allocations = allocation_counter::measure(|| assert_eq!(ufrag_of(&datagram), expected));
    assert_eq!(allocations.count_total, 0);
    assert_eq!(ufrag_of(b"not STUN at all, but long enough"), None);
}

#[test]
fn credentials_have_the_lengths_and_characters_of_rfc_8445() {
    let entropy: Vec<u8> = (0..=255).step_by(8).collect();
    let entropy = entropy.try_into().expect("32 bytes");
    let credentials = IceCredentials::new("3", &entropy).expect("a short prefix");
    assert!(credentials.ufrag().starts_with('3') && credentials.ufrag().len() >= 8);
    assert!(credentials.password().len() >= 24);
    let text = format!("{}{}", credentials.ufrag(), credentials.password());
    assert!(text.bytes().all(|byte| ICE_CHARS.contains(&byte)));
    assert!(!format!("{credentials:?}").contains(credentials.password()));
    assert_eq!(IceCredentials::new("w:", &entropy), Err(InvalidPrefix));
    assert_eq!(IceCredentials::new("seventeenletters1", &entropy), Err(InvalidPrefix));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_are_never_answered(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        as_stun in any::<bool>(),
    ) {
        let mut datagram = bytes;
        if as_stun && datagram.len() >= 20 {
            let length = u16::try_from(datagram.len() - 20).expect("it is short");
            datagram[..2].copy_from_slice(&[0, 1]);
            datagram[2..4].copy_from_slice(&length.to_be_bytes());
            datagram[4..8].copy_from_slice(&0x2112_A442_u32.to_be_bytes());
        }
        let (result, response) = handle(&responder(), &datagram, PEER);
        prop_assert!(result.is_err());
        prop_assert!(response.is_empty());
        let _ = ufrag_of(&datagram);
    }

    #[test]
    fn a_cut_or_damaged_request_is_never_answered(cut in 0_usize..108, at in 0_usize..108, with in 1_u8..) {
        let responder = responder();
        let mut datagram = good(&responder, vec![Raw(ATTR_USE_CANDIDATE, vec![])]);
        let end = datagram.len() - FINGERPRINT_ATTRIBUTE - 1;
        datagram[at.min(end)] ^= with;
        datagram.truncate(datagram.len() - cut.min(end));
        let (result, response) = handle(&responder, &datagram, PEER);
        prop_assert!(result.is_err());
        prop_assert!(response.is_empty());
    }
}
