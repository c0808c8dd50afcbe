//! One leg between a client and the server, put together from ICE, DTLS, SRTP, SDP and RTCP. Only
//! here are addresses, session descriptions and keys known; a router sees none of them.
//!
//! | module | what it does |
//! |---|---|
//! | `connection` | ICE, DTLS and SRTP put together, from the first check to the last packet |
//! | `publish` | a send leg: whose packets they are, and feedback to the publisher |
//! | `pace` | how much a client may publish |
//! | `receive` | a receive leg: the consumers' m-lines and streams |
//! | [`ice`] | answers connectivity checks |
//! | [`dtls`] | the handshake, as the server |
//! | [`srtp`] | opens and seals packets in place |
//! | [`sdp`] | session descriptions |
//! | [`rtcp`] | reports and feedback |

pub(crate) mod connection;
pub(crate) mod crypto;
pub mod dtls;
pub mod ice;
pub(crate) mod pace;
pub(crate) mod publish;
pub(crate) mod receive;
pub mod rtcp;
pub mod sdp;
pub mod srtp;
