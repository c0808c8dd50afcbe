//! An `rtc_dtls` client against [`DtlsServer`], in virtual time, over a wire that loses datagrams.

mod wire;

use std::time::Duration;

use proptest::prelude::*;
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile as Offer;

use self::wire::{Client, Direction, Timers, Wire, epoch};
use super::*;
use crate::transport::srtp::{MAX_RTP_OVERHEAD, SrtpProfile};

const SHA1: Offer = Offer::Srtp_Aes128_Cm_Hmac_Sha1_80;
const GCM_128: Offer = Offer::Srtp_Aead_Aes_128_Gcm;
const GCM_256: Offer = Offer::Srtp_Aead_Aes_256_Gcm;

/// Records that anybody on the network could send: plaintext, with guessed numbers.
fn forgeries() -> Vec<Vec<u8>> {
    let mut hello = vec![0xFE, 0xFD];
    hello.extend([0xAB; 32]);
    hello.extend([0, 0, 0, 2, 0xC0, 0x2B, 1, 0, 0, 0]);
    let mut with_cookie = hello.clone();
    with_cookie.splice(35..36, [&[20_u8][..], &[0xCD; 20]].concat());
    let alert =
        |level, description| vec![21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 9, 9, 0, 2, level, description];
    vec![
        record::handshake_record(1, 0, 0, &hello).expect("a short record"),
        record::handshake_record(1, 77, 1, &hello).expect("a short record"),
        record::handshake_record(1, 78, 1, &with_cookie).expect("a short record"),
        record::handshake_record(1, 79, 2, &hello).expect("a short record"),
        record::hello_verify_request(&[0xEE; COOKIE_BYTES]),
        record::handshake_record(14, 80, 3, &[]).expect("a short record"),
        record::handshake_record(20, 81, 5, &[1; 12]).expect("a short record"),
        alert(2, 40),
        alert(1, 0),
        record::change_cipher_spec_record(82),
        vec![20, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 9, 9, 0, 1, 2],
        vec![23, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 9, 9, 0, 3, 1, 2, 3],
        vec![22, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 200, 0, 48].into_iter().chain([7; 48]).collect(),
        vec![23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 201, 0, 40].into_iter().chain([7; 40]).collect(),
        vec![99, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 9, 9, 0, 1, 1],
        vec![22, 0xFE, 0xFD, 0, 0],
        vec![22; 40],
    ]
}

/// Both sides hold the same keys when each opens what the other seals.
#[track_caller]
fn assert_same_keys(wire: &Wire) {
    let ours = wire.server_keys.as_ref().expect("the server is connected");
    let theirs = wire.client.keys(ours.profile());
    let (mut server_in, mut server_out) = ours.for_server().expect("valid keys");
    let (mut client_in, mut client_out) = theirs.for_client().expect("valid keys");
    for (inbound, outbound) in
        [(&mut server_in, &mut client_out), (&mut client_in, &mut server_out)]
    {
        let plain = [&[0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9][..], b"payload"].concat();
        let mut packet = plain.clone();
        packet.extend([0; MAX_RTP_OVERHEAD]);
        let mut stream = outbound.stream(9).expect("the first of this SSRC");
        let sealed = outbound.seal_rtp(&mut stream, &mut packet, plain.len(), 12);
        packet.truncate(sealed.expect("it is new"));
        assert_eq!(inbound.open_rtp(&mut packet, 12, 9, 1), Ok(plain.len()));
        assert!(packet.starts_with(&plain));
    }
}

#[test]
fn a_client_connects_and_both_sides_have_the_same_keys() {
    let mut wire = Wire::new(Client::new(&[GCM_128]));
    wire.run_until_connected(Duration::from_millis(100));
    assert_same_keys(&wire);
    assert_eq!(wire.server.dropped_records(), 0);
}

