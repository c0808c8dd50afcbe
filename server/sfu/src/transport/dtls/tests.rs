//! An `rtc_dtls` client against [`DtlsServer`], in virtual time, over a wire that loses datagrams.
