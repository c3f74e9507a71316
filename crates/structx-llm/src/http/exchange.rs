//! An exchange with a server as it was sent, for those who look into it.

use std::fmt;

/// One HTTP exchange, without secrets.
#[derive(Clone, PartialEq, Default)]
pub struct Exchange {
    pub url: String,
    /// Names in lower case; the values of secret ones are `***`.
    pub request_headers: Vec<(String, String)>,
    pub request_body: String,
    /// `None` if there was no response.
    pub status: Option<u16>,
    /// As `request_headers`.
    pub response_headers: Vec<(String, String)>,
    /// As the server sent it, decompressed; empty if there was no response.
    pub response_body: String,
    /// From sending until the end of the response, or the failure.
    pub seconds: f64,
}

impl fmt::Debug for Exchange {
    /// Omits the bodies, which quote the document.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Exchange({}, {:?})", self.url, self.status)
    }
}