#[test]
fn gcm_wins_over_the_clients_preference() {
    let cases = [
        (vec![SHA1, GCM_128], SrtpProfile::AeadAes128Gcm),
        (vec![SHA1, GCM_256, GCM_128], SrtpProfile::AeadAes128Gcm),
        (vec![SHA1, GCM_256], SrtpProfile::AeadAes256Gcm),
        (vec![SHA1], SrtpProfile::Aes128CmSha1),
    ];
    for (offers, expected) in cases {
        let mut wire = Wire::new(Client::new(&offers));
        wire.run_until_connected(Duration::from_millis(100));
        let keys = wire.server_keys.as_ref().expect("the server is connected");
        assert_eq!(keys.profile(), expected, "{offers:?}");
        assert_same_keys(&wire);
    }
}

#[test]
fn a_client_without_srtp_is_refused() {
    let mut wire = Wire::new(Client::new(&[]));
    wire.run(Duration::from_secs(1));
    assert_eq!(wire.server_error, Some(DtlsError::NoCommonSrtpProfile));
}

#[test]
fn a_certificate_that_sdp_did_not_announce_fails() {
    let mut wire = Wire::new(Client::new(&[GCM_128]));
    wire.server = Wire::server();
    let other = DtlsIdentity::generate().expect("the provider makes keys").fingerprint();
    wire.server.set_remote_fingerprint(wire.now, other).expect("the first one");
    wire.run(Duration::from_secs(1));
    assert_eq!(wire.server_error, Some(DtlsError::FingerprintMismatch));
    assert!(wire.server_keys.is_none() && !wire.server.is_connected());
    assert_eq!(wire.server.poll_timeout(), None);
}

#[test]
fn a_client_without_certificate_is_refused() {
    let mut wire = Wire::new(Client::without_certificate());
    wire.run(Duration::from_secs(1));
    assert_eq!(wire.server_error, Some(DtlsError::NoCertificate));
}

#[test]
fn a_hello_that_comes_before_the_fingerprint_is_held() {
    let mut wire = Wire::new(Client::new(&[GCM_128]));
    wire.server = Wire::server();
    wire.run(Duration::from_millis(400));
    assert!(wire.server_keys.is_none());
    assert!(matches!(wire.server.state, State::AwaitingFingerprint(_)));
    let fingerprint = wire.client.fingerprint();
    wire.server.set_remote_fingerprint(wire.now, fingerprint).expect("the first one");
    wire.run_until_connected(Duration::from_millis(500));
    assert_same_keys(&wire);
}

#[test]
fn a_second_fingerprint_is_refused_and_the_same_one_is_fine() {
    let mut server = Wire::server();
    let [first, second] = [(); 2].map(|()| DtlsIdentity::generate().expect("keys").fingerprint());
    assert_eq!(server.set_remote_fingerprint(epoch(), first), Ok(()));
    assert_eq!(server.set_remote_fingerprint(epoch(), first), Ok(()));
    let refused = server.set_remote_fingerprint(epoch(), second);
    assert_eq!(refused, Err(DtlsError::FingerprintChanged));
}

#[test]
fn a_hello_in_fragments_is_put_together_in_any_order() {
    let mut wire = Wire::new(Client::with_mtu(&[SHA1, GCM_128], 90));
    wire.run_until_connected(Duration::from_millis(200));
    assert_same_keys(&wire);
    let mut wire = Wire::new(Client::with_mtu(&[SHA1, GCM_128], 90));
    wire.swap_neighbours = true;
    wire.run_until_connected(Duration::from_secs(1));
    assert_same_keys(&wire);
}

#[test]
fn any_three_datagrams_in_a_row_may_be_lost_with_a_client_that_repeats_like_a_browser() {
    for mtu in [1200, 300] {
        for direction in [Direction::ToServer, Direction::ToClient] {
            for first in 0..12 {
                let mut wire = Wire::new(Client::with_mtu(&[SHA1, GCM_128], mtu));
                wire.lose(direction, first..first + 3);
                let took = wire.run_until_connected(Duration::from_secs(2));
                assert_same_keys(&wire);
                assert!(took <= Duration::from_secs(2), "{direction:?} {first} took {took:?}");
            }
        }
    }
}

