//! TLS on a listener: a certificate and its key from PEM files, taken up anew when the files change.
//!
//! The files are looked at every few seconds instead of waiting for a signal: whoever renews certificates (certbot
//! replaces symbolic links, others rewrite or rename) need not know that we exist, and no hook can be forgotten. What
//! cannot be used is not taken up: the certificate before it stays.

use std::fmt;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::stopped;
use crate::certificate::Certificate;
use crate::model::Millis;

/// How often the files are looked at: two `stat` calls.
const LOOK: Duration = Duration::from_secs(2);
/// A certificate that ends within this was not renewed in time: authorities' programs renew a month before.
pub const ENDS_SOON_DAYS: i64 = 14;
/// How often that is said again.
const SAY_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a peer that was told so may take to hang up.
const PLAIN_LINGER: Duration = Duration::from_secs(2);
/// For a browser, or a person with curl, that speaks plain HTTP to a TLS port.
const PLAIN_HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 50\r\nConnection: close\r\n\r\nThis address speaks HTTPS: begin it with https://\n";

/// Where a listener's certificate lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and behind it those that vouch for it, as PEM.
    pub certificate: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
}

/// Why a certificate cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error("{file} cannot be read ({reason}); it must be readable for the user that runs the bridge")]
    File { file: PathBuf, reason: String },
    #[error(
        "{0} holds no certificate; it must hold the server's certificate as PEM (-----BEGIN CERTIFICATE-----), and behind it those that vouch for it"
    )]
    NoCertificate(PathBuf),
    #[error("{0} holds no private key that can be used; it must hold one as PEM, without a password")]
    NoKey(PathBuf),
    #[error("{file} is damaged ({reason}); put the file in place again")]
    Damaged { file: PathBuf, reason: String },
    #[error(
        "the key in {key} does not belong to the certificate in {certificate}; put the two in place that belong together"
    )]
    Mismatch { certificate: PathBuf, key: PathBuf },
    #[error("TLS cannot be set up ({0}); try another kind of key")]
    Refused(String),
}

/// A certificate as it lies in its files.
pub struct Loaded {
    /// The listener's own certificate.
    pub certificate: Certificate,
    /// People besides the owner and his group can read the key.
    pub key_is_open: bool,
    config: Arc<ServerConfig>,
}

impl TlsFiles {
    /// Reads both files and makes sure that they belong together.
    pub fn load(&self) -> Result<Loaded, TlsError> {
        let certificate = self.certificate.clone();
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| match unreadable(&self.certificate, error) {
                None => TlsError::NoCertificate(certificate.clone()),
                Some(error) => error,
            })?;
        let first = chain.first().ok_or(TlsError::NoCertificate(certificate))?;
        let read = Certificate::read(first).map_err(|error| TlsError::Damaged {
            file: self.certificate.clone(),
            reason: error.to_string(),
        })?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| {
            unreadable(&self.key, error).unwrap_or_else(|| TlsError::NoKey(self.key.clone()))
        })?;
        let pair =
            CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => TlsError::Mismatch {
                    certificate: self.certificate.clone(),
                    key: self.key.clone(),
                },
                // The certificate was read before, so it is the key that rustls cannot use.
                _ => TlsError::NoKey(self.key.clone()),
            })?;
        let open = std::fs::metadata(&self.key).is_ok_and(|meta| meta.permissions().mode() & 0o007 != 0);
        Ok(Loaded {
            certificate: read,
            key_is_open: open,
            config: Arc::new(config(pair).map_err(|error| TlsError::Refused(error.to_string()))?),
        })
    }

    /// Changes whenever one of the files does. `None` while one is missing.
    fn version(&self) -> Option<[FileVersion; 2]> {
        // Follows symbolic links: what counts is what they lead to.
        let of = |path: &Path| std::fs::metadata(path).ok().map(|meta| FileVersion::of(&meta));
        Some([of(&self.certificate)?, of(&self.key)?])
    }
}

/// `None`: the file is sound PEM in which nothing of the kind was found.
fn unreadable(file: &Path, error: pem::Error) -> Option<TlsError> {
    match error {
        pem::Error::NoItemsFound => None,
        pem::Error::Io(error) => Some(TlsError::File {
            file: file.to_owned(),
            reason: error.to_string(),
        }),
        // Never the line itself: it may be one of a key.
        pem::Error::MissingSectionEnd { .. } => Some(damaged(file, "its end is missing")),
        _ => Some(damaged(file, "it is no sound PEM")),
    }
}

