//! TLS at the gateway's own door: a certificate and its key, read once at the start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Why a certificate or a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{}: {cause}", .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: rustls::pki_types::pem::Error,
    },
    #[error("{}: there is no certificate in it", .path.display())]
    Empty { path: PathBuf },
    #[error("the certificate and the key do not serve together: {0}")]
    Unusable(#[from] rustls::Error),
}

/// An acceptor from two PEM files: the certificate with its chain, and the key.
pub fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let unreadable = |path: &Path, cause| TlsError::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|cause| unreadable(certificate, cause))?;
    if chain.is_empty() {
        return Err(TlsError::Empty {
            path: certificate.to_owned(),
        });
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|cause| unreadable(key, cause))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_nothing_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = acceptor(file.path(), file.path()).err().unwrap();
        assert!(matches!(error, TlsError::Empty { .. }), "{error}");
        let error = acceptor(Path::new("/gone.pem"), file.path()).err().unwrap();
        assert!(error.to_string().starts_with("/gone.pem: "), "{error}");
    }
}
