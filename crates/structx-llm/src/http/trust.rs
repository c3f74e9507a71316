//! The certificate authorities that the user trusts in place of the system's.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Certificate;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::{ConfigError, Result};

/// Certificates of authorities, and the setting that they come from.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Such as `ca_file`.
    pub source: String,
    pub certificates: Vec<Certificate>,
}

/// Variables that name a file or a folder, those of programs first: requests and curl read theirs,
/// OpenSSL the last two, which count together.
const BUNDLES: [&str; 2] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";

impl Trust {
    /// The authorities in `ca_file`, else those that the environment names; `None` for the system's.
    ///
    /// # Errors
    /// A file that can't be read, or has no certificate in PEM. The message names the setting.
    pub fn find(
        ca_file: Option<&Path>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>> {
        if let Some(path) = ca_file {
            return Self::of("ca_file", &[path.to_owned()]).map(Some);
        }
        let given = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
        for name in BUNDLES {
            if let Some(path) = given(name) {
                return Self::of(name, &[path.into()]).map(Some);
            }
        }
        let folders = given(FOLDERS).unwrap_or_default();
        let folders = std::env::split_paths(&folders).filter(|path| !path.as_os_str().is_empty());
        let paths: Vec<PathBuf> =
            given(FILE).map(PathBuf::from).into_iter().chain(folders).collect();
        let source = if given(FILE).is_some() { FILE } else { FOLDERS };
        if paths.is_empty() { Ok(None) } else { Self::of(source, &paths).map(Some) }
    }

    fn of(source: &str, paths: &[PathBuf]) -> Result<Self> {
        let mut found = HashSet::new();
        for path in paths {
            let problem =
                |problem: &str| ConfigError(format!("{source}: {}: {problem}", path.display()));
            let added = if path.is_dir() { of_folder(path) } else { of_file(path) };
            let added = added.map_err(|error| problem(&error.to_string()))?;
            if added.is_empty() {
                return Err(problem("has no certificate of an authority in PEM"));
            }
            found.extend(added);
        }
        let certificates = found.iter().map(|der| Certificate::from_der(der));
        let certificates = certificates.collect::<Result<_, _>>();
        let certificates = certificates
            .map_err(|error| ConfigError(format!("{source}: a certificate is damaged: {error}")))?;
        Ok(Self { source: source.to_owned(), certificates })
    }
}

type Authorities = Vec<CertificateDer<'static>>;

/// The certificates of a file, without those that TLS can't use.
fn of_file(path: &Path) -> std::io::Result<Authorities> {
    let bytes = fs::read(path)?;
    let usable =
        |der: &CertificateDer<'static>| rustls::RootCertStore::empty().add(der.clone()).is_ok();
    Ok(CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).filter(usable).collect())
}

/// The certificates of the files in a folder; other files may be there, too.
fn of_folder(path: &Path) -> std::io::Result<Authorities> {
    let files = fs::read_dir(path)?.filter_map(Result::ok).map(|entry| entry.path());
    Ok(files
        .filter(|path| path.is_file())
        .filter_map(|path| of_file(&path).ok())
        .flatten()
        .collect())
}