fn damaged(file: &Path, reason: &str) -> TlsError {
    TlsError::Damaged {
        file: file.to_owned(),
        reason: reason.to_owned(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileVersion {
    place: (u64, u64),
    size: u64,
    changed: (i64, i64),
}

impl FileVersion {
    fn of(meta: &Metadata) -> FileVersion {
        FileVersion {
            place: (meta.dev(), meta.ino()),
            size: meta.size(),
            // The change time, too, moves when a file with an old date is put in place.
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

/// The TLS side of one listener.
pub struct Tls {
    files: TlsFiles,
    config: ArcSwap<ServerConfig>,
    seen: Mutex<Seen>,
}

struct Seen {
    /// Of the files as they were last read, whatever came of it.
    version: Option<[FileVersion; 2]>,
    certificate: Certificate,
    /// What was said last of files that cannot be used: once is enough.
    trouble: Option<TlsError>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files; refused when they cannot be used.
    pub fn open(files: TlsFiles) -> Result<Tls, TlsError> {
        // First the version: a change that comes while the files are read is then seen at the next look.
        let version = files.version();
        let loaded = files.load()?;
        say(&files, &loaded);
        Ok(Tls {
            config: ArcSwap::new(loaded.config),
            files,
            seen: Mutex::new(Seen {
                version,
                certificate: loaded.certificate,
                trouble: None,
            }),
        })
    }

    /// Looks after the files until `stop`.
    pub async fn watch(self: Arc<Tls>, mut stop: watch::Receiver<bool>) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks_until_said = SAY_AGAIN.as_secs() / LOOK.as_secs();
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return,
                _ = look.tick() => {}
            }
            let tls = Arc::clone(&self);
            // Files may lie on a slow disk, and reading a key is work.
            let _ = tokio::task::spawn_blocking(move || tls.take_up()).await;
            looks_until_said -= 1;
            if looks_until_said == 0 {
                looks_until_said = SAY_AGAIN.as_secs() / LOOK.as_secs();
                let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                say_end(&self.files, &seen.certificate);
            }
        }
    }

    /// Takes the files up if they changed and can be used. True when it did.
    fn take_up(&self) -> bool {
        let version = self.files.version();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Files that could not be used are tried again at every look: a last change within the file system's own grain
        // of time would not show.
        if version == seen.version && seen.trouble.is_none() {
            return false;
        }
        seen.version = version;
        match self.files.load() {
            Ok(loaded) => {
                self.config.store(Arc::clone(&loaded.config));
                tracing::info!(
                    certificate = %self.files.certificate.display(),
                    subject = loaded.certificate.subject,
                    until = %loaded.certificate.not_after,
                    "the certificate was taken up anew"
                );
                say(&self.files, &loaded);
                seen.certificate = loaded.certificate;
                seen.trouble = None;
                true
            }
            Err(error) => {
                if seen.trouble.as_ref() != Some(&error) {
                    tracing::warn!(%error, "a changed certificate cannot be used; the one before it stays");
                }
                seen.trouble = Some(error);
                false
            }
        }
    }

    /// The handshake of a new connection. An error has been answered as far as it can be.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let mut first = [0u8; 1];
        if stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase() {
            answer_plain(stream).await?;
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it spoke plain HTTP to a TLS listener",
            ));
        }
        TlsAcceptor::from(self.config.load_full()).accept(stream).await
    }
}

/// Tells whoever speaks plain HTTP what to do, and waits until he has hung up: a socket that is closed over unread
/// bytes takes the answer with it.
async fn answer_plain(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(PLAIN_HTTP).await?;
    stream.shutdown().await?;
    let mut waste = [0u8; 4 << 10];
    let rest = async { while stream.read(&mut waste).await.is_ok_and(|count| count > 0) {} };
    let _ = timeout(PLAIN_LINGER, rest).await;
    Ok(())
}

