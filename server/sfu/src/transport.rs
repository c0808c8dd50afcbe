//! One participant's ICE + DTLS + SRTP leg.

pub mod dtls;
pub mod ice;
pub mod rtcp;
pub mod sdp;
pub mod srtp;
