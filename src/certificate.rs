//! What a certificate says of itself: whose it is, who vouches for it, until when. Whether that is to be believed is
//! decided by rustls.

use std::net::IpAddr;

use serde::Serialize;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::time::Time;

use crate::model::Millis;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A certificate, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// Host names and addresses it was made for.
    pub names: Vec<String>,
    pub not_before: Millis,
    pub not_after: Millis,
}

/// It is no certificate, or a damaged one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the certificate cannot be read ({0})")]
pub struct Unreadable(String);

impl Certificate {
    /// Reads a certificate in its binary form.
    pub fn read(der: &[u8]) -> Result<Certificate, Unreadable> {
        let read = x509_cert::Certificate::from_der(der).map_err(|error| Unreadable(error.to_string()))?;
        let facts = read.tbs_certificate();
        let names = match facts.get_extension::<SubjectAltName>() {
            Ok(Some((_, names))) => names.0.iter().filter_map(host).collect(),
            Ok(None) | Err(_) => Vec::new(),
        };
        let validity = facts.validity();
        Ok(Certificate {
            subject: called(facts.subject()),
            issuer: called(facts.issuer()),
            names,
            not_before: moment(validity.not_before),
            not_after: moment(validity.not_after),
        })
    }

    /// It vouches for itself.
    pub fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whole days for which it still holds; negative when it does not any more.
    pub fn days_left(&self, now: Millis) -> i64 {
        (self.not_after.0.saturating_sub(now.0)).div_euclid(DAY_MS)
    }

    /// Whether `now` lies between its two dates.
    pub fn holds(&self, now: Millis) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

/// The common name where there is one: the rest only repeats country and town.
fn called(name: &Name) -> String {
    match name.common_name() {
        Ok(Some(common)) => common.value().into_owned(),
        Ok(None) | Err(_) if name.is_empty() => "(no name)".to_owned(),
        Ok(None) | Err(_) => name.to_string(),
    }
}

fn host(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_owned()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

fn moment(time: Time) -> Millis {
    Millis(i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    fn made(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let names = [
            "portal.example".to_owned(),
            "10.0.0.5".to_owned(),
            "::1".to_owned(),
        ];
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 12, 31);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn names_and_dates_are_read() {
        let der = made(|params| {
            params.distinguished_name.push(DnType::CommonName, "Портал");
        });
        let read = Certificate::read(&der).unwrap();
        assert_eq!(
            (read.subject.as_str(), read.issuer.as_str()),
            ("Портал", "Портал")
        );
        assert!(read.is_self_signed());
        assert_eq!(read.names, ["portal.example", "10.0.0.5", "::1"]);
        assert_eq!(read.not_before.to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(read.not_after.to_string(), "2026-12-31T00:00:00Z");
        let at = |text: &str| Millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        for (moment, days, holds) in [
            ("2025-12-31T00:00:00Z", 365, false),
            ("2026-12-29T12:00:00Z", 1, true),
            ("2026-12-30T12:00:00Z", 0, true),
            ("2026-12-31T00:00:01Z", -1, false),
        ] {
            assert_eq!(
                (read.days_left(at(moment)), read.holds(at(moment))),
                (days, holds),
                "{moment}"
            );
        }
    }

    #[test]
    fn one_without_a_common_name_is_called_by_what_there_is() {
        let der = made(|params| {
            params.distinguished_name = rcgen::DistinguishedName::new();
            params
                .distinguished_name
                .push(DnType::OrganizationName, "Example Ltd");
        });
        assert_eq!(Certificate::read(&der).unwrap().subject, "O=Example Ltd");
        let der = made(|params| params.distinguished_name = rcgen::DistinguishedName::new());
        assert_eq!(Certificate::read(&der).unwrap().subject, "(no name)");
    }

    #[test]
    fn the_public_authorities_can_be_read() {
        for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            let read = Certificate::read(der).unwrap();
            assert!(read.is_self_signed() && !read.subject.is_empty(), "{read:?}");
        }
    }

    proptest! {
        #[test]
        fn damaged_ones_are_refused_or_read(at in 0usize..400, byte in any::<u8>()) {
            let mut der = webpki_root_certs::TLS_SERVER_ROOT_CERTS[0].to_vec();
            der[at] = byte;
            let _ = Certificate::read(&der);
        }
    }
}