fn config(pair: CertifiedKey) -> Result<ServerConfig, rustls::Error> {
    let resolver = Arc::new(SingleCertAndKey::from(pair));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Warns of what does no harm yet.
fn say(files: &TlsFiles, loaded: &Loaded) {
    if loaded.key_is_open {
        tracing::warn!(key = %files.key.display(), "everybody on this machine can read the private key; run chmod 640 on it");
    }
    say_end(files, &loaded.certificate);
}

fn say_end(files: &TlsFiles, certificate: &Certificate) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    let (file, until) = (files.certificate.display(), certificate.not_after);
    if now > certificate.not_after {
        tracing::warn!(certificate = %file, %until, "the certificate has ended, browsers refuse it; renew it");
    } else if now < certificate.not_before {
        tracing::warn!(certificate = %file, from = %certificate.not_before, "the certificate does not hold yet; check this machine's clock");
    } else if certificate.days_left(now) < ENDS_SOON_DAYS {
        tracing::warn!(certificate = %file, %until, "the certificate ends soon; renew it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use std::fs::{self, Permissions};
    use std::os::unix::fs::symlink;

    /// Certificate and key as PEM.
    fn made(subject: &str) -> (String, String) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, subject);
        params.not_after = date_time_ymd(2999, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn files(dir: &Path) -> TlsFiles {
        TlsFiles {
            certificate: dir.join("fullchain.pem"),
            key: dir.join("privkey.pem"),
        }
    }

    fn put(files: &TlsFiles, (certificate, key): &(String, String)) {
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.key, key).unwrap();
    }

    fn subject(tls: &Tls) -> String {
        tls.seen.lock().unwrap().certificate.subject.clone()
    }

    #[test]
    fn files_that_cannot_be_used_are_named_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let files = files(dir.path());
        let (certificate, key) = made("a");
        let (_, other_key) = made("b");
        let half = &certificate[..certificate.len() / 2];
        let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let bad_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for (first, second, expected) in [
            ("", key.as_str(), "holds no certificate"),
            ("hello", &key, "holds no certificate"),
            (&key, &key, "holds no certificate"),
            (half, &key, "damaged"),
            (not_der, &key, "damaged"),
            (&certificate, "", "holds no private key"),
            (&certificate, &certificate, "holds no private key"),
            (&certificate, bad_key, "holds no private key"),
            (&certificate, &key[..key.len() / 2], "damaged"),
            (&certificate, &other_key, "does not belong to"),
        ] {
            put(&files, &(first.to_owned(), second.to_owned()));
            let error = files.load().err().expect(expected).to_string();
            assert!(error.contains(expected), "{expected}: {error}");
            let secret = second.lines().nth(1).unwrap_or("no second line");
            assert!(!error.contains(secret), "{error}");
        }
        fs::remove_file(&files.key).unwrap();
        let error = files.load().err().expect("no key").to_string();
        assert!(error.contains("privkey.pem cannot be read"), "{error}");
    }

    #[test]
    fn a_key_that_everybody_can_read_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let files = files(dir.path());
        put(&files, &made("a"));
        for (mode, open) in [(0o600, false), (0o640, false), (0o644, true)] {
            fs::set_permissions(&files.key, Permissions::from_mode(mode)).unwrap();
            assert_eq!(files.load().ok().unwrap().key_is_open, open, "{mode:o}");
        }
    }

    #[test]
    fn a_new_certificate_is_taken_up_and_a_half_written_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let files = files(dir.path());
        put(&files, &made("first"));
        let tls = Tls::open(files.clone()).unwrap();
        assert!(!tls.take_up(), "nothing changed");
        // The certificate is there already, its key is not yet.
        let (certificate, key) = made("second");
        fs::write(&files.certificate, &certificate).unwrap();
        assert!(!tls.take_up());
        assert_eq!(subject(&tls), "first");
        fs::write(&files.key, &key[..100]).unwrap();
        assert!(!tls.take_up());
        fs::remove_file(&files.key).unwrap();
        assert!(!tls.take_up());
        assert_eq!(subject(&tls), "first");
        fs::write(&files.key, &key).unwrap();
        assert!(tls.take_up());
        assert_eq!(subject(&tls), "second");
        assert!(!tls.take_up());
    }

    /// As certbot does it: `live/` holds links into `archive/`, and only they change.
    #[test]
    fn replaced_links_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let live = files(dir.path());
        for name in ["one", "two"] {
            let archive = dir.path().join(name);
            fs::create_dir(&archive).unwrap();
            put(&files(&archive), &made(name));
        }
        let point_to = |name: &str| {
            for link in [&live.certificate, &live.key] {
                let _ = fs::remove_file(link);
                symlink(dir.path().join(name).join(link.file_name().unwrap()), link).unwrap();
            }
        };
        point_to("one");
        let tls = Tls::open(live.clone()).unwrap();
        point_to("two");
        assert!(tls.take_up());
        assert_eq!(subject(&tls), "two");
    }

    #[test]
    fn what_a_plain_client_is_told_is_whole() {
        let text = std::str::from_utf8(PLAIN_HTTP).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("Content-Length: {}\r\n", body.len())),
            "{}",
            body.len()
        );
    }
}