#[test]
fn any_three_of_our_datagrams_may_be_lost_with_a_client_that_repeats_after_a_second() {
    for first in 0..8 {
        let mut client = Client::new(&[SHA1, GCM_128]);
        client.timers = Timers::RtcDtls;
        let mut wire = Wire::new(client);
        wire.lose(Direction::ToClient, first..first + 3);
        wire.run_until_connected(Duration::from_secs(2));
        assert_same_keys(&wire);
    }
}

/// Here the client's own second is the floor: it alone can repeat what it sent.
#[test]
fn a_client_that_repeats_after_a_second_connects_after_its_third_repeat_at_the_latest() {
    for first in 0..8 {
        let mut client = Client::new(&[SHA1, GCM_128]);
        client.timers = Timers::RtcDtls;
        let mut wire = Wire::new(client);
        wire.lose(Direction::ToServer, first..first + 3);
        wire.run_until_connected(Duration::from_millis(3_200));
        assert_same_keys(&wire);
    }
}

#[test]
fn forged_records_have_no_effect_at_any_point() {
    let undisturbed =
        Wire::new(Client::new(&[GCM_128])).run_until_connected(Duration::from_secs(1));
    let mut wire = Wire::new(Client::new(&[GCM_128]));
    wire.forgeries = forgeries();
    assert_eq!(wire.run_until_connected(Duration::from_secs(1)), undisturbed);
    assert_same_keys(&wire);
    wire.inject_forgeries();
    wire.client.send(wire.now, b"from the client");
    wire.server.send_application_data(wire.now, b"from the server").expect("it is connected");
    wire.run(Duration::from_millis(100));
    assert_eq!(wire.server_data, [b"from the client".as_slice()]);
    assert_eq!(wire.client.data, [b"from the server".as_slice()]);
    assert!(wire.server.dropped_records() > 0);
}

#[test]
fn a_completed_server_sends_nothing_for_plaintext_however_much_comes() {
    let mut client = Client::new(&[GCM_128]);
    client.timers = Timers::RtcDtls;
    let mut wire = Wire::new(client);
    // The server completes; its Finished and the repeats of it are lost.
    wire.lose(Direction::ToClient, 2..6);
    wire.run(Duration::from_millis(900));
    assert!(wire.server.is_connected() && wire.server.poll_timeout().is_none());
    for _ in 0..100 {
        for forged in forgeries() {
            let _ = wire.server.handle_datagram(wire.now, &forged);
        }
        // What a peer's own first flight would look like if it came late.
        for (kind, sequence) in [(11, 2), (16, 3), (15, 4)] {
            let late = record::handshake_record(kind, 300, sequence, &[0; 40]);
            let late = late.expect("a short record");
            assert_eq!(wire.server.handle_datagram(wire.now, &late), Ok(()));
        }
    }
    assert!(wire.server.poll_output().is_none());
    // Nor did it use up what is there for the client's genuine repeat.
    wire.run_until_connected(Duration::from_millis(300));
    assert_same_keys(&wire);
}

#[test]
fn a_flood_of_forged_hellos_keeps_no_state_and_gets_no_more_than_it_sent() {
    let mut server = Wire::server();
    let (mut received, mut sent) = (0, 0);
    for _ in 0..1_000 {
        for forged in forgeries() {
            let _ = server.handle_datagram(epoch(), &forged);
            received += forged.len();
        }
        while let Some(DtlsOutput::Transmit(datagram)) = server.poll_output() {
            sent += datagram.len();
        }
    }
    assert!(sent < received, "{sent} bytes for {received}");
    assert!(matches!(server.state, State::AwaitingHello(_)));
}

#[test]
fn a_completed_server_answers_a_repeated_finished_and_ignores_plaintext() {
    let mut client = Client::new(&[GCM_128]);
    client.timers = Timers::RtcDtls;
    let mut wire = Wire::new(client);
    // HelloVerifyRequest and flight 4 arrive; Finished and its three repeats do not.
    wire.lose(Direction::ToClient, 2..6);
    let took = wire.run_until_connected(Duration::from_millis(1_200));
    assert!(took >= Duration::from_secs(1), "only the client's repeat can have helped: {took:?}");
    assert_same_keys(&wire);
}

