//! What is to be thought of the certificate that the portal shows.

use super::finding::Finding;
use crate::certificate::Certificate;
use crate::http::ENDS_SOON_DAYS;
use crate::model::Millis;
use crate::probe::{Distrust, Handshake};

pub fn judged(host: &str, handshake: &Handshake, has_ca: bool, now: Millis) -> Finding {
    const CHECK: &str = "TLS";
    let Some(own) = handshake.chain.first() else {
        return Finding::ok(
            CHECK,
            format!("{}, with a certificate that cannot be shown", handshake.version),
        );
    };
    let detail = format!("{}, {}", handshake.version, presented(&handshake.chain));
    let failed =
        |reason: &str, way_out: String| Finding::failed(CHECK, format!("{detail}: {reason}"), way_out);
    match &handshake.verdict {
        Ok(()) if own.days_left(now) < ENDS_SOON_DAYS => Finding::warning(
            CHECK,
            format!("{detail}: that is in {} days", own.days_left(now)),
            "renew the portal's certificate",
        ),
        Ok(()) => Finding::ok(CHECK, detail),
        Err(Distrust::Ended) => failed(
            "it has ended",
            "renew the portal's certificate, or set this machine's clock right".to_owned(),
        ),
        Err(Distrust::NotYet) => failed("it does not hold yet", "set this machine's clock right".to_owned()),
        Err(Distrust::UnknownAuthority) => failed("nobody known vouches for it", authority(&handshake.chain, has_ca)),
        Err(Distrust::OtherName) => failed(
            &format!("it was not made for {host} but for {}", made_for(own)),
            "connect the portal under a name that its certificate was made for; --portal-resolve gives that name an address"
                .to_owned(),
        ),
        Err(Distrust::IsAuthority) => failed(
            "it is an authority's own certificate",
            "make a certificate for the server, signed by it or by itself with basicConstraints=CA:FALSE, and name the authority with --portal-ca"
                .to_owned(),
        ),
        Err(Distrust::Other(reason)) => failed(reason, "put a sound certificate on the portal".to_owned()),
    }
}

/// How to make a private authority known.
fn authority(chain: &[Certificate], has_ca: bool) -> String {
    let issuer = chain.last().map_or("its issuer", |last| last.issuer.as_str());
    if has_ca {
        format!("the file of --portal-ca must hold the certificate of \"{issuer}\"")
    } else {
        format!(
            "save the certificate of \"{issuer}\" as PEM and name the file with --portal-ca; if it is a public authority, the portal does not send the certificates between"
        )
    }
}

/// Whose certificate the first one is, who vouches for it and who for him in turn, until when.
pub fn presented(chain: &[Certificate]) -> String {
    let Some(own) = chain.first() else {
        return "no certificate".to_owned();
    };
    let issuers: Vec<&str> = chain
        .iter()
        .map(|certificate| certificate.issuer.as_str())
        .collect();
    format!(
        "{} by {}, until {}",
        own.subject,
        issuers.join(" by "),
        own.not_after
    )
}

pub fn made_for(certificate: &Certificate) -> String {
    match certificate.names.as_slice() {
        [] => "no name at all".to_owned(),
        names => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    fn certificate(subject: &str, issuer: &str, names: &[&str], days: i64) -> Certificate {
        Certificate {
            subject: subject.to_owned(),
            issuer: issuer.to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            not_before: Millis(0),
            not_after: Millis(days * 86_400_000),
        }
    }

    #[test]
    fn every_verdict_has_its_way_out() {
        let judge = |verdict: Result<(), Distrust>, days: i64, has_ca: bool| {
            let handshake = Handshake {
                chain: vec![certificate(
                    "portal.example",
                    "Example CA",
                    &["portal.example"],
                    days,
                )],
                verdict,
                version: "TLS 1.3",
            };
            judged("b24.example", &handshake, has_ca, Millis(0))
        };
        assert_eq!(judge(Ok(()), 90, false).status, Status::Ok);
        assert_eq!(judge(Ok(()), 3, false).status, Status::Warning);
        for (verdict, has_ca, parts) in [
            (Distrust::Ended, false, ["has ended", "clock"]),
            (Distrust::NotYet, false, ["not hold yet", "clock"]),
            (
                Distrust::UnknownAuthority,
                false,
                ["nobody known", "\"Example CA\" as PEM"],
            ),
            (Distrust::UnknownAuthority, true, ["nobody known", "must hold"]),
            (
                Distrust::OtherName,
                false,
                [
                    "not made for b24.example but for portal.example",
                    "--portal-resolve",
                ],
            ),
            (Distrust::IsAuthority, false, ["authority's own", "CA:FALSE"]),
            (Distrust::Other("odd".to_owned()), false, ["odd", "sound"]),
        ] {
            let finding = judge(Err(verdict), 90, has_ca);
            assert_eq!(finding.status, Status::Failed);
            let text = format!("{} {}", finding.detail, finding.way_out.unwrap_or_default());
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        }
    }
}
