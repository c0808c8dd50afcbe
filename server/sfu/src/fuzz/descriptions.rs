//! Offers and answers.

use super::{
    input::Input,
    stage::{identity, offer},
};
use crate::{
    client::ClientLeg,
    codec::Codec,
    transport::{
        sdp::{
            Answerer, IceCredentials, IceFragment, LocalParameters, RemoteOffer, SendSlots,
            SendStream, SendTrack, ViewerAnswer,
        },
        srtp::SrtpProfile,
    },
};

/// Reads any text, and edited descriptions of clients, as offers and as answers.
///
/// # Panics
///
/// When our answer to an offer, or our next offer, is not what a client could read.
pub fn descriptions(data: &[u8]) {
    let mut input = Input::new(data);
    let ice = IceCredentials { ufrag: "0123".to_owned(), pwd: "p".repeat(24) };
    let fingerprint = identity().fingerprint();
    let candidates = vec![([203, 0, 113, 7], 40_000).into()];
    let local = LocalParameters { session_id: 1, ice, fingerprint, candidates };
    let leg = ClientLeg::new(identity(), SrtpProfile::AeadAes128Gcm).expect("there is randomness");
    match input.byte() % 4 {
        0 => offers(&[String::from_utf8_lossy(input.remainder()).into_owned()], &local),
        1 => {
            let first = edited(&offer(&leg), &mut input);
            let second = edited(&first, &mut input);
            offers(&[first, second], &local);
        }
        2 => answers(&local, |_| String::from_utf8_lossy(input.remainder()).into_owned()),
        _ => answers(&local, |offer| edited(&leg.answer(offer), &mut input)),
    }
}

/// Applies a few cuts and insertions to `text`, at the starts of lines and anywhere.
fn edited(text: &str, input: &mut Input<'_>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..input.byte() % 8 {
        let place = usize::from(input.wide()) % bytes.len().max(1);
        let cut = input.below(64).min(bytes.len().saturating_sub(place));
        bytes.splice(place..place.saturating_add(cut), input.chunk().iter().copied());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Answers one offer after the other on one transport.
fn offers(texts: &[String], local: &LocalParameters) {
    let mut answerer = Answerer::default();
    for text in texts {
        let _ = IceFragment::parse(text);
        let Ok(offer) = RemoteOffer::parse(text) else { continue };
        viewer(&offer, local);
        let Ok(answer) = answerer.answer(&offer, local) else { continue };
        assert!(answer.sdp.ends_with("\r\n") && !answer.sdp.contains('\0'));
        let lines = answer.sdp.matches("\r\nm=").count();
        assert_eq!(lines, offer.media.len(), "an answer has the m-lines of its offer");
        assert!(answer.receive.iter().all(|line| !line.codecs.is_empty()));
    }
}

/// Answers as if the client only watched.
fn viewer(offer: &RemoteOffer, local: &LocalParameters) {
    let Ok(answer) = ViewerAnswer::new(offer) else { return };
    let stream = |ssrc| SendStream { ssrc, rtx_ssrc: Some(ssrc + 1), name: "view".to_owned() };
    let lines = answer.lines();
    let streams: Vec<_> = lines.iter().zip((1..).step_by(2)).map(|(_, n)| stream(n)).collect();
    let sdp = answer.write(local, &streams);
    assert_eq!(sdp.matches("\r\nm=").count(), offer.media.len());
    assert_eq!(sdp.matches("\r\na=sendonly").count(), lines.len());
}

/// Has our offer answered, and makes another.
fn answers(local: &LocalParameters, answer: impl FnOnce(&str) -> String) {
    let mut slots = SendSlots::default();
    for (codec, ssrc) in Codec::ALL.into_iter().zip((1_000..).step_by(2)) {
        let names = || "publisher".to_owned();
        let (stream, track, cname) = (names(), names(), names());
        let track = SendTrack { codec, stream, track, ssrc, rtx_ssrc: Some(ssrc + 1), cname };
        slots.add(track).expect("there is room for five");
    }
    let offer = slots.offer(local);
    if let Ok(answer) = slots.accept_answer(&answer(&offer)) {
        assert!(answer.lines.len() <= Codec::ALL.len());
    }
    let next = slots.offer(local);
    assert_eq!(next.matches("\r\nm=").count(), Codec::ALL.len());
}