#[test]
fn an_unanswered_flight_is_repeated_within_the_join_deadline_and_then_no_more() {
    let mut wire = Wire::new(Client::new(&[GCM_128]));
    // Only the two hellos get through.
    wire.lose(Direction::ToServer, 2..1_000);
    wire.run(Duration::from_secs(60));
    assert_eq!(wire.server.poll_timeout(), None);
    let last = *wire.server_sent_at.last().expect("it sent flights");
    assert!(last < wire.start + Duration::from_secs(10));
    // One HelloVerifyRequest, flight 4 and its seven repeats.
    assert_eq!(wire.server_sent_at.len(), 1 + 8);
}

#[test]
fn after_close_notify_nothing_opens_a_new_association() {
    let mut wire = Wire::new(Client::new(&[GCM_128]));
    wire.run_until_connected(Duration::from_secs(1));
    wire.client.close(wire.now);
    wire.run(Duration::from_millis(100));
    assert!(wire.server_closed && !wire.server.is_connected());
    let before = wire.server_sent_at.len();
    wire.client = Client::new(&[GCM_128]);
    wire.client.connect(wire.now);
    wire.run(Duration::from_secs(5));
    assert_eq!(wire.server_sent_at.len(), before);
}

#[test]
fn our_goodbye_reaches_the_client() {
    let mut wire = Wire::new(Client::new(&[GCM_128]));
    wire.run_until_connected(Duration::from_secs(1));
    wire.server.close(wire.now);
    wire.run(Duration::from_millis(100));
    assert!(wire.client.closed_by_peer);
    let refused = wire.server.send_application_data(wire.now, b"too late");
    assert_eq!(refused, Err(DtlsError::NotConnected));
}

#[test]
fn data_from_the_client_ends_the_repeats_of_our_finished() {
    let mut wire = Wire::new(Client::new(&[GCM_128]));
    wire.run_until_connected(Duration::from_millis(100));
    assert!(wire.server.poll_timeout().is_some());
    wire.client.send(wire.now, b"hello");
    wire.run(Duration::from_millis(20));
    assert_eq!(wire.server.poll_timeout(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever bytes come, shaped like records or not, nothing panics, and a server that has
    /// not seen its cookie waits on.
    #[test]
    fn arbitrary_datagrams_never_panic(
        datagrams in proptest::collection::vec(arbitrary_datagram(), 1..40),
    ) {
        let mut server = Wire::server();
        for datagram in &datagrams {
            let _ = server.handle_datagram(epoch(), datagram);
        }
        prop_assert!(matches!(server.state, State::AwaitingHello(_)));
    }

    /// The same in the middle of a handshake, whose end it may spoil but not survive wrongly:
    /// the server ends connected with the client's keys, waiting, or failed.
    #[test]
    fn arbitrary_datagrams_in_the_middle_never_panic(
        datagrams in proptest::collection::vec(arbitrary_datagram(), 1..20),
    ) {
        let mut wire = Wire::new(Client::new(&[GCM_128]));
        wire.forgeries = datagrams;
        wire.run(Duration::from_millis(200));
        if wire.server.is_connected() {
            assert_same_keys(&wire);
        }
    }
}

/// Records with plausible headers, and now and then plain noise.
fn arbitrary_datagram() -> impl Strategy<Value = Vec<u8>> {
    let body = proptest::collection::vec(any::<u8>(), 1..120);
    (18_u8..26, 0_u16..3, any::<u16>(), 0_u8..22, 0_u16..7, body, any::<bool>()).prop_map(
        |(content, epoch, number, kind, sequence, body, whole)| {
            let mut datagram =
                record::handshake_record(kind, number, sequence, &body).expect("the body is short");
            datagram[0] = content;
            datagram[3..5].copy_from_slice(&epoch.to_be_bytes());
            if whole { datagram } else { body }
        },
    )
}
