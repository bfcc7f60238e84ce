//! Encryption at the gate: certificate and key from files, read again when they change.
//!
//! Versions and suites are those that `rustls` has by default: TLS 1.2 and 1.3 with forward secrecy (RFC 9325 §3, §4).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where the certificate and its key are, in PEM (RFC 7468).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The certificate and those between it and the root, in this order.
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

/// Says why nothing can be encrypted with the files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("there is no certificate in `{}`: it needs a `BEGIN CERTIFICATE`", path.display())]
    NoCertificate { path: PathBuf },
    #[error("cannot read a certificate from `{}`", path.display())]
    Certificate {
        path: PathBuf,
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    #[error("cannot read a private key from `{}`", path.display())]
    Key {
        path: PathBuf,
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    #[error("the certificate in `{}` and the key in `{}` cannot be used together", cert.display(), key.display())]
    Pair {
        cert: PathBuf,
        key: PathBuf,
        #[source]
        source: rustls::Error,
    },
}

/// What connections are encrypted with now.
pub(super) struct Tls {
    current: ArcSwap<ServerConfig>,
    files: TlsFiles,
    is_asked_for: AtomicBool,
}

/// What is seen of files without reading them.
pub(super) type Stamp = [Option<(SystemTime, u64)>; 2];

impl Tls {
    /// Reads the files.
    pub(super) fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let config = read(&files)?;
        Ok(Self {
            current: ArcSwap::from_pointee(config),
            files,
            is_asked_for: AtomicBool::new(false),
        })
    }

    /// Has the files read again, whether they seem to have changed or not.
    pub(super) fn ask(&self) {
        self.is_asked_for.store(true, Ordering::Release);
    }

    /// Says whether somebody asked since this was called last.
    pub(super) fn is_asked_for(&self) -> bool {
        self.is_asked_for.swap(false, Ordering::AcqRel)
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    /// Reads the files again; what was read before stays when they cannot be used.
    pub(super) fn reload(&self) -> Result<(), TlsError> {
        self.current.store(Arc::new(read(&self.files)?));
        Ok(())
    }

    /// Returns what changes when the files do.
    pub(super) fn stamp(&self) -> Stamp {
        [&self.files.cert, &self.files.key].map(|path| {
            let metadata = fs_err::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
    }
}

fn read(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let pair = |source| TlsError::Pair {
        cert: files.cert.clone(),
        key: files.key.clone(),
        source,
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(certificates(&files.cert)?, key(&files.key)?)
        .map_err(pair)?;
    // The gate speaks nothing else (RFC 7301 §3.2).
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fault = |source| TlsError::Certificate {
        path: path.to_owned(),
        source,
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(fault)?
        .collect::<Result<_, _>>()
        .map_err(fault)?;
    if found.is_empty() {
        let path = path.to_owned();
        return Err(TlsError::NoCertificate { path });
    }
    Ok(found)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|source| TlsError::Key {
        path: path.to_owned(),
        source,
    })
}
