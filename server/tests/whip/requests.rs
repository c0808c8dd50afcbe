//! Requests and answers of HTTP.

use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode, body::Bytes, header::HeaderMap};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::client::Server;

pub(crate) const SDP: &str = "application/sdp";
pub(crate) const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// One request, built up.
pub(crate) struct Ask {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Ask {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn post(path: impl Into<String>, sdp: impl Into<String>) -> Self {
        Self::new(Method::POST, path).header("content-type", SDP).body(sdp)
    }

    pub(crate) fn patch(path: impl Into<String>, fragment: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path).header("content-type", FRAGMENT).body(fragment)
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self, server: &Server) -> Answer {
        let address = server.running.http_address;
        let mut request = Request::builder().method(self.method).uri(self.path);
        request = request.header("host", address.to_string());
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::<Bytes>::new(self.body.into())).unwrap();
        let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        let connection = tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        connection.abort();
        let body = String::from_utf8(body.into()).unwrap();
        Answer { status: head.status, headers: head.headers, body }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }

    /// Holds an error to its status and code, and to the headers every answer has.
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()));
        assert_eq!(self.header("access-control-allow-origin"), "*");
    }
}
