//! Secrets of an endpoint: kept out of errors, logs and recorded exchanges.

use std::fmt;

use reqwest::Url;

/// An API key, hidden in debug output and scrubbed from errors.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// The key without surrounding white space.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.trim().to_owned())
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(***)")
    }
}

/// The shortest text that is taken out: local servers get keys such as `none`, which are words. Chosen
/// by hand.
const SHORTEST: usize = 8;

/// Texts that no error and no record may show.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub fn add(&mut self, text: &str) {
        // The scheme of a header such as `Bearer` is no secret.
        let text = text.trim().rsplit(' ').next().unwrap_or_default();
        if text.len() >= SHORTEST && !self.0.iter().any(|known| known == text) {
            self.0.push(text.to_owned());
        }
    }

    /// Adds the values of an address's query whose names are those of secrets.
    pub fn add_query(&mut self, url: &Url) {
        for (name, value) in url.query_pairs() {
            if is_secret(&name) {
                self.add(&value);
            }
        }
    }

    pub fn are_in(&self, bytes: &[u8]) -> bool {
        let holds = |secret: &String| bytes.windows(secret.len()).any(|it| it == secret.as_bytes());
        self.0.iter().any(holds)
    }

    /// `text` without the secrets, which some servers repeat in errors.
    pub fn scrub(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secrets(***)")
    }
}

/// Whether the name of a header or a parameter is that of a secret.
pub(super) fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 9] =
        ["auth", "key", "token", "cookie", "secret", "passw", "credential", "bearer", "signature"];
    let name = name.to_ascii_lowercase();
    // Counts of tokens are no tokens, and the limits of requests are in such headers.
    !name.contains("ratelimit") && PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::{Secrets, is_secret};

    #[test]
    fn secrets_are_taken_out() {
        let mut secrets = Secrets::default();
        for text in ["Bearer sk-12345678", "none", "x-abcdefgh"] {
            secrets.add(text);
        }
        secrets.add_query(&"https://h/?api-key=k-87654321&api-version=2024-10-21".parse().unwrap());
        let text = "sk-12345678 Bearer none x-abcdefgh k-87654321 2024-10-21";
        assert_eq!(secrets.scrub(text), "*** Bearer none *** *** 2024-10-21");
        assert!(secrets.are_in(b"a sk-12345678") && !secrets.are_in(b"Bearer none"));
        assert_eq!(format!("{secrets:?}"), "Secrets(***)");
    }

    #[test]
    fn names_of_secrets() {
        for name in
            ["Authorization", "x-api-key", "X-Auth", "set-cookie", "cf-access-client-secret"]
        {
            assert!(is_secret(name), "{name}");
        }
        for name in ["content-type", "x-ratelimit-remaining-tokens", "openai-organization"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
