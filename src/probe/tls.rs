//! A TLS handshake that shows what the other side presents, also when it is not to be trusted.
//!
//! The verdict is that of the same verifier with the same authorities as the portal's client has; but the handshake
//! goes on in any case, because what is behind it (the other side's clock, say) may explain the verdict. That is sound
//! only because nothing secret is sent over it.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned,
};

use crate::certificate::Certificate;

/// The authorities that are trusted.
#[derive(Debug, Clone)]
pub struct Roots(Arc<RootCertStore>);

impl Roots {
    /// The public ones, and those of a private network beside them, as the portal's client trusts them.
    pub fn new(ca_pem: Option<&[u8]>) -> Roots {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(
            webpki_root_certs::TLS_SERVER_ROOT_CERTS
                .iter()
                .map(|der| CertificateDer::from(der.as_ref())),
        );
        if let Some(pem) = ca_pem {
            // A file that cannot be read is refused elsewhere, with its reason.
            store.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok));
        }
        Roots(Arc::new(store))
    }
}

/// Why a certificate is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrust {
    Ended,
    NotYet,
    UnknownAuthority,
    OtherName,
    /// An authority's own certificate stands where a server's should.
    IsAuthority,
    Other(String),
}

/// What a handshake showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The server's own first.
    pub chain: Vec<Certificate>,
    pub verdict: Result<(), Distrust>,
    /// `TLS 1.3`
    pub version: &'static str,
}

/// A connection behind its handshake.
pub type Secured = StreamOwned<ClientConnection, TcpStream>;

/// Shakes hands with the other end of `stream`, which should be `host`.
pub fn shake(stream: TcpStream, host: &str, roots: &Roots) -> io::Result<(Secured, Handshake)> {
    let invalid = |error: rustls::Error| io::Error::new(ErrorKind::InvalidData, error);
    let provider = Arc::new(ring::default_provider());
    let real = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots.0), Arc::clone(&provider))
        .build()
        .map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
    let look = Arc::new(Look {
        real,
        seen: Mutex::default(),
    });
    let verifier: Arc<dyn ServerCertVerifier> = Arc::<Look>::clone(&look);
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(invalid)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let host = host.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host).map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(invalid)?;
    let mut secured = StreamOwned::new(connection, stream);
    while secured.conn.is_handshaking() {
        secured.conn.complete_io(&mut secured.sock)?;
    }
    let version = match secured.conn.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    };
    let seen = look.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (chain, verdict) = seen.unwrap_or((Vec::new(), Ok(())));
    let shown = Handshake {
        chain,
        verdict,
        version,
    };
    Ok((secured, shown))
}

type Shown = (Vec<Certificate>, Result<(), Distrust>);

/// Notes what is presented and what the real verifier says of it.
#[derive(Debug)]
struct Look {
    real: Arc<WebPkiServerVerifier>,
    seen: Mutex<Option<Shown>>,
}

impl ServerCertVerifier for Look {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict =
            self.real
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let chain = std::iter::once(end_entity)
            .chain(intermediates)
            .filter_map(|der| Certificate::read(der).ok())
            .collect();
        let shown = (chain, verdict.map(|_| ()).map_err(|error| distrust(&error)));
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.real.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.real.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.real.supported_verify_schemes()
    }
}

fn distrust(error: &rustls::Error) -> Distrust {
    use CertificateError as E;
    match error {
        rustls::Error::InvalidCertificate(error) => match error {
            E::Expired | E::ExpiredContext { .. } => Distrust::Ended,
            E::NotValidYet | E::NotValidYetContext { .. } => Distrust::NotYet,
            E::UnknownIssuer => Distrust::UnknownAuthority,
            E::NotValidForName | E::NotValidForNameContext { .. } => Distrust::OtherName,
            // rustls has no variant of its own for this one.
            E::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Distrust::IsAuthority,
            other => Distrust::Other(other.to_string()),
        },
        other => Distrust::Other(other.to_string()),
    }
}
